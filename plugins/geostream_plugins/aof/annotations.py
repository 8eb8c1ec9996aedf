"""Annotations: lines in an append-only file that real servers skip and geostream understands.

A line that begins with ``#`` where a command may start is a remark to Redis (7.0 and later)
and Valkey. geostream writes what no command of theirs can say::

    #geostream:ConsumerSeen 0 {"db":0,"key":"cw==","group":"Zw==","consumer":"Yw==", ...}
    #geostream:sum 321 1a2b3c4d

The first form is an effect as JSON, its bytes in base64. The number before it tells how many
of the commands that follow say the same to others, less exactly: geostream takes the effect
and skips the commands. So what a log means to geostream does not depend on how near a command
comes to it.

The second form closes a batch: the CRC-32 of so many bytes before the line. With it a file that
was damaged in the middle is found out, where a real server would take it for one whose end is
torn off, or not notice.

Redis reads such lines into a buffer of 1024 bytes. What is longer is cut into pieces, all but
the last on lines of their own that say ``more``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from geostream.rdb.dump import restore_value
from geostream.rdb.errors import RdbError
from geostream.store import effects as fx
from geostream.store.effects import Effect
from geostream.store.ids import StreamId
from geostream.store.images import StreamImage

PREFIX = b"#geostream:"
MAX_PIECE_BYTES = 960
SUMMED_BYTES = 5 * 2**10  # most that zlib adds up without letting other threads run
SUMMED_AT_ONCE_BYTES = 2**17
SUM_LINE = re.compile(rb"\n#geostream:sum [0-9]{1,19} [0-9a-f]{8}\r\n")

_MORE = b"more "
_SUM = re.compile(rb"sum ([0-9]{1,19}) ([0-9a-f]{8})").fullmatch
_EFFECT = re.compile(rb"([A-Za-z]{1,40}) ([0-9]{1,9}) (.*)", re.DOTALL).fullmatch
_UINT64_MAX = 2**64 - 1

#: The effects that are written this way, by name.
KINDS: dict[bytes, type[Effect]] = {
    kind.__name__.encode(): kind
    for kind in (
        fx.StreamCreated,
        fx.StringSet,
        fx.EntriesDeleted,
        fx.StreamIdSet,
        fx.GroupCreated,
        fx.GroupMoved,
        fx.ConsumerCreated,
        fx.ConsumerSeen,
        fx.Delivered,
        fx.Claimed,
        fx.Released,
        fx.IdmpConfigured,
        fx.IdmpRecorded,
        fx.IdmpDuplicate,
        fx.IdmpExpired,
    )
}


class _Delivered(msgspec.Struct):
    """What ``Delivered`` looks like in JSON."""

    db: int
    key: bytes
    group: bytes
    consumer: bytes
    ids: list[StreamId]
    time_ms: int
    entries_read: int | None
    noack: bool


#: Those that are not in the file as they are in memory, and what stands for them there.
_FORMS: dict[type[Effect], type[msgspec.Struct]] = {fx.Delivered: _Delivered}
_DECODERS: dict[bytes, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(_FORMS.get(kind, kind)) for name, kind in KINDS.items()
}


class BadAnnotation(Exception):
    """The line begins like one of ours and is none."""


class _Restored(msgspec.Struct, forbid_unknown_fields=True):
    """A stream given back as a whole: a DUMP payload, here or in the RESTORE that follows."""

    db: Annotated[int, msgspec.Meta(ge=0)]
    key: bytes
    payload: bytes | None = None


_RESTORED = b"StreamRestored"
_decode_restored = msgspec.json.Decoder(_Restored).decode


# Writing


def _lines(text: bytes) -> bytes:
    if len(text) <= MAX_PIECE_BYTES:
        return b"#geostream:%b\r\n" % text
    pieces = [
        text[start : start + MAX_PIECE_BYTES] for start in range(0, len(text), MAX_PIECE_BYTES)
    ]
    head = b"".join(b"#geostream:more %b\r\n" % piece for piece in pieces[:-1])
    return head + b"#geostream:%b\r\n" % pieces[-1]


def effect_lines(effect: Effect, replaces: int = 0) -> bytes:
    """Return an effect as a line, or several.

    replaces -- how many of the commands that follow say the same
    """
    name = type(effect).__name__.encode()
    form = _FORMS.get(type(effect))
    told = msgspec.convert(effect, form, from_attributes=True) if form is not None else effect
    return _lines(b"%b %d %b" % (name, replaces, msgspec.json.encode(told)))


def restored_lines(effect: fx.StreamRestored, replaces: int, payload: bytes | None = None) -> bytes:
    """Return lines that give a stream back; without a payload it stands in the next command."""
    restored = _Restored(effect.db, effect.key, payload)
    return _lines(b"%b %d %b" % (_RESTORED, replaces, msgspec.json.encode(restored)))


def sum_line(batch: bytes) -> bytes:
    """Return the line that closes a batch.

    For more than 5 KB zlib lets other threads run; to have its turn again takes longer than
    the sum of a batch of usual size.
    """
    summed, whole = 0, memoryview(batch)
    if len(batch) > SUMMED_AT_ONCE_BYTES:
        summed = zlib.crc32(batch)
    else:
        for at in range(0, len(batch), SUMMED_BYTES):
            summed = zlib.crc32(whole[at : at + SUMMED_BYTES], summed)
    return b"#geostream:sum %d %08x\r\n" % (len(batch), summed)


# Reading


class Held:
    """An effect read from its lines, waiting for the commands it stands for."""

    def __init__(self, effect: Effect | _Restored, replaces: int) -> None:
        self._effect = effect
        self.replaces = replaces  # commands to come
        self._command: Sequence[bytes] = ()

    def skip(self, command: Sequence[bytes]) -> None:
        """Take one of the commands."""
        self.replaces -= 1
        self._command = command

    def effect(self) -> Effect:
        """Return the effect, when all commands are there. Raises BadAnnotation."""
        restored = self._effect
        if not isinstance(restored, _Restored):
            return restored
        payload = restored.payload
        if payload is None:
            if len(self._command) < 4 or self._command[0] != b"RESTORE":
                raise BadAnnotation("the RESTORE that belongs to it is missing")
            payload = self._command[3]
        try:
            image = restore_value(payload)
        except RdbError as error:
            raise BadAnnotation(f"the stream cannot be read: {error}") from None
        if not isinstance(image, StreamImage):
            raise BadAnnotation("what is restored is no stream")
        return fx.StreamRestored(restored.db, restored.key, image)


class Annotations:
    """Reads the lines of one file, in their order."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []  # of one whose end was not read yet

    def read(self, line: bytes) -> Held | tuple[int, int] | None:
        """Take a line without its end, ``#`` included. Raises BadAnnotation.

        Returns an effect; or of a batch's end, the number of bytes and their sum; or None
        if there is nothing to do.
        """
        if not line.startswith(PREFIX):
            if self.pieces:
                raise BadAnnotation("the rest of a long annotation is missing")
            return None
        text = line[len(PREFIX) :]
        if text.startswith(_MORE):
            self.pieces.append(text[len(_MORE) :])
            return None
        if self.pieces:
            text = b"".join([*self.pieces, text])
            self.pieces.clear()
        closed = _SUM(text)
        if closed is not None:
            return int(closed[1]), int(closed[2], 16)
        return _read_effect(text)


def _read_effect(text: bytes) -> Held:
    found = _EFFECT(text)
    if found is None:
        raise BadAnnotation("no annotation of geostream's looks like this")
    name, replaces, body = found[1], int(found[2]), found[3]
    try:
        if name == _RESTORED:
            return Held(_decode_restored(body), replaces)
        if name not in _DECODERS:
            raise BadAnnotation(f"a newer geostream wrote this: {name.decode()}")
        told = _DECODERS[name].decode(body)
    except msgspec.DecodeError as error:
        raise BadAnnotation(f"{name.decode()}: {error}") from None
    _check_numbers(name, msgspec.json.decode(body))
    kind = KINDS[name]
    effect = kind(*msgspec.structs.astuple(told)) if kind in _FORMS else told
    return Held(effect, replaces)


def _check_numbers(name: bytes, value: Any, least: int = -1) -> None:
    """Raise BadAnnotation if a number in decoded JSON fits nowhere; those in lists are of IDs."""
    if isinstance(value, dict):
        for item in value.values():
            _check_numbers(name, item)
    elif isinstance(value, list):
        for item in value:
            _check_numbers(name, item, 0)
    elif isinstance(value, int) and not least <= value <= _UINT64_MAX:
        raise BadAnnotation(f"{name.decode()}: a number is out of range")
