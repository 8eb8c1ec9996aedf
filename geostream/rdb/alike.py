"""Nodes of a stream like most others: read many at a time, while others have the interpreter.

Nearly all entries are alike: alive, with the master's fields, short values, an ID a little behind
the last one. One loop takes those, without a call for each element, and most of an ID's text
from the entry before; it stops before whatever is different or wrong, which the thorough way
(node_reader.py) then takes or refuses.

Nodes made of nothing else are taken one after the other where they lie in the file. No object is
touched by that, so the interpreter's lock is given away meanwhile: what else a server has to do
when it starts goes on beside. A node with anything else in it is put back whole.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from operator import add

from geostream.rdb import lock
from geostream.rdb.listpack import (
    HEADER_BYTES,
    MAX_BYTES,
    UNCOUNTED,
    end_of,
    integer,
    is_text,
)
from geostream.rdb.strings import Cursor
from geostream.store import octets
from geostream.store.ids import StreamId
from geostream.store.runs import SHELF_BYTES, EntryWriter, IdHeads, put_number
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment

_SAME_FIELDS = 2
_MASK = 2**64 - 1
_FULL_ENTRIES = SEAL_ENTRIES
_FULL_BYTES = SEAL_BYTES
_SHELF_BYTES = SHELF_BYTES
_HEADER_BYTES, _MAX_BYTES, _UNCOUNTED = HEADER_BYTES, MAX_BYTES, UNCOUNTED

_SHORT = 64  # a text below this size has a head of one byte in a listpack
_SHORT_HEADS = bytearray(b"".join((b"$%d\r\n" % size).ljust(8) for size in range(_SHORT)))
_ID_BYTES = 80  # that an entry's head takes at most, with what stands around its last value
_MOST_ALIKE = 124  # fields: their number and three is told in one byte
_WORD_BYTES = 8 + _SHORT  # that a short text or a number takes at most in wire form

_MOST_SHELVES = 32  # segments that are read without the interpreter
_NODES_PER_SEGMENT = 8  # about, or fewer
_MOST_NODES = 32 * 2**10  # taken at a time
_KEY_PREFIX = 16  # the length byte of a node's key
_KEY_BYTES = 17

# How much wire there may be for what was stored. Field names told once in a node, and packed,
# make a stream of constant readings some hundred times larger.
GROWTH_FREE_BYTES = 64 * 2**20
GROWTH_FACTOR = _GROWTH_FACTOR = 1024


class AlikeReader:
    """What is read of one stream; ``NodeReader`` reads the rest of it.

    ``segments`` are complete when everything was read and sealed; ``first_ids`` has the key of
    each node that has entries, ``length`` tells how many entries there are.
    """

    def __init__(self, nodes: int = 1) -> None:
        """Begin a stream of about so many nodes."""
        shelves = min(_MOST_SHELVES, 1 + nodes // _NODES_PER_SEGMENT)
        self.segments: list[Segment] = []
        self.first_ids: list[StreamId] = []
        self.length = 0
        self._last_ms = self._last_seq = 0  # of the last entry, deleted or not
        self._growth_bytes = GROWTH_FREE_BYTES
        self._writer = EntryWriter(shelves)
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
        self._master_out = b""
        self._master_bytes = 0
        self._leads = self._leads_out = bytearray()  # what stands before each value, ID or not
        self._lead_ends = self._lead_ends_out = bytearray()  # as array("I")
        # Of the nodes that are taken at a time:
        self._place = 0  # behind the last of them
        self._keys = self._keys_out = bytearray(16 * min(nodes, _MOST_NODES))

    def _note_names(self, names: list[bytes], master: bytes) -> None:
        """Go by these field names from now on.

        names  -- in wire form
        master -- as they are stored, with their number
        """
        self._names = names
        self._master = self._master_out = master
        self._master_bytes = len(master)
        self._fields = len(names) if len(names) <= _MOST_ALIKE else 0
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

    # Nodes

    def _take_stored(self, cursor: Cursor, most: int) -> int:
        """Take nodes like the one before, ``most`` at the utmost; return how many."""
        if not self._fields:
            return 0
        most = min(most, len(self._keys) // 16)
        data = lock.start_of(cursor.data)
        self._place = cursor.at
        given = lock.give_away()
        taken = self._take_nodes(self._writer, self._ids, data, cursor.end, most)
        lock.take(given)
        cursor.at = self._place
        self.segments += [run.segment() for run in self._writer.take_full()]
        keys = array("Q", self._keys[: 16 * taken])
        self.first_ids += zip(keys[::2], keys[1::2], strict=True)
        return taken

    def _take_nodes(
        self, writer: EntryWriter, ids: IdHeads, data: bytes, end: int, most: int
    ) -> int:
        taken = 0
        while taken < most:
            at = self._place
            size = self._stored_size(data, at, end)
            if size < 0:
                break
            ms, seq = octets.big(data, at + 1), octets.big(data, at + 9)
            if ms < self._key_ms or (ms == self._key_ms and seq <= self._key_seq):
                break
            shelf, count, size_bytes = writer.shelf, writer.count, writer.size_bytes
            last_ms, last_seq, length = self._last_ms, self._last_seq, self.length
            key_ms, key_seq, growth_bytes = self._key_ms, self._key_seq, self._growth_bytes
            self._key_ms, self._key_seq = ms, seq
            if not self._take_node(writer, ids, data, self._at, size):
                writer.go_to(shelf, count, size_bytes)
                self._last_ms, self._last_seq, self.length = last_ms, last_seq, length
                self._key_ms, self._key_seq = key_ms, key_seq
                self._growth_bytes = growth_bytes
                break
            octets.put_u64(self._keys_out, 2 * taken, ms)
            octets.put_u64(self._keys_out, 2 * taken + 1, seq)
            taken += 1
            self._place = self._end + 1
        return taken

    def _stored_size(self, data: bytes, at: int, end: int) -> int:
        """Return the size of the node that is stored here, all of it; -1 if it is packed, or wrong.

        The reading stands at the beginning of its listpack afterwards.
        """
        if end - at < _KEY_BYTES + 5 or data[at] != _KEY_PREFIX:
            return -1
        at += _KEY_BYTES
        first = data[at]
        if first < 0x40:
            size, at = first, at + 1
        elif first < 0x80:
            size, at = (first & 0x3F) << 8 | data[at + 1], at + 2
        elif first == 0x80:
            size = data[at + 1] << 24 | data[at + 2] << 16 | data[at + 3] << 8 | data[at + 4]
            at += 5
        else:
            return -1
        self._at = at
        return size if size <= end - at else -1

    def _take_node(
        self, writer: EntryWriter, ids: IdHeads, data: bytes, at: int, size: int
    ) -> bool:
        """Take a node; False, and anything may have been noted, if not all of it is usual."""
        if not _HEADER_BYTES < size <= _MAX_BYTES or data[at + size - 1] != 0xFF:
            return False
        self._growth_bytes = self._growth_bytes + _GROWTH_FACTOR * size
        self._at, self._end, self._elements = at + _HEADER_BYTES, at + size - 1, 0
        if octets.little(data, at, 4) != size:
            return False
        announced = octets.little(data, at + 4, 2) & 0xFFFF
        live, deleted = self._usual_counter(data), self._usual_counter(data)
        if live < 0 or deleted != 0 or self._master_bytes > self._end - self._at:
            return False
        if not octets.is_same(data, self._at, self._master_out, 0, self._master_bytes):
            return False
        self._at = self._at + self._master_bytes
        self._elements = self._elements + self._fields + 1
        if self._usual_counter(data) != 0 or not self._begins_at_key(data):
            return False
        found = 0
        while self._at < self._end:
            taken = self._take_alike(writer, ids, data)
            found += taken
            if not taken or self._growth_bytes < 0:
                return False
            if writer.is_full() and not writer.next_shelf():
                return False
        return found == live and announced in (self._elements, _UNCOUNTED)

    def _usual_counter(self, data: bytes) -> int:
        """Take a counter; -1 if there is none."""
        at = self._at
        if at >= self._end or is_text(data, at):
            return -1
        self._at = end_of(data, at, self._end)
        if self._at < 0:
            self._at = self._end
            return -1
        self._elements = self._elements + 1
        return integer(data, at)

    def _begins_at_key(self, data: bytes) -> bool:
        """Tell whether the next entry's ID is the node's key."""
        at = self._at
        return self._end - at > 5 and data[at + 2] == 0 and data[at + 4] == 0

    # Entries

    def _take_alike(self, writer: EntryWriter, ids: IdHeads, data: bytes) -> int:
        """Take entries up to one that is not like most, or that is wrong; return how many."""
        out, begin, first = writer.out, writer.begin, writer.first
        count, place = writer.count, begin + writer.size_bytes
        limit = begin + min(_FULL_BYTES, _SHELF_BYTES - self._most_bytes)
        end, behind = self._end, self._at
        while count < _FULL_ENTRIES and place < limit:
            if not self._take_alike_id(data):
                break
            stop = self._put_values(data, out, ids.put(out, place, self._ms, self._seq))
            at = self._at
            if end - at < 2 or data[at] != self._fields + 3 or data[at + 1] != 1:
                break
            self._at = behind = at + 2
            place = octets.put(out, stop, b"\r\n", 0, 2)
            octets.put_u64(writer.ms_out, first + count, self._ms)
            octets.put_u64(writer.seq_out, first + count, self._seq)
            octets.put_u32(writer.ends_out, first + count, place - begin)
            self._last_ms, self._last_seq = self._ms, self._seq
            count += 1
        self._at = behind
        taken = count - writer.count
        self.length = self.length + taken
        self._elements = self._elements + taken * (self._fields + 4)
        self._growth_bytes = self._growth_bytes - (place - begin - writer.size_bytes)
        writer.count, writer.size_bytes = count, place - begin
        return taken

    def _take_alike_id(self, data: bytes) -> bool:
        """Take the ID of the next entry; False if it is not like most."""
        at, end = self._at, self._end
        if end - at < 8 or data[at] != _SAME_FIELDS or data[at + 1] != 1:
            return False
        step = at + 4 if data[at + 2] < 0x80 and data[at + 3] == 1 else end_of(data, at + 2, end)
        if step < 0 or end - step < 2 or is_text(data, at + 2):
            return False
        is_small = data[step] < 0x80 and data[step + 1] == 1
        behind = step + 2 if is_small else end_of(data, step, end)
        if behind < 0 or is_text(data, step):
            return False
        self._at = behind
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
            elif at < end and not is_text(data, at) and end_of(data, at, end) > 0:
                place = put_number(out, place, integer(data, at))
                at = end_of(data, at, end)
            else:
                at = end
        self._at = at
        return place
