"""Glob patterns; the cases were tried with KEYS on a real server."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.engine.glob import MAX_COMPILED_BYTES, _walk, glob_matches

CASES = [
    (b"", b"", True),
    (b"", b"a", False),
    (b"*", b"a", True),
    (b"**", b"a", True),
    (b"*", b"", False),
    (b"**", b"", False),
    (b"a**", b"a", True),
    (b"a*c*e", b"abcde", True),
    (b"a*c*e", b"abcd", False),
    (b"*ab", b"aab", True),
    (b"?", b"\n", True),
    (b"a*", b"a\nb", True),
    (b"?", b"", False),
    (b"[abc]", b"b", True),
    (b"[^abc]", b"b", False),
    (b"[a-c]", b"b", True),
    (b"[c-a]", b"b", True),
    (b"[a-", b"a", True),
    (b"[ab", b"b", True),
    (b"[", b"a", False),
    (b"[]", b"]", False),
    (b"[^]", b"x", True),
    (b"[]]", b"]", False),
    (b"[\\]]", b"]", True),
    (b"[-a]", b"-", True),
    (b"\\*", b"*", True),
    (b"\\*", b"a", False),
    (b"\\", b"\\", True),
    (b"\xff", b"\xff", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_a_pattern_matches_as_in_redis(pattern: bytes, text: bytes, expected: bool) -> None:
    assert glob_matches(pattern, text) is expected


@given(
    pattern=st.text(alphabet="aab*?[]^-\\", max_size=10),
    text=st.text(alphabet="ab]-\\", max_size=8),
)
def test_walking_a_pattern_comes_to_the_same_as_its_expression(pattern: str, text: str) -> None:
    assert _walk(pattern.encode(), text.encode()) is glob_matches(pattern.encode(), text.encode())


@pytest.mark.parametrize("stars", [20, MAX_COMPILED_BYTES])
def test_no_pattern_explodes(stars: int) -> None:
    started_s = time.process_time()
    assert not glob_matches(b"*a" * stars + b"b", b"a" * 2000)
    assert time.process_time() - started_s < 2
