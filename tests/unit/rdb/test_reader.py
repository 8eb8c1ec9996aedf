"""Files, record by record: what is taken, passed over, or refused with its place."""

import struct

import pytest

from geostream.rdb.crc import crc64
from geostream.rdb.errors import BadRdb
from geostream.rdb.reader import RdbReader
from geostream.store.effects import ExpirySet, StreamRestored, StringSet
from tests.persistence.formats.golden_files import VECTORS

STREAM = b"\x15\x01s" + bytes(10)  # an empty one called s


def file(*records, magic=b"REDIS0012", ending=b"\xff"):
    body = magic + b"".join(records) + ending
    return body + struct.pack("<Q", crc64(body))


def read(data, **options):
    options.setdefault("now_ms", None)
    reader = RdbReader(data, **options)
    return list(reader), reader


def string(key, value=b"v"):
    return b"\0" + bytes((len(key),)) + key + bytes((len(value),)) + value


def refused(data, **options):
    with pytest.raises(BadRdb) as caught:
        read(data, **options)
    return caught.value


def test_the_smallest_file_is_empty():
    effects, reader = read(bytes.fromhex(VECTORS["smallest_valid_rdb"]))
    assert effects == []
    assert reader.offset == 18


def test_a_small_file_of_a_real_server():
    effects, reader = read(bytes.fromhex(VECTORS["small_rdb_7.0.15"]))
    assert isinstance(effects[0], StreamRestored)
    assert effects[1:] == [
        StringSet(0, b"k", b"12345", "set", True),
        ExpirySet(0, b"k", 4102444800000),
    ]
    assert reader.aux[b"redis-ver"] == b"7.0.15"
    assert reader.aux[b"redis-bits"] == b"64"


@pytest.mark.parametrize(
    ("magic", "message"),
    [
        (b"REDIS0016", "Can't handle RDB format version 16"),
        (b"REDIS0080", "Can't handle RDB format version 80"),
        (b"REDIS0000", "Can't handle RDB format version 0"),
        (b"VALKEY011", "Can't handle RDB format version 11"),
        (b"VALKEY081", "Can't handle RDB format version 81"),
        (b"REDIS00x1", "Wrong signature"),
        (b"VALKEY 80", "Wrong signature"),
        (b"SQLite fo", "Wrong signature"),
        (b"\0\0\0\0\0\0\0\0\0", "Wrong signature"),
    ],
)
def test_other_files_and_newer_versions_are_refused_in_redis_words(magic, message):
    error = refused(file(magic=magic))
    assert message in error.reason
    assert error.offset == 0


@pytest.mark.parametrize("magic", [b"REDIS%04d" % n for n in range(5, 16)] + [b"VALKEY080"])
def test_known_versions_are_read(magic):
    assert read(file(string(b"k"), magic=magic))[0] == [StringSet(0, b"k", b"v", "set", True)]


def test_versions_before_5_have_no_checksum():
    data = b"REDIS0004" + string(b"k") + b"\xff"
    effects, reader = read(data + b"more")
    assert len(effects) == 1
    assert reader.offset == len(data)


@pytest.mark.parametrize("magic", [b"REDIS0016", b"VALKEY081"])
def test_newer_versions_are_tried_on_request(magic):
    assert len(read(file(string(b"k"), magic=magic), relaxed=True)[0]) == 1
    error = refused(file(string(b"k"), b"\x63\x01k", magic=magic), relaxed=True)
    assert "99" in error.reason


def test_what_follows_the_checksum_is_somebody_elses():
    data = file(string(b"k"))
    effects, reader = read(b"before" + data + b"*1\r\n", start=6)
    assert len(effects) == 1
    assert reader.offset == 6 + len(data)


def test_keys_belong_to_the_database_selected_last():
    effects, _ = read(file(string(b"a"), b"\xfe\x05\xfb\x02\x00", string(b"a"), b"\xfe\0", STREAM))
    assert [(effect.db, effect.key) for effect in effects] == [(0, b"a"), (5, b"a"), (0, b"s")]
    error = refused(file(b"\xfe\x10", string(b"a")))
    assert "configured to handle more than 16 databases" in error.reason
    assert read(file(b"\xfe\x10", string(b"a")), databases=17)[0][0].db == 16


def test_a_key_twice_is_refused_also_after_another_database():
    twice = [string(b"a"), b"\xfe\x05", string(b"b"), b"\xfe\0", string(b"a")]
    assert "duplicated key, at or after key 'a'" in refused(file(*twice)).reason
    assert "duplicated" in refused(file(string(b"a"), b"\x02\x01a\x01\x01b")).reason


def test_per_key_records_come_in_any_order_and_only_for_one_key():
    records = b"\xf9\x07" + b"\xfc" + struct.pack("<q", 5000) + b"\xf8\x40\x50"
    effects, _ = read(file(records, string(b"a"), string(b"b")))
    assert effects == [
        StringSet(0, b"a", b"v", "set", True),
        ExpirySet(0, b"a", 5000),
        StringSet(0, b"b", b"v", "set", True),
    ]
    effects, _ = read(file(b"\xfd" + struct.pack("<i", 7), STREAM))
    assert effects[1] == ExpirySet(0, b"s", 7000)


def test_keys_whose_time_has_come_are_left_out_and_counted():
    records = b"\xfc" + struct.pack("<q", 5000)
    data = file(records, string(b"a"), string(b"b"), records, STREAM)
    effects, reader = read(data, now_ms=5001)
    assert [effect.key for effect in effects] == [b"b"]
    assert reader.keys_expired == 2
    effects, reader = read(data, now_ms=5000)
    assert [effect.key for effect in effects] == [b"a", b"a", b"b", b"s", b"s"]
    assert reader.keys_expired == 0


MODULE = b"\x81\x30\x16\xe5\xa2\x89\xbe\xf8\x04"  # MBbloom--, version 4
MODULE_DATA = b"\x01\x05\x02\x40\x64\x03abcd\x04abcdefgh\x05\x03xyz\0"

SHAPES = {
    1: ("list", b"\x02\x01a\xc0\x05"),
    2: ("set", b"\x01\x01a"),
    3: ("zset", b"\x04\x01a\x031.5\x01b\xfd\x01c\xfe\x01d\xff"),
    4: ("hash", b"\x01\x01a\x01b"),
    5: ("zset", b"\x01\x01a12345678"),
    7: ("module", MODULE + MODULE_DATA),
    9: ("hash", b"\x03abc"),
    10: ("list", b"\x03abc"),
    11: ("set", b"\x03abc"),
    12: ("zset", b"\xc3\x03\x05\x01ab"),
    13: ("hash", b"\x03abc"),
    14: ("list", b"\x02\x03abc\x01a"),
    16: ("hash", b"\x03abc"),
    17: ("zset", b"\x03abc"),
    18: ("list", b"\x02\x01\x03abc\x02\x01a"),
    20: ("set", b"\x03abc"),
    22: ("hash", b"\x01\x05\x01a\x01b"),
    23: ("hash", b"\x03abc"),
    24: ("hash", b"12345678\x01\x05\x01a\x01b"),
    25: ("hash", b"12345678\x03abc"),
    28: ("array", b"\x03\x01\x07\x00\x00\x01a\x01\x0112345678\x02\x03\x01b"),
    33: ("rate limiter", b"\x40\x64"),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_values_of_other_types_are_passed_over_exactly(kind):
    name, value = SHAPES[kind]
    effects, reader = read(file(bytes((kind,)) + b"\x03key" + value, string(b"k")))
    assert [effect.key for effect in effects] == [b"k"]
    assert reader.skipped == {name: 1}
    assert reader.skipped_keys == ["'key'"]
    for size in range(len(value)):
        cut = b"REDIS0012" + bytes((kind,)) + b"\x03key" + value[:size]
        with pytest.raises(BadRdb):
            read(cut)


def test_type_22_is_another_one_in_valkeys_files():
    value = b"\x16\x01h\x01\x01a\x01b12345678"
    _, reader = read(file(value, magic=b"VALKEY080"))
    assert reader.skipped == {"hash": 1}
    refused(file(value))


def test_record_243_is_another_one_in_valkeys_files():
    slots = b"\xf3\x03job\x02\x01\x02\x03\x04"
    meta = b"\xf3\x01spec" + MODULE_DATA
    assert len(read(file(slots, string(b"k"), magic=b"VALKEY080"))[0]) == 1
    assert len(read(file(meta, string(b"k")))[0]) == 1
    refused(file(slots, string(b"k")))


def test_functions_modules_and_slots_are_passed_over_and_counted():
    aux = b"\xf7" + MODULE + b"\x02\x02" + MODULE_DATA
    records = [b"\xf5\x03lib", aux, b"\xf4\x01\x02\x03", string(b"k"), b"\xf5\x03lib", aux]
    effects, reader = read(file(*records))
    assert len(effects) == 1
    assert (reader.functions, reader.module_aux) == (2, 2)


@pytest.mark.parametrize("kind", [6, 8, 19 + 11, 29, 31, 32, 34, 200, 233])
def test_a_type_that_cannot_be_passed_over_ends_the_reading(kind):
    data = file(string(b"before"), bytes((kind,)) + b"\x01k\x01v")
    error = refused(data)
    assert error.offset == data.index(bytes((kind,)) + b"\x01k")
    assert error.reason == f"Unknown RDB value type {kind}, at or after key 'before'"


@pytest.mark.parametrize("opcode", [234, 241, 242, 246])
def test_a_record_that_is_not_known_ends_the_reading(opcode):
    error = refused(file(bytes((opcode,)) + b"\x01k\x01v"))
    assert (error.offset, error.reason) == (9, f"Unknown RDB opcode {opcode}")


def test_a_missing_end_is_a_short_read():
    error = refused(b"REDIS0012" + string(b"k"))
    assert "Short read" in error.reason
    assert error.offset == 14
    for size in range(9):
        assert refused(b"REDIS0012"[:size]).offset <= size


def test_only_the_first_of_many_skipped_keys_are_named():
    records = [b"\x02\x02" + b"%02d" % number + b"\x01\x01a" for number in range(50)]
    _, reader = read(file(*records))
    assert reader.skipped == {"set": 50}
    assert len(reader.skipped_keys) == 20


def test_a_damaged_value_names_key_and_place():
    data = file(string(b"fine"), b"\x15\x03bad\x01\x0f" + bytes(40))
    error = refused(data)
    assert "key 'bad'" in error.reason
    assert error.offset == data.index(b"\x0f")
