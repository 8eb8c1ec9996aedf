"""Damaged files and payloads with checksums that fit: a clear error or a consistent stream."""

import random
import struct
import tracemalloc

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from geostream.rdb.crc import crc64
from geostream.rdb.dump import dump_value, restore_value
from geostream.rdb.errors import RdbError
from geostream.rdb.reader import RdbReader
from geostream.store import progress
from geostream.store.effects import Effect
from geostream.store.ids import MAX_ID, MIN_ID
from geostream.store.images import StreamImage, restore
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from tests.persistence.formats.golden_files import SERVERS, dumps, rdb
from tests.persistence.formats.stored import written

ROUNDS = 400


def resealed(body):
    return body + struct.pack("<Q", crc64(body))


def damaged(data, chance):
    """Return bytes with something flipped, cut, doubled or put in somewhere."""
    at = chance.randrange(len(data))
    size = chance.choice([1, 1, 1, 2, 4, 16, 200])
    match chance.randrange(5):
        case 0:
            return data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + size :]
        case 2:
            return data[: at + size] + data[at:]
        case 3:
            return data[:at] + chance.randbytes(size) + data[at + size :]
    return data[:at] + chance.choice([b"\xff", b"\x81" + b"\xff" * 8, b"\0"]) + data[at + 1 :]


def check_stream(stream):
    """Walk a stream in all ways there are; what it says of itself must agree."""
    everything = stream.select(MIN_ID, MAX_ID)
    ids = everything.ids()
    assert ids == sorted(set(ids))
    assert len(ids) == stream.length
    assert MIN_ID not in ids
    assert stream.last_id >= (ids[-1] if ids else MIN_ID)
    assert sum(node.live for node in stream.nodes.all) == stream.length
    for group in stream.groups.values():
        owned = [list(consumer.pending.from_id(MIN_ID)) for consumer in group.consumers.values()]
        listed = sorted(entry_id for ids in [*owned, group.released] for entry_id in ids)
        assert listed == list(group.pending.from_id(MIN_ID))
        assert sorted(entry_id for entry_id, _ in group.oldest_first()) == listed
        progress.lag(stream, group)


def try_file(data):
    try:
        effects: list[Effect] = list(RdbReader(data, now_ms=1000))
    except RdbError as error:
        assert str(error)
        return False
    keyspace = Keyspace()
    keyspace.replay(effects)
    for database in keyspace.databases:
        for value in database.values.values():
            if isinstance(value, Stream):
                check_stream(value)
    for version in (11, 14):
        again = RdbReader(written(keyspace, version=version), now_ms=None)
        assert [effect.key for effect in again] == [effect.key for effect in effects]
    return True


def try_payload(payload):
    try:
        value = restore_value(payload)
    except RdbError as error:
        assert str(error)
        return False
    if isinstance(value, StreamImage):
        check_stream(restore(value))
    return True


@pytest.mark.parametrize("server", SERVERS)
def test_damaged_files_are_refused_or_hold_consistent_streams(server):
    chance = random.Random(f"files of {server}")
    body = rdb(server)[:-8]
    accepted = sum(try_file(resealed(damaged(body, chance))) for _ in range(ROUNDS // 8))
    assert accepted < ROUNDS // 8


@pytest.mark.parametrize("server", SERVERS)
def test_damaged_payloads_are_refused_or_hold_consistent_streams(server):
    chance = random.Random(f"payloads of {server}")
    payloads = [payload for _, key, payload in dumps(server) if key.startswith("st:")]
    # Most of a packed listpack is noticed when it is unpacked, so some are not packed
    payloads += [
        dump_value(restore_value(payload), version, compress=False)
        for payload in payloads
        for version in (9, 11, 14)
    ]
    small = [payload[:-8] for payload in payloads if len(payload) < 2000]
    accepted = 0
    for _ in range(ROUNDS):
        body = chance.choice(small)
        footer = body[-2:]
        accepted += try_payload(resealed(damaged(body[:-2], chance) + footer))
    assert 0 < accepted < ROUNDS


@settings(max_examples=200)
@given(st.binary(max_size=80), st.sampled_from([15, 19, 21, 26, 27]))
def test_any_bytes_are_a_value_or_refused(body, kind):
    try_payload(resealed(bytes((kind,)) + body + b"\x0e\x00"))


@settings(max_examples=200)
@given(st.binary(max_size=80))
def test_any_records_are_a_file_or_refused(body):
    try_file(resealed(b"REDIS0011" + body + b"\xff"))


def test_a_small_payload_cannot_ask_for_much_memory():
    huge = b"\x81" + b"\xff" * 8
    packed = b"\xc3\x05\x80\x3f\xff\xff\xff" + b"\x00a\xe0\xff\x00"  # says it is 1 GiB
    node = b"\x10" + bytes(15) + b"\x01"
    bodies = [
        b"\x15" + huge,
        b"\x15\x01" + node + packed,
        b"\x15\x01" + node + huge,
        b"\x15" + bytes(9) + huge,
        b"\x15" + bytes(9) + b"\x01\x01g\0\0\0" + huge,
        b"\x15" + bytes(9) + b"\x01\x01g\0\0\0\0" + huge,
        b"\0" + packed,
        b"\0" + huge,
    ]
    tracemalloc.start()
    for body in bodies:
        assert not try_payload(resealed(body + b"\x0b\x00"))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 200_000
