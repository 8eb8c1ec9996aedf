"""Values that are neither strings nor streams: passed over exactly, without being understood.

Nothing in RDB tells how long a value is, so each type's shape must be known. Types 22 and the
record 243 mean one thing in Redis' files and another in Valkey's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geostream.rdb.errors import BadValue
from geostream.rdb.strings import Cursor

HASH_WITH_TIMES: Final = 22  # in the two kinds of files not the same
_MODULE_END = 0
_SPECIAL_SCORES = 253  # nan, and the infinities, are one byte


def _one_string(cursor: Cursor) -> None:
    cursor.skip_string()


def _strings(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        cursor.skip_string()


def _pairs(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        cursor.skip_string()
        cursor.skip_string()


def _text_scores(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        cursor.skip_string()
        size = cursor.byte()
        if size < _SPECIAL_SCORES:
            cursor.skip(size)


def _binary_scores(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        cursor.skip_string()
        cursor.skip(8)


def _containers(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        at = cursor.at
        if cursor.length() not in (1, 2):
            raise BadValue(at, "a list's node is of no known kind")
        cursor.skip_string()


def _timed_pairs(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        cursor.length()
        cursor.skip_string()
        cursor.skip_string()


def _timed_pairs_from(cursor: Cursor) -> None:
    cursor.skip(8)
    _timed_pairs(cursor)


def _one_string_from(cursor: Cursor) -> None:
    cursor.skip(8)
    cursor.skip_string()


def _pairs_with_times(cursor: Cursor) -> None:
    for _ in range(cursor.length()):
        cursor.skip_string()
        cursor.skip_string()
        cursor.skip(8)


def _array(cursor: Cursor) -> None:
    count = cursor.length()
    if cursor.length() == 1:
        cursor.length()
    for _ in range(count):
        cursor.length()
        at = cursor.at
        tag = cursor.length()
        if tag in (0, 3):
            cursor.skip_string()
        elif tag in (1, 2):
            cursor.skip(8)
        else:
            raise BadValue(at, f"unknown tag {tag} in an array")


def _one_length(cursor: Cursor) -> None:
    cursor.length()


def _module(cursor: Cursor) -> None:
    cursor.length()
    skip_module_data(cursor)


def skip_module_data(cursor: Cursor) -> None:
    """Pass over what a module wrote, up to its end mark. Raises BadValue."""
    while True:
        at = cursor.at
        opcode = cursor.length()
        if opcode == _MODULE_END:
            return
        if opcode in (1, 2):
            cursor.length()
        elif opcode == 3:
            cursor.skip(4)
        elif opcode == 4:
            cursor.skip(8)
        elif opcode == 5:
            cursor.skip_string()
        else:
            raise BadValue(at, f"unknown opcode {opcode} in a module's data")


_SKIPPERS: Final[dict[int, tuple[str, Callable[[Cursor], None]]]] = {
    1: ("list", _strings),
    2: ("set", _strings),
    3: ("zset", _text_scores),
    4: ("hash", _pairs),
    5: ("zset", _binary_scores),
    7: ("module", _module),
    9: ("hash", _one_string),
    10: ("list", _one_string),
    11: ("set", _one_string),
    12: ("zset", _one_string),
    13: ("hash", _one_string),
    14: ("list", _strings),
    16: ("hash", _one_string),
    17: ("zset", _one_string),
    18: ("list", _containers),
    20: ("set", _one_string),
    HASH_WITH_TIMES: ("hash", _timed_pairs),
    23: ("hash", _one_string),
    24: ("hash", _timed_pairs_from),
    25: ("hash", _one_string_from),
    28: ("array", _array),
    33: ("rate limiter", _one_length),
}


def is_skippable(kind: int) -> bool:
    """Tell whether values of this type can be passed over."""
    return kind in _SKIPPERS


def skip_value(cursor: Cursor, kind: int, in_valkey: bool) -> str:
    """Pass over a value of a type that is skippable and return what clients call the type.

    Raises BadValue if it is not of its shape.
    """
    name, skipper = _SKIPPERS[kind]
    if kind == HASH_WITH_TIMES and in_valkey:
        skipper = _pairs_with_times
    skipper(cursor)
    return name
