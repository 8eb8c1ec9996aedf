"""Lengths, strings and the checksum, as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.rdb.crc import crc64
from geostream.rdb.errors import BadValue
from geostream.rdb.strings import Cursor, length_bytes, string_bytes
from tests.persistence.formats.golden_files import VECTORS


@pytest.mark.parametrize(("text", "checksum"), VECTORS["crc64"])
def test_the_checksum_is_redis_own(text, checksum):
    assert f"{crc64(text.encode()):016x}" == checksum


def test_a_checksum_can_be_gone_on_with():
    assert crc64(b"6789", crc64(b"12345")) == crc64(b"123456789")
    assert crc64(b"", 7) == 7


@pytest.mark.parametrize(("value", "stored"), VECTORS["length"])
def test_lengths_take_the_shortest_form(value, stored):
    assert length_bytes(int(value)).hex() == stored
    assert Cursor(bytes.fromhex(stored)).length() == int(value)


def test_longer_forms_of_a_length_are_read_too():
    assert Cursor(b"\x40\x05").length() == 5
    assert Cursor(b"\x80\0\0\0\x05").length() == 5
    assert Cursor(b"\x81\0\0\0\0\0\0\0\x05").length() == 5


@pytest.mark.parametrize(("text", "stored"), VECTORS["string_saved_uncompressed"])
def test_strings_are_stored_as_redis_stores_them(text, stored):
    assert string_bytes(text.encode("latin-1"), False).hex() == stored
    assert Cursor(bytes.fromhex(stored)).string() == text.encode("latin-1")


@given(st.one_of(st.binary(), st.integers().map(b"%d".__mod__)), st.booleans())
def test_any_string_comes_back(text, compressing):
    stored = string_bytes(text, compressing)
    cursor = Cursor(stored + b"more")
    assert cursor.string() == text
    assert cursor.at == len(stored)
    cursor.at = 0
    cursor.skip_string()
    assert cursor.at == len(stored)


DAMAGED = (
    " 05 0568 40 8000 81ff 82 bf c1 c2000000 c4 ff 8100000001 81ffffffffffffffff"
    " c3 c305 c30505aa c3012001"
)


@pytest.mark.parametrize("stored", DAMAGED.split(" "))
def test_a_string_that_is_cut_off_or_of_no_form_is_refused(stored):
    with pytest.raises(BadValue):
        Cursor(bytes.fromhex(stored)).string()


def test_nothing_behind_the_end_is_looked_at():
    assert Cursor(b"\x02abcd", 0, 3).string() == b"ab"
    with pytest.raises(BadValue) as caught:
        Cursor(b"\x04abcd", 0, 3).string()
    assert caught.value.offset == 1
