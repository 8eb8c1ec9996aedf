"""Entries and nodes of a stream like most others: read by one loop.

Nearly all entries are alike: alive, with the master's fields, short values, an ID a little behind
the last one. One loop takes those, without a call for each element, and most of an ID's text
from the entry before; it stops before whatever is different or wrong, which the thorough way
(node_reader.py) then takes or refuses.

Nodes made of nothing else are taken whole, or put back by whoever asked (stored.py). No object is
touched by that, so that it can be done without the interpreter's lock.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from operator import add

from geostream.rdb.listpack import (
    HEADER_BYTES,
    MAX_BYTES,
    UNCOUNTED,
    end_of,
    integer,
    is_text,
)
from geostream.store import octets
from geostream.store.runs import USUAL_BYTES, EntryWriter, IdHeads, put_number
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES

_SAME_FIELDS = 2
_MASK = 2**64 - 1
_FULL_ENTRIES = SEAL_ENTRIES
_FULL_BYTES = SEAL_BYTES
_USUAL_BYTES = USUAL_BYTES
_HEADER_BYTES, _MAX_BYTES, _UNCOUNTED = HEADER_BYTES, MAX_BYTES, UNCOUNTED

_SHORT = 64  # a text below this size has a head of one byte in a listpack
_SHORT_HEADS = bytearray(b"".join((b"$%d\r\n" % size).ljust(8) for size in range(_SHORT)))
_ID_BYTES = 80  # that an entry's head takes at most, with what stands around its last value
_MOST_ALIKE = 124  # fields: their number and three is told in one byte
_WORD_BYTES = 8 + _SHORT  # that a short text or a number takes at most in wire form


# How much wire there may be for what was stored. Field names told once in a node, and packed,
# make a stream of constant readings some hundred times larger.
GROWTH_FREE_BYTES = 64 * 2**20
GROWTH_FACTOR = _GROWTH_FACTOR = 1024


class AlikeReader:
    """What is written of entries; ``StoredReader`` and ``NodeReader`` say of which."""

    def __init__(self) -> None:
        """Know no names yet."""
        self.length = 0  # how many entries there were
        self._last_ms = self._last_seq = 0  # of the last entry, deleted or not
        self._growth_bytes = GROWTH_FREE_BYTES
        self._writer = EntryWriter()
        self._ids = IdHeads()
        # Of the node that is being walked:
        self._key_ms = self._key_seq = 0
        self._at = 0  # where the next element begins
        self._end = 0  # of the elements
        self._elements = 0  # there were so far
        self._live = self._size_bytes = 0  # entries it has, and bytes
        self._names: list[bytes] = []  # in wire form
        self._master = b""  # as they are stored, with their number
        self._fields = 0  # how many there are; 0 if they are none or too many to be alike
        self._limit_bytes = 0  # from which on there may be no room for an entry like the others
        self._ms = self._seq = 0  # the ID of the entry that is taken
        # What has two names here is known to the compiler by its address too.
        self._heads_out = _SHORT_HEADS
        self._master_out = b""
        self._master_bytes = 0
        self._leads = self._leads_out = bytearray()  # what stands before each value, ID or not
        self._lead_ends = self._lead_ends_out = bytearray()  # as array("I")

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
        most_bytes = _ID_BYTES + len(self._leads) + len(names) * _WORD_BYTES
        self._limit_bytes = min(_FULL_BYTES, _USUAL_BYTES - most_bytes)

    # Nodes

    def _take_node(
        self, writer: EntryWriter, ids: IdHeads, data: bytes, at: int, size: int, stored_bytes: int
    ) -> bool:
        """Take a node; False, and anything may have been noted, if not all of it is usual."""
        if not _HEADER_BYTES < size <= _MAX_BYTES or data[at + size - 1] != 0xFF:
            return False
        self._growth_bytes = self._growth_bytes + _GROWTH_FACTOR * stored_bytes
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
        found = self._take_alike(writer, ids, data)
        if self._at < self._end or self._growth_bytes < 0:
            return False
        self._live, self._size_bytes = found, size
        return 0 < found == live and announced in (self._elements, _UNCOUNTED)

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
        out, count, place = writer.out, writer.count, writer.size_bytes
        end, behind = self._end, self._at
        while count < _FULL_ENTRIES and place < self._limit_bytes:
            if not self._take_alike_id(data):
                break
            stop = self._put_values(data, out, ids.put(out, place, self._ms, self._seq))
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
        taken = count - writer.count
        self.length = self.length + taken
        self._elements = self._elements + taken * (self._fields + 4)
        self._growth_bytes = self._growth_bytes - (place - writer.size_bytes)
        writer.count, writer.size_bytes = count, place
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
