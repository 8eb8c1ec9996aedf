"""The step of the writer, in Python; in C it is seen through the writer."""

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
