"""What a handler may return: plain Python values and the few types below.

========================  =========================  ======================
value                     RESP2                      RESP3
========================  =========================  ======================
``bytes``                 bulk string                the same
``int``                   integer                    the same
``bool``                  integer 1 or 0             boolean
``None``                  null bulk string           null
``NULL_ARRAY``            null array                 null
``list``, ``tuple``       array                      the same
``dict``                  flat array                 map
``Pairs``                 flat array                 map, keys may repeat
``PairArrays``            array of 2-element arrays  map, keys may repeat
``SetOf``                 array                      set
``Push``                  array                      push
``Simple``                simple string              the same
``Verbatim``              bulk string                verbatim string, txt
``Double``                bulk string                double
``BigNumber``             bulk string                big number
``CommandError``          error                      the same
``Wire``                  the pieces, as they are    the same
``Several``               its replies, one by one    the same
``NO_REPLY``              nothing at all             the same
========================  =========================  ======================

A ``Wire`` holds bytes that are ready to be sent and are the same in both
protocols; entries are kept in that form, so a range is sent without being
taken apart (see geostream/store/segment.py). It may stand anywhere a value may,
also inside lists and pairs. Where it is very long, a ``Later`` among its pieces
stands for some that are made when the socket is ready to take them.

``Block`` is no reply but the wish to wait; see geostream/engine/waiters.py.
This module imports nothing of ours.

The types that every read makes are plain classes and not dataclasses: compiled, they are
structs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, final

from msgspec import Struct

#: Anything the writer can turn into bytes. Checked where it is written, not by the type checker.
Reply = Any


class _Marker:
    """A value that is only ever compared with ``is``."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NULL_ARRAY: Final = _Marker("NULL_ARRAY")
NO_REPLY: Final = _Marker("NO_REPLY")


@final
class Later:
    """Bytes of known number that are made while they are sent, once, a piece at a time.

    What makes them must not depend on anything that changes.
    """

    __slots__ = ("_pieces", "_size_bytes")

    def __init__(self, size_bytes: int, pieces: Iterator[bytes | bytearray | memoryview]) -> None:
        self._size_bytes = size_bytes  # of all pieces together
        self._pieces = pieces

    def __len__(self) -> int:
        return self._size_bytes

    def next_piece(self) -> bytes | bytearray | memoryview | None:
        """Make a piece; None: that was all."""
        return next(self._pieces, None)


class Wire:
    """Ready bytes: the pieces are sent one after the other."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: Sequence[bytes | bytearray | memoryview | Later]) -> None:
        self.pieces = pieces

    def __eq__(self, other: object) -> bool:
        return type(other) is Wire and self.pieces == other.pieces

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Wire({self.pieces!r})"


def wire_of(pieces: list[bytes | bytearray | memoryview]) -> Wire:
    """Return a ``Wire``. Compiled, this costs a third of calling the class."""
    wire = Wire.__new__(Wire)
    wire.pieces = pieces
    return wire


@final
class Simple(Struct):
    """A simple string such as ``+OK``. Without CR and LF."""

    text: bytes


@final
class Verbatim(Struct):
    """Text for people: INFO, CLIENT LIST."""

    text: bytes


@final
class Double(Struct):
    """A floating point number, already written as Redis would write it."""

    text: bytes


@final
class BigNumber(Struct):
    """An integer beyond 64 bits."""

    value: int


@final
class Pairs(Struct):
    """A map in its order; unlike a dict it may name a key twice."""

    items: Sequence[tuple[Reply, Reply]]


class PairArrays:
    """XREAD's shape: RESP2 sends every pair as an array of its own."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[tuple[Reply, Reply]]) -> None:
        self.items = items

    def __eq__(self, other: object) -> bool:
        return type(other) is PairArrays and self.items == other.items

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PairArrays({self.items!r})"


@final
class SetOf(Struct):
    """A set, in the order given."""

    items: Sequence[Reply]


@final
class Push(Struct):
    """Sent without having been asked for, or out of turn: pub/sub."""

    items: Sequence[Reply]


@final
class Several(Struct):
    """Several replies to one request, in order: SUBSCRIBE a b c."""

    replies: Sequence[Reply]


OK: Final = Wire((b"+OK\r\n",))
QUEUED: Final = Wire((b"+QUEUED\r\n",))


@final
class Block(Struct):
    """The handler found nothing and wants to be run again when a key changes.

    keys         -- what it waits for, in the selected database
    timeout_ms   -- how long, from the first call; 0 is for ever
    needs_keys   -- True if a key that goes away must wake it too (XREADGROUP)
    recheck_ms   -- Unix time at which to look again even if nothing happens, or None
    again        -- the parsed request to run again, ``$`` replaced; None: the same
    line         -- names a line: while the first of it would not be served for a key, nor would
                    the others, so they need not be run again; None: this one always must be
    on_timeout   -- the reply when time is up
    """

    keys: Sequence[bytes]
    timeout_ms: int
    needs_keys: bool = False
    recheck_ms: int | None = None
    again: Any = None
    line: bytes | None = None
    on_timeout: Reply = NULL_ARRAY
