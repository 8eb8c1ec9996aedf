"""Replies out: what a handler returned to bytes, in RESP2 or RESP3.

An encoder takes a reply and a list, and appends pieces of bytes to the list; the
connection sends them. Nothing that is ready is copied: the pieces of a ``Wire``
and long strings go into the list as they are. ``ENCODERS`` has one encoder for
each version of the protocol.

The table of values and their forms is in geostream/reply.py. Types are compared
exactly, so a named tuple or an enumeration's member, which would go out as
something nobody meant, is refused like any other unknown type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from geostream.errors import CommandError
from geostream.reply import (
    NULL_ARRAY,
    BigNumber,
    Double,
    PairArrays,
    Pairs,
    Push,
    Reply,
    SetOf,
    Several,
    Simple,
    Verbatim,
    Wire,
)
from geostream.resp import steps

Encode = Callable[[Reply, list[bytes]], None]
Write = Callable[[Any, list[bytes], int], None]

#: Below this, headers are ready.
_SMALL = 1024
_ARRAY_HEADERS = [b"*%d\r\n" % length for length in range(_SMALL)]
_PAIR_HEADER = _ARRAY_HEADERS[2]
_INTEGERS = [b":%d\r\n" % number for number in range(_SMALL)]


def encode(reply: Reply, out: list[bytes], protocol: int) -> None:
    """Append a reply to ``out``, in the version of the protocol: 2 or 3.

    The frequent types are here, the others in a table.
    """
    kind = type(reply)
    if kind is Wire:
        wire = reply
        out += wire.pieces
    elif kind is bytes:
        length = len(reply)
        if length < _SMALL:  # many are joined: one piece each is less work
            out.append(steps.bulk(reply))
        else:
            out += (b"$%d\r\n" % length, reply, b"\r\n")
    elif kind is int:
        out.append(_INTEGERS[reply] if 0 <= reply < _SMALL else b":%d\r\n" % reply)
    elif kind is list or kind is tuple:
        length = len(reply)
        out.append(_ARRAY_HEADERS[length] if length < _SMALL else b"*%d\r\n" % length)
        for item in reply:
            encode(item, out, protocol)
    elif kind is Simple:
        out.append(steps.simple(reply.text))
    elif kind is PairArrays:
        _pair_arrays(reply, out, protocol)
    elif reply is None:
        out.append(b"$-1\r\n" if protocol == 2 else b"_\r\n")
    else:
        write = _FORMS[protocol].get(kind) or _form_of(reply)
        write(reply, out, protocol)


def _pair_arrays(reply: PairArrays, out: list[bytes], protocol: int) -> None:
    pairs = reply.items
    length = len(pairs)
    if protocol == 2:
        out.append(_ARRAY_HEADERS[length] if length < _SMALL else b"*%d\r\n" % length)
    else:
        out.append(b"%%%d\r\n" % length)
    for key, value in pairs:
        if protocol == 2:
            out.append(_PAIR_HEADER)
        encode(key, out, protocol)
        encode(value, out, protocol)


# The forms of the other types. Each takes the encoder it is called by, for what is inside.


def _form_of(reply: Reply) -> Write:
    """Return the form of a type that is in no table."""
    if isinstance(reply, CommandError):
        return _error
    raise TypeError(f"{type(reply).__name__} is not a reply")


def _error(reply: CommandError, out: list[bytes], _protocol: int) -> None:
    out.append(b"-%b\r\n" % reply.line)


def _several(reply: Several, out: list[bytes], protocol: int) -> None:
    for each in reply.replies:
        encode(each, out, protocol)


def _items(mark: bytes) -> Write:
    def write(reply: SetOf | Push, out: list[bytes], protocol: int) -> None:
        out.append(b"%b%d\r\n" % (mark, len(reply.items)))
        for item in reply.items:
            encode(item, out, protocol)

    return write


def _pairs(mark: bytes, elements: int) -> Write:
    """Keys and values in turn; a header counts ``elements`` for each pair."""

    def write(reply: Pairs | dict[Any, Any], out: list[bytes], protocol: int) -> None:
        pairs = reply.items() if isinstance(reply, dict) else reply.items
        out.append(b"%b%d\r\n" % (mark, len(pairs) * elements))
        for key, value in pairs:
            encode(key, out, protocol)
            encode(value, out, protocol)

    return write


# What only RESP2 does


def _marker2(reply: Reply, out: list[bytes], _protocol: int) -> None:
    if reply is NULL_ARRAY:
        out.append(b"*-1\r\n")


def _bool2(reply: bool, out: list[bytes], _protocol: int) -> None:
    out.append(b":1\r\n" if reply else b":0\r\n")


def _text2(reply: Verbatim | Double, out: list[bytes], protocol: int) -> None:
    encode(reply.text, out, protocol)


def _big_number2(reply: BigNumber, out: list[bytes], protocol: int) -> None:
    encode(b"%d" % reply.value, out, protocol)


# What only RESP3 does


def _marker3(reply: Reply, out: list[bytes], _protocol: int) -> None:
    if reply is NULL_ARRAY:
        out.append(b"_\r\n")


def _bool3(reply: bool, out: list[bytes], _protocol: int) -> None:
    out.append(b"#t\r\n" if reply else b"#f\r\n")


def _verbatim3(reply: Verbatim, out: list[bytes], _protocol: int) -> None:
    out.append(b"=%d\r\ntxt:%b\r\n" % (len(reply.text) + len(b"txt:"), reply.text))


def _double3(reply: Double, out: list[bytes], _protocol: int) -> None:
    out.append(b",%b\r\n" % reply.text)


def _big_number3(reply: BigNumber, out: list[bytes], _protocol: int) -> None:
    out.append(b"(%d\r\n" % reply.value)


_MARKER = type(NULL_ARRAY)  # of NO_REPLY too, for which nothing is written

_FORMS: dict[int, Mapping[type, Write]] = {
    2: {
        bool: _bool2,
        dict: _pairs(b"*", 2),
        Pairs: _pairs(b"*", 2),
        SetOf: _items(b"*"),
        Push: _items(b"*"),
        CommandError: _error,
        Verbatim: _text2,
        Double: _text2,
        BigNumber: _big_number2,
        Several: _several,
        _MARKER: _marker2,
    },
    3: {
        bool: _bool3,
        dict: _pairs(b"%", 1),
        Pairs: _pairs(b"%", 1),
        SetOf: _items(b"~"),
        Push: _items(b">"),
        CommandError: _error,
        Verbatim: _verbatim3,
        Double: _double3,
        BigNumber: _big_number3,
        Several: _several,
        _MARKER: _marker3,
    },
}


def _encode2(reply: Reply, out: list[bytes]) -> None:
    encode(reply, out, 2)


def _encode3(reply: Reply, out: list[bytes]) -> None:
    encode(reply, out, 3)


#: By version of the protocol.
ENCODERS: Mapping[int, Encode] = {2: _encode2, 3: _encode3}
