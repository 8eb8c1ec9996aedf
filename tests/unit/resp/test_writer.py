"""What the encoders copy, and what they refuse."""

from __future__ import annotations

import enum
from typing import NamedTuple

import pytest

from geostream.errors import CommandError
from geostream.reply import Block, Wire
from geostream.resp.writer import ENCODERS

both = pytest.mark.parametrize("encode", ENCODERS.values(), ids=["RESP2", "RESP3"])


@both
def test_the_pieces_of_a_wire_are_passed_on_as_they_are(encode) -> None:
    pieces = [b"$1\r\n", b"a", b"\r\n"]
    out: list[bytes] = []
    encode([Wire(pieces)], out)
    assert all(sent is piece for sent, piece in zip(out[1:], pieces, strict=True))


@both
def test_a_long_string_is_not_copied(encode) -> None:
    text = b"x" * 10_000
    out: list[bytes] = []
    encode([text], out)
    assert any(piece is text for piece in out)


@both
def test_replies_are_appended_to_what_is_there(encode) -> None:
    out = [b"+OK\r\n"]
    encode(1, out)
    encode(2, out)
    assert out == [b"+OK\r\n", b":1\r\n", b":2\r\n"]


@both
def test_a_kind_of_command_error_is_written_as_an_error(encode) -> None:
    class Special(CommandError):
        pass

    out: list[bytes] = []
    encode(Special(b"WRONGTYPE no"), out)
    assert out == [b"-WRONGTYPE no\r\n"]


class Named(NamedTuple):
    ms: int
    seq: int


class Number(enum.IntEnum):
    ONE = 1


@both
@pytest.mark.parametrize(
    "value",
    ["text", 1.5, Named(1, 2), Number.ONE, {1, 2}, bytearray(b"a"), Block([b"k"], 0), object()],
)
def test_anything_else_is_refused_by_its_name(encode, value) -> None:
    for reply in (value, [value], {b"k": value}):
        with pytest.raises(TypeError, match=type(value).__name__):
            encode(reply, [])
