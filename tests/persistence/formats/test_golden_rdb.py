"""Files that real servers wrote are understood in full."""

import pytest

from geostream.rdb.dump import dump_value, restore_value
from geostream.rdb.errors import BadRdb
from geostream.rdb.reader import RdbReader
from geostream.rdb.strings import Cursor
from geostream.store.effects import StreamRestored, StringSet
from geostream.store.images import StreamImage
from tests.persistence.formats.golden_files import (
    SERVERS,
    comparable,
    described,
    dumps,
    rdb,
)
from tests.support.engines import make_engine
from tests.support.told import as_far_as, asking, told_everything, told_key

pytestmark = pytest.mark.parametrize("server", SERVERS)


def loaded(data):
    reader = RdbReader(data, now_ms=1_000)
    bench = make_engine(now_ms=1_000)
    bench.engine.keyspace.replay(list(reader))
    return reader, bench


def test_streams_and_strings_are_what_the_server_told(server):
    reader, bench = loaded(rdb(server))
    expected = comparable(described(server)["state"])
    assert as_far_as(expected, told_everything(asking(bench))) == expected
    assert reader.offset == len(rdb(server))
    assert not reader.skipped


def test_other_types_are_passed_over_and_named(server):
    reader, bench = loaded(rdb(server, "mixed"))
    description = described(server, "mixed")
    expected = comparable(description["take"])
    assert as_far_as(expected, told_everything(asking(bench))) == expected
    kinds = [told["type"] for keys in description["skip"].values() for told in keys.values()]
    assert reader.skipped == {kind: kinds.count(kind) for kind in kinds}
    names = {repr(key) for keys in description["skip"].values() for key in keys}
    assert set(reader.skipped_keys) == names
    assert reader.functions == (0 if server == "redis-6.2.14" else 1)


def test_a_dump_restores_what_was_dumped(server):
    expected = comparable(described(server)["state"])
    bench = make_engine(now_ms=1_000)
    ask = asking(bench)
    for number, key, payload in dumps(server):
        value = restore_value(payload)
        name = key.encode("latin-1")
        if isinstance(value, StreamImage):
            effect = StreamRestored(int(number), name, value)
        else:
            effect = StringSet(int(number), name, value, "set", True)
        bench.engine.keyspace.replay([effect])
        ask("SELECT", number)
        told = expected[number][key]
        told.pop("expire_at_ms", None)
        assert as_far_as(told, told_key(ask, name)) == told


def nodes(payload):
    cursor = Cursor(payload, 1)
    return [(cursor.string(), cursor.string()) for _ in range(cursor.length())]


def test_nodes_without_deletions_are_written_byte_for_byte_as_servers_do(server):
    untouched = {"st:one", "st:same250", "st:mixed", "st:ints", "st:lens", "st:big", "st:seqwrap"}
    compared = set()
    for _, key, payload in dumps(server):
        if key in untouched:
            assert nodes(dump_value(restore_value(payload))) == nodes(payload)
            compared.add(key)
    assert compared == untouched


def test_a_file_cut_anywhere_is_refused(server):
    data = rdb(server)
    for size in [*range(60), *range(60, len(data), 97), *range(len(data) - 12, len(data))]:
        with pytest.raises(BadRdb):
            list(RdbReader(data[:size], now_ms=None))


def test_a_wrong_checksum_is_noticed_at_the_end(server):
    data = bytearray(rdb(server))
    data[-1] ^= 1
    with pytest.raises(BadRdb, match="Wrong RDB checksum"):
        list(RdbReader(bytes(data), now_ms=None))
    data[-8:] = bytes(8)
    assert list(RdbReader(bytes(data), now_ms=None))
