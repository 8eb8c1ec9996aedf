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

Nearly all entries are alike: alive, with the master's fields, short values, an ID a little behind
the last one. One loop takes those, without a call for each element, and most of an ID's text
from the entry before; it stops before whatever is different or wrong, which the thorough way
then takes or refuses.

Nothing is believed: counts, flags, lp-counts and the order of IDs are checked, and what the
entries take in wire form is bounded by what was stored (a node names its fields once, so a
small one could stand for a huge amount).
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from operator import add

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
from geostream.rdb.strings import Cursor
from geostream.store import octets
from geostream.store.ids import StreamId
from geostream.store.runs import EntryWriter, IdHeads, put_number
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment

_DELETED, _SAME_FIELDS = 1, 2
_MASK = 2**64 - 1
_FULL_ENTRIES = SEAL_ENTRIES
_FULL_BYTES = SEAL_BYTES

_SHORT = 64  # a text below this size has a head of one byte in a listpack
_SHORT_HEADS = bytearray(b"".join((b"$%d\r\n" % size).ljust(8) for size in range(_SHORT)))
_ID_BYTES = 80  # that an entry's head takes at most, with what stands around its last value
_MOST_ALIKE = 124  # fields: their number and three is told in one byte
_WORD_BYTES = 8 + _SHORT  # that a short text or a number takes at most in wire form

KEY_PREFIX = 16  # the length byte of a node's key
BAD_KEY = "Stream node key entry is not the size of a stream ID"

# How much wire there may be for what was stored. Field names told once in a node, and packed,
# make a stream of constant readings some hundred times larger.
GROWTH_FREE_BYTES = 64 * 2**20
GROWTH_FACTOR = 1024


class BadNode(ValueError):
    """A node that contradicts itself or the one before; the text says how."""


class NodeReader:
    """Takes nodes in order of their keys and makes segments of them.

    ``segments`` are complete after ``finish``; ``first_ids`` has the key of each node that has
    entries, ``length`` tells how many entries there are.
    """

    def __init__(self) -> None:
        """Begin a stream."""
        self.segments: list[Segment] = []
        self.first_ids: list[StreamId] = []
        self.length = 0
        self._last_ms = self._last_seq = 0  # of the last entry, deleted or not
        self._growth_bytes = GROWTH_FREE_BYTES
        self._writer = EntryWriter()
        self._ids = IdHeads()
        # Of the node that is being walked:
        self._key_ms = self._key_seq = 0
        self._at = 0  # where the next element begins
        self._end = 0  # of the elements
        self._elements = 0  # there were so far
        self._names: list[bytes] = []  # in wire form
        self._master = b""  # as they are stored, with their number
        self._fields = 0  # how many there are; 0 if they are none or too many to be alike
        self._most_bytes = 0  # that an entry like the others takes
        self._ms = self._seq = 0  # the ID of the entry that is taken
        # What has two names here is known to the compiler by its address too.
        self._heads_out = _SHORT_HEADS
        self._leads = self._leads_out = bytearray()  # what stands before each value, ID or not
        self._lead_ends = self._lead_ends_out = bytearray()  # as array("I")

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
            for number in range(count):
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
        before = self.length
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
        if self.length > before:
            self.first_ids.append((self._key_ms, self._key_seq))

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
                found += self._take_alike(data)
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
        self._names = names
        self._master = octets.part(data, start, self._at)
        self._fields = count if count <= _MOST_ALIKE else 0
        if self._fields:
            self._prepare(names)

    def _prepare(self, names: list[bytes]) -> None:
        """Put together what stands between the values of entries with these names."""
        begins = [b"\r\n*%d\r\n" % (2 * len(names))] + [b"\r\n"] * (len(names) - 1)
        leads = list(map(add, begins, names))
        ends = array("I", accumulate(map(len, leads)))
        self._leads = self._leads_out = bytearray(b"".join(leads) + bytes(32))
        self._lead_ends = self._lead_ends_out = bytearray(ends.tobytes())
        self._most_bytes = _ID_BYTES + len(self._leads) + len(names) * _WORD_BYTES

    def _take_alike(self, data: bytes) -> int:
        """Take entries up to one that is not like most, or that is wrong; return how many."""
        writer = self._writer
        out, place, count = writer.out, writer.size_bytes, writer.count
        limit = min(_FULL_BYTES, writer.room - self._most_bytes)
        end, behind = self._end, self._at
        while count < _FULL_ENTRIES and place < limit:
            if not self._take_alike_id(data):
                break
            stop = self._put_values(data, out, self._ids.put(out, place, self._ms, self._seq))
            at = self._at
            if end - at < 2 or data[at] != self._fields + 3 or data[at + 1] != 1:
                break
            self._at = behind = at + 2
            place = octets.put(out, stop, b"\r\n", 0, 2)
            octets.put_u64(writer.ms_out, count, self._ms)
            octets.put_u64(writer.seq_out, count, self._seq)
            octets.put_u32(writer.ends_out, count, place)
            self._last_ms, self._last_seq = self._ms, self._seq
            count += 1
        self._at = behind
        return self._note_alike(count, place)

    def _take_alike_id(self, data: bytes) -> bool:
        """Take the ID of the next entry; False if it is not like most."""
        at, end = self._at, self._end
        if end - at < 8 or data[at] != _SAME_FIELDS or data[at + 1] != 1:
            return False
        step = (
            at + 4 if data[at + 2] < 0x80 and data[at + 3] == 1 else element_end(data, at + 2, end)
        )
        if end - step < 2 or is_text(data, at + 2):
            return False
        is_small = data[step] < 0x80 and data[step + 1] == 1
        self._at = step + 2 if is_small else element_end(data, step, end)
        if is_text(data, step):
            return False
        ms = self._key_ms + integer(data, at + 2) & _MASK
        seq = self._key_seq + (data[step] if is_small else integer(data, step)) & _MASK
        self._ms, self._seq = ms, seq
        return ms >= 10_000 and (
            ms > self._last_ms or (ms == self._last_ms and seq > self._last_seq)
        )

    def _put_values(self, data: bytes, out: bytearray, place: int) -> int:
        """Take the values of an entry with the master's fields; return the place behind.

        The reading stands at the end of the node afterwards if one was not short.
        """
        at, end = self._at, self._end
        start = 0
        for number in range(self._fields):
            size = octets.u32_at(self._lead_ends_out, number) - start
            if size <= 32:
                octets.put_32(out, place, self._leads_out, start)
            else:
                octets.put(out, place, self._leads_out, start, size)
            start += size
            place += size
            size = data[at] - 0x80 if at < end else _SHORT
            if 0 <= size < _SHORT and at + size + 1 < end and data[at + size + 1] == size + 1:
                octets.put(out, place, self._heads_out, 8 * size, 8)
                place += 4 if size < 10 else 5
                if end - at > 64:  # there is so much behind, whatever it is
                    octets.put_32(out, place, data, at + 1)
                    octets.put_32(out, place + 32, data, at + 33)
                    place += size
                else:
                    place = octets.put(out, place, data, at + 1, size)
                at += size + 2
            elif at < end and not is_text(data, at):
                begin, at = at, element_end(data, at, end)
                place = put_number(out, place, integer(data, begin))
            else:
                at = end
        self._at = at
        return place

    def _note_alike(self, count: int, place: int) -> int:
        writer = self._writer
        taken = count - writer.count
        self.length += taken
        self._elements += taken * (self._fields + 4)
        self._growth_bytes -= place - writer.size_bytes
        if self._growth_bytes < 0:
            raise BadNode("stands for far more than is stored")
        writer.count, writer.size_bytes = count, place
        if writer.is_full():
            self._seal()
        return taken

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
        if self._growth_bytes < 0:
            raise BadNode("stands for far more than is stored")
        if writer.is_full():
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
