"""Words and quotes of a line typed by hand."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from geostream.resp.inline import split_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b" \t ", []),
        (b"PING", [b"PING"]),
        (b"  SET\tkey  value ", [b"SET", b"key", b"value"]),
        (b"a\rb", [b"a", b"b"]),
        (b"a\x0bb \x0cc", [b"a\x0bb", b"c"]),
        (b"back\\n slash", [b"back\\n", b"slash"]),
        (b"\xff\x00", [b"\xff\x00"]),
        (b'""', [b""]),
        (b"''", [b""]),
        (b'"" ', [b""]),
        (b'SET "a key" "a\tvalue"', [b"SET", b"a key", b"a\tvalue"]),
        (b"SET 'a key' 'a\"value'", [b"SET", b"a key", b'a"value']),
        (b'"\\n\\r\\t\\b\\a\\\\\\""', [b'\n\r\t\b\a\\"']),
        (b'"\\q\\0"', [b"q0"]),
        (b'"\\x00\\xfF\\x41"', [b"\x00\xffA"]),
        (b'"\\x4"', [b"x4"]),
        (b'"\\xzz"', [b"xzz"]),
        (b'"\\\\x41"', [b"\\x41"]),
        (b"'\\n\\'\\\\ '", [b"\\n'\\\\ "]),
        (b'EC"HO" a', [b"ECHO", b"a"]),
        (b"EC'HO'", [b"ECHO"]),
        (b'"it\'s" \'a "b"\'', [b"it's", b'a "b"']),
        (b'"a"\x0b"b"', [b"a", b"b"]),
    ],
)
def test_a_line_is_split_into_words(line: bytes, words: list[bytes]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize(
    "line",
    [
        b'"',
        b"'",
        b'a "b',
        b"a 'b",
        b'"a"b',
        b"'a'b",
        b"'a''b'",
        b"\"a\"'b'",
        b'"a\\"',
        b"'a\\'",
        b"'a\\\\'",  # no escape but the quote's: the second backslash is its
        b'"a\\',
        b'a"b"c d',
        b"\"a' b",
    ],
)
def test_quotes_that_are_not_balanced_are_refused(line: bytes) -> None:
    assert split_words(line) is None


@given(st.lists(st.binary(), max_size=8))
def test_any_word_can_be_written_in_double_quotes(words: list[bytes]) -> None:
    line = b" ".join(b'"' + b"".join(b"\\x%02x" % byte for byte in word) + b'"' for word in words)
    assert split_words(line) == words


@given(st.binary(max_size=200))
def test_no_line_is_too_odd_to_be_split_or_refused(line: bytes) -> None:
    words = split_words(line)
    assert words is None or all(type(word) is bytes for word in words)


def test_a_long_line_takes_a_short_time() -> None:
    # a pattern that tries again from every quote would not come back
    assert split_words(b'"' + b"\\'" * 32_000) is None
    assert split_words(b"'" + b'\\"' * 32_000) is None
    assert split_words(b"'a' " * 16_000) == [b"a"] * 16_000
