"""The steps that are there twice are the same ones, and do what they say in Python.

That they do it in C too is seen where compiled modules are made of them: the tests of nodes,
listpacks, runs and additions pass with both.
"""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.store import octets

u64 = st.integers(0, 2**64 - 1)


@given(u64, u64)
def test_an_id_in_its_usual_form_is_two_numbers(ms: int, seq: int) -> None:
    text = b"%d-%d" % (ms, seq)
    usual = (ms, seq) if max(ms, seq) < 10**19 else None
    assert octets.id_text(ms, seq) == text
    assert octets.id_halves(text) == usual
    for unusual in (text + b" ", b"+" + text, b"(" + text, b"-", b"%d" % ms, b"%d-" % ms, b"-1"):
        assert octets.id_halves(unusual) is None


@given(st.integers(0, 10**20))
def test_a_number_is_small_or_none(value: int) -> None:
    assert octets.small_number(b"%d" % value) == (value if value < 10**18 else -1)
    for other in (b"0%d" % value, b"-%d" % value, b"%d " % value, b""):
        assert octets.small_number(other) == -1


@given(u64)
def test_numbers_are_written_and_read_as_text(value: int) -> None:
    out = bytearray(b"." * 30)
    end = octets.put_decimal(out, 3, value)
    assert out == b"..." + b"%d" % value + b"." * (30 - end)
    assert octets.decimal_size(value) == end - 3
    assert octets.digits_end(out, 3, 30) == end
    assert octets.digits_end(out, 3, 4) == 4
    assert octets.decimal(out, 3, end) == value


def test_where_no_digits_stand_there_is_no_number() -> None:
    assert octets.digits_end(b"ab", 1, 2) == 1
    assert octets.digits_end(b"12", 5, 2) == 5
    assert octets.decimal(b"ab", 1, 1) == 0


@pytest.mark.parametrize("size", range(1, 9))
def test_signed_integers_are_written_and_read(size: int) -> None:
    for value in (0, 1, -1, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1))):
        out = bytearray(b"." * 10)
        assert octets.put_little(out, 1, value, size) == size + 1
        assert out == b"." + value.to_bytes(size, "little", signed=True) + b"." * (9 - size)
        assert octets.little(out, 1, size) == value


@given(u64, st.integers(0, 2**32 - 1))
def test_items_of_arrays_are_written(large: int, small: int) -> None:
    out = bytearray(24)
    octets.put_u64(out, 2, large)
    assert array("Q", bytes(out)).tolist() == [0, 0, large]
    octets.put_u32(out, 1, small)
    assert array("I", bytes(out[:12])).tolist() == [0, small, 0]


@given(u64, u64)
def test_a_difference_leads_from_one_number_to_the_other(one: int, other: int) -> None:
    steps = octets.difference(one, other)
    assert -(2**63) <= steps < 2**63
    assert (other + steps) % 2**64 == one


def test_bytes_are_copied_and_compared() -> None:
    out = bytearray(b"......")
    assert octets.put(out, 1, b"abcdef", 2, 3) == 4
    assert out == b".cde.."
    assert octets.is_same(b"abcd", 1, b"xbc", 1, 2)
    assert not octets.is_same(b"abcd", 1, b"xbd", 1, 2)


@given(st.lists(st.sampled_from(b"ab"), max_size=40).map(bytes), st.data())
def test_how_much_is_the_same_is_counted(text: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    other = data.draw(st.integers(0, at))
    most = data.draw(st.integers(0, len(text) - at))
    same = octets.same_size(text, at, other, most)
    assert text[at : at + same] == text[other : other + same]
    assert same == most or text[at + same] != text[other + same]


def test_bytes_are_found_and_taken_out() -> None:
    assert octets.place_of(b"a*b*", 0, 4, 42) == 1
    assert octets.place_of(b"a*b*", 2, 4, 42) == 3
    assert octets.place_of(b"a*b*", 2, 3, 42) == 3
    assert octets.place_of(b"a*b*", 4, 4, 42) == 4
    assert octets.part(b"abcd", 1, 3) == b"bc"
    assert octets.part(b"abcd", 2, 2) == b""


def test_text_is_written_as_json_has_it() -> None:
    out = bytearray(40)
    end = octets.put_json(out, 1, b'.a"\\\n\r\t\x7f.', 1, 7)
    assert octets.text(out, 1, end) == 'a\\"\\\\\\n\\r\\t\x7f'
    assert octets.put_json(out, 1, b"a\x0bb", 0, 3) == -1
    assert octets.put_json(out, 1, b"a\x0bb", 2, 1) == 2


@given(st.integers(0, 2**31), st.binary(max_size=40))
def test_a_head_and_a_line_are_written_as_resp_has_them(number: int, text: bytes) -> None:
    out = bytearray(60)
    at = octets.put_head(out, 1, 36, number)
    assert out[1:at] == b"$%d\r\n" % number
    assert out[at : octets.put_line(out, at, text)] == text + b"\r\n"
