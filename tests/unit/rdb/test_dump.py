"""DUMP payloads: those of real servers byte by byte, and bad ones."""

import struct

import pytest

from geostream.rdb.crc import crc64
from geostream.rdb.dump import dump_value, restore_value
from geostream.rdb.errors import BadValue, BadVersion, RdbError
from geostream.rdb.strings import i64_bytes, length_bytes, raw_id_bytes, string_bytes
from geostream.store.images import ConsumerImage, GroupImage, StreamImage, restore
from tests.persistence.formats.golden_files import VECTORS

SMALL = VECTORS["dump_small_stream"]


def sealed(body, version=11):
    """Return a payload with a footer that fits."""
    body += struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


@pytest.mark.parametrize("name", SMALL)
def test_the_annotated_payloads_of_all_servers_mean_the_same(name):
    image = restore_value(bytes.fromhex(SMALL[name]))
    assert isinstance(image, StreamImage)
    assert [(entry_id, bytes(wire)) for entry_id, wire in image.entries()] == [
        ((1000, 0), b"*2\r\n$6\r\n1000-0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$2\r\nxy\r\n"),
        ((1001, 0), b"*2\r\n$6\r\n1001-0\r\n*2\r\n$1\r\nc\r\n$2\r\n-1\r\n"),
    ]
    knows_counters = "redis-6" not in name
    assert image.last_id == (1001, 0)
    assert image.max_deleted_id == ((1000, 1) if knows_counters else (0, 0))
    assert image.entries_added == (3 if knows_counters else 2)
    (group,) = image.groups
    assert (group.name, group.last_id) == (b"g", (1000, 0))
    # unknown because of the deletion; without counters the first entry's place is estimated
    assert group.entries_read == (None if knows_counters else 1)
    (consumer,) = group.consumers
    assert consumer.name == b"c"
    assert consumer.active_ms == consumer.seen_ms
    held = group.pending[(1000, 0)]
    assert (held.consumer, held.time_ms, held.delivery_count) == (consumer, 1700000000000, 2)


def test_remembered_messages_are_read_and_written_as_the_server_did():
    payload = bytes.fromhex(VECTORS["dump_idmp_stream_redis-8.6.2"])
    image = restore_value(payload)
    assert image.idmp.producers == {b"p1": {b"req": (1795386964011, 0)}}
    assert (image.idmp.duration_s, image.idmp.max_size) == (100, 100)
    assert (image.idmp.iids_added, image.idmp.iids_duplicates) == (1, 0)
    assert dump_value(image, 13, compress=False) == payload


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (9, "000568656c6c6f0900b3808eba31b243bb"),
        (10, "000568656c6c6f0a006372df766534200a"),
        (11, "000568656c6c6f0b000aad620598abc983"),
    ],
)
def test_a_string_is_dumped_as_servers_do(version, payload):
    assert dump_value(b"hello", version).hex() == payload
    assert restore_value(bytes.fromhex(payload)) == b"hello"


def test_the_type_of_stream_goes_by_the_version():
    image = StreamImage()
    types = {version: dump_value(image, version)[0] for version in range(9, 15)}
    assert types == {9: 15, 10: 19, 11: 21, 12: 21, 13: 26, 14: 27}


def test_the_footer_is_looked_at_before_the_value():
    good = dump_value(b"hello")
    for payload in (b"", b"\0\0\0\0\0\0\0\0\0", good[:-1], good[:-1] + b"\0", b"\xff" + good[1:]):
        with pytest.raises(BadVersion):
            restore_value(payload)
    for version in (0, 15, 79, 81, 65535):
        with pytest.raises(BadVersion):
            restore_value(sealed(b"\0\x01a", version))
    for version in (1, 14, 80):
        assert restore_value(sealed(b"\0\x01a", version)) == b"a"


def test_a_checksum_of_zero_is_none():
    assert restore_value(dump_value(b"hello")[:-8] + bytes(8)) == b"hello"
    with pytest.raises(BadValue):
        restore_value(b"\0\x05hel" + b"\x0b\0" + bytes(8))


def test_what_stands_between_value_and_footer_does_no_harm():
    assert restore_value(sealed(b"\0\x01amore")) == b"a"


@pytest.mark.parametrize("kind", [1, 4, 6, 7, 8, 14, 18, 22, 29, 34, 200, 255])
def test_other_types_are_not_restored(kind):
    with pytest.raises(BadValue, match=str(kind)):
        restore_value(sealed(bytes((kind,)) + b"\x01\x01a\x01b"))


def test_what_modules_attached_to_a_key_is_passed_over():
    meta = b"\xf3\x01" + b"spec" + b"\x02\x05" + b"\x05\x03abc" + b"\0"
    assert restore_value(sealed(meta + b"\0\x01a", 13)) == b"a"
    with pytest.raises(BadValue):
        restore_value(sealed(meta + b"\0\x01a", 80))


def group(deliveries, consumers, released=None):
    """Return a stream without entries and one group, of type 27 if ``released`` is given."""
    parts = [b"\x15" if released is None else b"\x1b", bytes(9), b"\x01"]
    parts += [string_bytes(b"g", False), b"\x01\x01", length_bytes(2**64 - 1)]
    parts.append(length_bytes(len(deliveries)))
    parts += [raw_id_bytes((1, seq)) + i64_bytes(5) + b"\x03" for seq in deliveries]
    parts.append(length_bytes(len(consumers)))
    for name, owned in consumers:
        parts += [string_bytes(name, False), i64_bytes(7), i64_bytes(-1)]
        parts += [length_bytes(len(owned)), *(raw_id_bytes((1, seq)) for seq in owned)]
    if released is not None:
        parts += [length_bytes(len(released)), *(raw_id_bytes((1, seq)) for seq in released)]
        parts.append(bytes.fromhex("40644064000000"))
    return sealed(b"".join(parts), 14)


def test_pending_entries_belong_to_one_consumer_each_or_are_released():
    image = restore_value(group([1, 2], [(b"a", [2]), (b"b", [1])]))
    restored = restore(image).groups[b"g"]
    assert {name: list(c.pending) for name, c in restored.consumers.items()} == {
        b"a": [(1, 2)],
        b"b": [(1, 1)],
    }
    image = restore_value(group([1, 2, 3], [(b"a", [2])], [3, 1]))
    restored = restore(image).groups[b"g"]
    assert list(restored.released) == [(1, 3), (1, 1)]


@pytest.mark.parametrize(
    ("deliveries", "consumers", "released"),
    [
        ([1], [], None),  # nobody's, in a type that does not know that
        ([1, 2], [(b"a", [1])], None),
        ([1], [(b"a", [1, 2])], None),  # not in the group
        ([1], [(b"a", [1]), (b"b", [1])], None),  # two consumers
        ([1], [(b"a", [1, 1])], None),
        ([1, 1], [(b"a", [1])], None),
        ([], [(b"a", []), (b"a", [])], None),  # one name twice
        ([1], [(b"a", [1])], [1]),  # released and a consumer's
        ([1], [(b"a", [])], []),
        ([1], [(b"a", [1])], [2]),
    ],
)
def test_pending_entries_that_make_no_sense_are_refused(deliveries, consumers, released):
    with pytest.raises(BadValue):
        restore_value(group(deliveries, consumers, released))


EMPTY = b"\x15" + bytes(9)  # no nodes, length, IDs, entries added


@pytest.mark.parametrize(
    "value",
    [
        b"\x15\0\x01" + bytes(8),  # a length without entries
        b"\x15\x01\x0f" + bytes(30),  # a key of 15 bytes
        b"\x15\x81\xff\xff\xff\xff\xff\xff\xff\xff",  # a great many nodes
        EMPTY + b"\x02" + (b"\x01g\0\0\0\0\0") * 2,  # a group twice
        EMPTY + b"\x81\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x15" + bytes(8) + b"\x81\xff\xff\xff\xff\xff\xff\xff\xfe\0",  # counters too large
        EMPTY + b"\x01\x01g\0\0\x81\xff\xff\xff\xff\xff\xff\xff\xfe\0\0",
        b"\x1a" + bytes(10) + b"\x40\x64\x40\x64\x02" + b"\x01p\x01\x01i\0\0" * 2 + b"\0\0",
        b"\x1a" + bytes(10) + b"\x40\x64\x40\x64\x01\x01p\x02" + b"\x01i\0\0" * 2 + b"\0\0",
    ],
)
def test_streams_that_make_no_sense_are_refused(value):
    with pytest.raises(BadValue):
        restore_value(sealed(value, 13))


def test_nodes_out_of_order_are_sorted_and_none_may_come_twice():
    payload = bytes.fromhex(SMALL["redis-8.2.3"])
    node = payload[2:0x57]
    other = node[:1] + raw_id_bytes((5, 0)) + node[17:]
    rest = payload[0x58:-10]
    image = restore_value(sealed(payload[:1] + b"\x02" + node + other + b"\x04" + rest, 12))
    assert [entry_id[0] for entry_id, _ in image.entries()] == [5, 6, 1000, 1001]
    assert list(image.node_first_ids) == [(5, 0), (1000, 0)]
    with pytest.raises(BadValue, match="re-added"):
        restore_value(sealed(payload[:1] + b"\x02" + node + node + b"\x04" + rest, 12))


def test_a_last_id_below_the_entries_is_raised_to_them():
    payload = bytes.fromhex(SMALL["redis-8.2.3"])
    lowered = payload[:0x58] + b"\x40\x05" + payload[0x5A:-10]
    assert restore_value(sealed(lowered, 12)).last_id == (1001, 0)


def test_every_byte_cut_off_is_noticed():
    payload = bytes.fromhex(SMALL["redis-8.2.3"])
    for size in range(1, len(payload) - 10):
        with pytest.raises(RdbError):
            restore_value(sealed(payload[:size], 12))


def test_an_active_time_before_1970_means_never():
    consumer = ConsumerImage(b"c", 5, -5)
    image = StreamImage(groups=[GroupImage(b"g", (0, 0), None, [consumer])])
    restored = restore_value(dump_value(image, version=11))
    assert restored.groups[0].consumers == [ConsumerImage(b"c", 5, -1)]
