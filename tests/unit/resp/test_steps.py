"""The steps of reader and writer, in Python; in C they are seen through those."""

from __future__ import annotations

import pytest

from geostream.resp import steps
from geostream.resp.writer import ENCODERS


@pytest.mark.parametrize("size", [0, 1, 9, 10, 99, 100, 999, 1000, 1023, 1024])
def test_a_string_has_its_length_before_it(size: int) -> None:
    text = b"x" * size
    out: list[bytes] = []
    ENCODERS[2](text, out)
    assert b"".join(out) == b"$%d\r\n%b\r\n" % (size, text)
    if size < 1024:
        assert steps.bulk(text) == b"".join(out)


def test_a_word_is_at_its_place_only() -> None:
    assert steps.is_at(b"one two", 4, b"two")
    assert not steps.is_at(b"one two", 3, b"two")
    assert steps.is_at(b"one", 1, b"")


def test_a_word_takes_the_place_of_another() -> None:
    words = [b"a", b"b", b"c"]
    steps.set_word(words, 1, b"d")
    assert words == [b"a", b"d", b"c"]
