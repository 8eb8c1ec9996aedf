"""Nodes of a stream, read: listpacks of about a hundred entries become segments.

A node is a listpack that begins with a master entry, which counts the entries and names the
fields of the first one; then come the entries, deleted ones among them::

    count deleted n field-1 ... field-n 0
    flags ms-delta seq-delta value-1 ... value-n lp-count               the master's fields
    flags ms-delta seq-delta n field-1 value-1 ... value-n lp-count     its own

IDs are kept as differences to the node's key, each half for itself and modulo 2^64.

A node is walked once, element by element, and each entry is written in wire form as it is met
(store/runs.py); names that all entries share are put into wire form once a node. Whatever is
enough becomes a segment, wherever the nodes end. See store/octets.py for why it is done in
small steps.

Nearly all entries and nodes are alike, and taken by a shorter way (alike.py, stored.py), which
stops before whatever is different or wrong. Here is the thorough way, which then takes or refuses
that.

Nothing is believed: counts, flags, lp-counts and the order of IDs are checked, and what the
entries take in wire form is bounded by what was stored (a node names its fields once, so a
small one could stand for a huge amount).
"""

from __future__ import annotations

from geostream.rdb.alike import GROWTH_FACTOR
from geostream.rdb.errors import BadValue
from geostream.rdb.listpack import (
    HEADER_BYTES,
    UNCOUNTED,
    BadListpack,
    check_frame,
    element_end,
    integer,
    is_text,
    text_size,
    text_start,
)
from geostream.rdb.stored import StoredReader
from geostream.rdb.strings import Cursor
from geostream.store import octets
from geostream.store.ids import StreamId

_DELETED, _SAME_FIELDS = 1, 2
_MASK = 2**64 - 1

KEY_PREFIX = 16  # the length byte of a node's key
BAD_KEY = "Stream node key entry is not the size of a stream ID"


class BadNode(ValueError):
    """A node that contradicts itself or the one before; the text says how."""


class NodeReader(StoredReader):
    """Takes nodes in order of their keys and makes segments, complete after ``finish``."""

    @property
    def last_id(self) -> StreamId:
        """The ID of the last entry, deleted or not; 0-0 if there was none."""
        return (self._last_ms, self._last_seq)

    def add_stored(self, cursor: Cursor, count: int) -> bool:
        """Take so many nodes from where they are stored, as long as their keys ascend.

        Return whether that was all. Raises BadValue, of a bad node too. O(bytes).
        """
        at = cursor.at
        try:
            number = 0
            while number < count:
                taken = self._take_stored(cursor, count - number) if number else 0
                number += taken
                if taken:
                    continue
                if cursor.byte() != KEY_PREFIX:
                    raise BadValue(cursor.at - 1, BAD_KEY)
                key = cursor.raw(2 * 8)
                at = cursor.at
                ms, seq = octets.big(key, 0), octets.big(key, 8)
                if number and (ms < self._key_ms or (ms == self._key_ms and seq <= self._key_seq)):
                    return False
                self._key_ms, self._key_seq = ms, seq
                blob = cursor.string()
                self._add(blob, cursor.at - at)
                number += 1
        except BadNode as error:
            raise BadValue(at, str(error)) from None
        return True

    def add(self, key: StreamId, blob: bytes, stored_bytes: int) -> None:
        """Take a node. Raises BadNode. O(bytes).

        stored_bytes -- of the node, which may be packed
        """
        self._key_ms, self._key_seq = key
        self._add(blob, stored_bytes)

    def _add(self, blob: bytes, stored_bytes: int) -> None:
        length = self.length
        self._growth_bytes += GROWTH_FACTOR * stored_bytes
        try:
            announced = check_frame(blob)
            self._at, self._end, self._elements = HEADER_BYTES, len(blob) - 1, 0
            if self._at == self._end:
                raise BadNode("Empty listpack inside stream")
            self._walk(blob)
            if announced not in (self._elements, UNCOUNTED):
                raise BadListpack("a listpack's number of elements or its last one is wrong")
        except BadListpack as error:
            raise BadNode(f"Stream listpack integrity check failed: {error}") from None
        except OverflowError as error:
            raise BadNode(str(error)) from None
        live = self.length - length
        if live:
            numbers = (self._key_ms, self._key_seq, self._last_ms, self._last_seq, live, len(blob))
            self._nodes.extend(numbers)

    def finish(self) -> None:
        """Make a segment of what is left."""
        if self._writer.count:
            self._seal()

    def _seal(self) -> None:
        self.segments.append(self._writer.take().segment())

    def _walk(self, data: bytes) -> None:
        """Take the master entry, then the others."""
        live, deleted = self._counter(data), self._counter(data)
        size = len(self._master)
        if 0 < size < self._end - self._at and octets.is_same(
            data, self._at, self._master, 0, size
        ):
            self._at += size  # the fields are those of the node before, as most often
            self._elements += len(self._names) + 1
        else:
            self._read_names(data)
        if self._number(data) != 0:
            raise BadNode("no zero behind a node's fields")
        live_found = self.length
        found = 0
        while self._at < self._end:
            found += 1
            self._read_entry(data, found == 1)
            if self._fields:
                found += self._take_alike(self._writer, self._ids, data)
                self._look_at_room()
        live_found = self.length - live_found
        if live_found != live or found - live_found != deleted:
            raise BadNode("a node's counters and its entries disagree")

    def _read_names(self, data: bytes) -> None:
        start = self._at
        count = self._counter(data)
        if count > self._end:
            raise BadNode("more fields than a node has elements")
        names = []
        for _ in range(count):
            at = self._step(data)
            if is_text(data, at):
                text = octets.part(
                    data, text_start(data, at), text_start(data, at) + text_size(data, at)
                )
            else:
                text = b"%d" % integer(data, at)
            names.append(b"$%d\r\n%b\r\n" % (len(text), text))
        self._note_names(names, octets.part(data, start, self._at))

    def _read_entry(self, data: bytes, is_first: bool) -> None:
        flags = self._number(data)
        if flags < 0 or flags > _DELETED | _SAME_FIELDS:
            raise BadNode("an entry's flags are wrong")
        ms = self._key_ms + self._number(data) & _MASK
        seq = self._key_seq + self._number(data) & _MASK
        self._check_order(ms, seq, is_first)
        pairs = len(self._names)
        if not flags & _SAME_FIELDS:
            pairs = self._counter(data)
            if pairs > self._end:
                raise BadNode("more fields than a node has elements")
        if flags & _DELETED:
            for _ in range(pairs if flags & _SAME_FIELDS else 2 * pairs):
                self._step(data)
        else:
            self._write_entry(data, ms, seq, pairs, flags & _SAME_FIELDS)
        if self._number(data) != (pairs + 3 if flags & _SAME_FIELDS else 2 * pairs + 4):
            raise BadNode("an entry's lp-count is wrong")

    def _write_entry(self, data: bytes, ms: int, seq: int, pairs: int, same: int) -> None:
        writer = self._writer
        writer.head(ms, seq, 2 * pairs)
        if same:
            for name in self._names:
                writer.raw(name, 0, len(name))
                self._write_word(data)
        else:
            for _ in range(2 * pairs):
                self._write_word(data)
        self.length += 1
        self._growth_bytes -= writer.close()
        self._look_at_room()

    def _look_at_room(self) -> None:
        if self._growth_bytes < 0:
            raise BadNode("stands for far more than is stored")
        if self._writer.is_full():
            self._seal()

    def _write_word(self, data: bytes) -> None:
        at = self._at
        size = data[at] - 0x80 if at < self._end else -1
        if 0 <= size < 64 and at + size + 1 < self._end and data[at + size + 1] == size + 1:
            self._at = at + size + 2  # short text
            self._elements += 1
            self._writer.word(data, at + 1, size)
        else:
            at = self._step(data)
            if is_text(data, at):
                self._writer.word(data, text_start(data, at), text_size(data, at))
            else:
                self._writer.number(integer(data, at))

    def _check_order(self, ms: int, seq: int, is_first: bool) -> None:
        """See that the IDs ascend, and remember the last one."""
        if ms < self._last_ms or (ms == self._last_ms and seq <= self._last_seq):
            raise BadNode("entry IDs do not ascend")
        if is_first and (ms < self._key_ms or (ms == self._key_ms and seq < self._key_seq)):
            raise BadNode("entry IDs do not ascend from node to node")
        self._last_ms, self._last_seq = ms, seq

    # Elements

    def _step(self, data: bytes) -> int:
        """Return where the next element begins; all of it is there."""
        at = self._at
        if at >= self._end:
            raise BadNode("a node has fewer elements than it says")
        self._at = element_end(data, at, self._end)
        self._elements += 1
        return at

    def _number(self, data: bytes) -> int:
        at = self._at
        if at + 1 < self._end and data[at] < 0x80 and data[at + 1] == 1:
            self._at = at + 2
            self._elements += 1
            return data[at]
        at = self._step(data)
        if is_text(data, at):
            raise BadNode("text where a node has a number")
        return integer(data, at)

    def _counter(self, data: bytes) -> int:
        value = self._number(data)
        if value < 0:
            raise BadNode("a counter in a node is below zero")
        return value
