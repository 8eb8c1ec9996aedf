"""What is stored for people to read, beside the exact bytes that the server reads.

Names and values are bytes. What is valid UTF-8 is shown as it is, unless it has a NUL, where
SQLite would end it. In names other bytes are shown as ``\\xff``; other values become
``{"$base64": "..."}`` in JSON, as sqlite-utils and datasette write them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

#: Entries with more bytes than this have no JSON: SQLite holds 1 GB in a row, and a control
#: character takes six bytes in JSON.
LARGEST_SHOWN_BYTES = 16 * 2**20

_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_decode = bytes.decode


def readable(name: bytes) -> str:
    """Return a name as text. Different names may look the same."""
    return name.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def text_or_bytes(content: bytes) -> str | bytes:
    """Return what SQLite is to hold: text where it is text, so that people can read it."""
    if b"\0" in content:
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def shape_of(names: Sequence[bytes]) -> tuple[str, ...] | None:
    """Return the names of an entry's fields as text; None if that is not all there is to it."""
    texts = tuple(text for text in map(text_or_bytes, names) if isinstance(text, str))
    return texts if len(set(texts)) == len(names) else None


def fields_json(
    fields: list[bytes], shape: tuple[str, ...] | None, wire: bytes
) -> tuple[str | None, str | None]:
    """Return JSON of an entry's fields: an object, and an array of pairs if it says less.

    fields -- field, value, field, value, ...
    shape  -- ``shape_of`` the fields, which many entries have in common
    wire   -- the entry

    The object has the last value of a field. The array is there if a field is repeated or a
    field's name is not text. Both are None for a very large entry.
    """
    if len(wire) > LARGEST_SHOWN_BYTES:
        return None, None
    if shape is not None and b"\0" not in wire:
        try:
            shown = dict(zip(shape, map(_decode, fields[1::2])))  # noqa: B905  a third of its time
            return _encode(shown).decode(), None
        except UnicodeDecodeError:
            pass  # the other way can show that
    names, values = list(map(_as_json, fields[::2])), list(map(_as_json, fields[1::2]))
    last = dict(zip(map(readable, fields[::2]), values, strict=True))
    pairs = None
    if shape is None:
        pairs = _encode(list(zip(names, values, strict=True))).decode()
    return _encode(last).decode(), pairs


def objects_json(
    fields: list[list[bytes]], shapes: Sequence[tuple[str, ...] | None], wires: list[bytes]
) -> list[str] | None:
    """Return the objects of many entries at once, or None if some are not so simple.

    One decoding for all values, and one encoding for all objects, which no newline is in.
    """
    if None in shapes or max(map(len, wires)) > LARGEST_SHOWN_BYTES:
        return None
    values = list(chain.from_iterable([words[1::2] for words in fields]))
    try:
        texts = b"\0".join(values).decode().split("\0")
    except UnicodeDecodeError:
        return None
    if len(texts) != len(values):  # there was a NUL
        return None
    value = iter(texts)
    # Each takes as many values as it has names: zip asks for a name first.
    objects = [dict(zip(shape, value)) for shape in shapes]  # type: ignore[arg-type]  # noqa: B905
    return _encode_lines(objects).decode().split("\n")[:-1]


def _as_json(word: bytes) -> Any:
    text = text_or_bytes(word)
    return text if isinstance(text, str) else {"$base64": b64encode(text).decode()}
