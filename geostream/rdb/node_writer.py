"""Nodes of a stream, written: entries in wire form become listpacks.

A node is begun where the image says that one begins, else where Redis would with its default
limits. Its entries are walked once, in wire form as they stand side by side in a segment, and
each word becomes an element. An entry is taken to have the names of the node's first one until
one differs; then it is written anew with its own. See store/octets.py for why it is done in
small steps.

A node holds live entries only; what was deleted leaves no trace in it, and its key is the ID of
its first entry. See node_reader.py for what a node looks like.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from geostream.rdb.listpack import HEADER_BYTES, put_header, put_integer, put_text
from geostream.store import octets
from geostream.store.ids import StreamId
from geostream.store.node_cuts import cut_nodes
from geostream.store.segment import Piece, Segment

# A node stays below 1 GiB, whatever the image says: an entry takes hardly more as elements
# than in wire form.
FULL_BYTES = 2**28

_SAME_FIELDS, _OWN_FIELDS = 2, 0  # flags of an entry
_KEPT_BYTES = 2**15
# A word takes no more as an element than in wire form; around the words an entry takes up to 34
# bytes, where it took 17 at least; and the master has its counters.
_MORE_BYTES = 40


def begins_of(segments: Iterable[Segment], first_ids: Collection[StreamId]) -> array[int]:
    """Return the first ID of each node that will be written: ms, seq, ms, seq, ...

    O(segments + nodes log n), and no object for each, which the collector of cycles would look at.

    first_ids -- where nodes should begin, ascending; empty: after 100 entries or 4 KiB
    """
    if not first_ids:
        segments = list(segments)
        first_ids = cut_nodes(segments, ()).first_ids()
    begins = array("Q")
    upcoming = iter(first_ids)
    first_id = next(upcoming, None)
    size_bytes = 0
    for segment in map(Segment.plain, segments):
        cuts = {0} if not begins else set()
        last_id = segment.id_at(-1)
        while first_id is not None and first_id <= last_id:
            cuts.add(segment.index(first_id))
            first_id = next(upcoming, None)
        for low, high in pairwise(sorted({0, *cuts, len(segment)})):
            if low in cuts:
                begins.extend(segment.id_at(low))
                size_bytes = 0
            at = low
            while at < high:
                room = FULL_BYTES - size_bytes
                fits = bisect_right(segment.ends, segment.starts[at] + room, at, high)
                if fits == at and size_bytes:
                    begins.extend(segment.id_at(at))
                    size_bytes = 0
                    continue
                fits = max(fits, at + 1)  # what is too large anywhere has a node to itself
                size_bytes += segment.ends[fits - 1] - segment.starts[at]
                at = fits
    return begins


def nodes_of(segments: Sequence[Segment], begins: array[int]) -> Iterator[tuple[StreamId, bytes]]:
    """Yield key and listpack of each node, in order. O(entries), one node in memory at a time.

    begins -- what ``begins_of`` returned
    """
    packer = NodePacker()
    upcoming = _pairs(begins[2:])
    begin = next(upcoming, None)
    pieces: list[Piece] = []
    count = 0
    for segment in map(Segment.plain, segments):
        low, size, last_id = 0, len(segment), segment.id_at(-1)
        while low < size:
            last = begin is None or begin > last_id
            high = size if last or begin is None else segment.index(begin)
            if high > low:
                pieces += segment.pieces(low, high)
                count += high - low
            low = high
            if not last:
                yield packer.pack(b"".join(pieces), count)
                pieces.clear()
                count = 0
                begin = next(upcoming, None)
    if count:
        yield packer.pack(b"".join(pieces), count)


def _pairs(halves: array[int]) -> Iterator[StreamId]:
    half = iter(halves)
    return zip(half, half, strict=True)


class NodePacker:
    """Makes listpacks, one after the other, in a buffer it uses again and again."""

    def __init__(self) -> None:
        """Begin with room for what is usual."""
        self._buffer = bytearray(2 * _KEPT_BYTES)
        self._out = self._buffer
        # Of the node that is made:
        self._at = 0  # where we are in the wire
        self._end = 0  # of the wire
        self._place = 0  # where we are in the listpack
        self._elements = 0
        self._key_ms = self._key_seq = 0
        self._names: list[bytes] = []  # of the first entry, in wire form
        # Of the entry that comes next, which has been read as far as its words:
        self._ms = self._seq = 0
        self._words = 0

    def pack(self, wire: bytes, count: int) -> tuple[StreamId, bytes]:
        """Return key and listpack of so many entries, at least one. O(bytes).

        Raises ValueError if the wire is cut off.
        """
        self._at, self._end = 0, len(wire)
        self._read_head(wire)
        self._key_ms, self._key_seq = self._ms, self._seq
        self._read_names(wire)
        self._make_room(len(wire) + sum(map(len, self._names)) + _MORE_BYTES * (count + 1))
        self._write_master(count)
        for _ in range(count):
            self._write_entry(wire)
        self._out[self._place] = 0xFF
        size = self._place + 1
        put_header(self._buffer, size, self._elements)
        return (self._key_ms, self._key_seq), bytes(memoryview(self._buffer)[:size])

    def _make_room(self, size: int) -> None:
        if not size <= len(self._buffer) <= max(2 * size, 2 * _KEPT_BYTES):
            self._buffer = bytearray(max(size, 2 * _KEPT_BYTES))
            self._out = self._buffer

    def _read_head(self, data: bytes) -> None:
        """Go on to an entry's words: over ``*2``, its ID and how many words there are."""
        end = self._end
        at = octets.digits_end(data, self._at + 5, end) + 2
        stop = octets.digits_end(data, at, end)
        self._ms = octets.decimal(data, at, stop)
        at = stop + 1
        stop = octets.digits_end(data, at, end)
        self._seq = octets.decimal(data, at, stop)
        at = stop + 3
        stop = octets.digits_end(data, at, end)
        self._words = octets.decimal(data, at, stop)
        self._at = stop + 2
        if self._at > end:
            raise ValueError("entries are cut off")

    def _read_names(self, data: bytes) -> None:
        """Note the names of the first entry, and go back to its beginning."""
        names = []
        for place in range(self._words):
            at = self._at
            self._read_word(data)
            if not place % 2:
                names.append(data[at : self._at])
        self._names = names
        self._at = 0

    def _read_word(self, data: bytes) -> int:
        """Go on behind a word; return where its text begins."""
        stop = octets.digits_end(data, self._at + 1, self._end)
        size = octets.decimal(data, self._at + 1, stop)
        if size > self._end or stop + size + 4 > self._end:
            raise ValueError("entries are cut off")
        self._at = stop + size + 4
        return stop + 2

    def _write_master(self, count: int) -> None:
        out, names = self._out, self._names
        place = put_integer(out, HEADER_BYTES, count)
        place = put_integer(out, place, 0)
        place = put_integer(out, place, len(names))
        for name in names:
            start = name.index(b"\n") + 1
            place = put_text(out, place, name, start, len(name) - start - 2)
        self._place = put_integer(out, place, 0)
        self._elements = 4 + len(names)

    def _write_entry(self, data: bytes) -> None:
        self._read_head(data)
        at, place, pairs = self._at, self._place, self._words // 2
        if pairs != len(self._names) or not self._write_same(data, pairs):
            self._at, self._place = at, place
            self._write_own(data, pairs)

    def _write_same(self, data: bytes, pairs: int) -> bool:
        """Write an entry that has the first one's names; tell whether it has."""
        self._write_start(_SAME_FIELDS)
        for name in self._names:
            size = len(name)
            if size > self._end - self._at or not octets.is_same(data, self._at, name, 0, size):
                return False
            self._at += size
            self._write_word(data)
        self._place = put_integer(self._out, self._place, 3 + pairs)
        self._elements += 4 + pairs
        return True

    def _write_own(self, data: bytes, pairs: int) -> None:
        self._write_start(_OWN_FIELDS)
        self._place = put_integer(self._out, self._place, pairs)
        for _ in range(2 * pairs):
            self._write_word(data)
        self._place = put_integer(self._out, self._place, 4 + 2 * pairs)
        self._elements += 5 + 2 * pairs

    def _write_start(self, flags: int) -> None:
        out = self._out
        place = put_integer(out, self._place, flags)
        place = put_integer(out, place, octets.difference(self._ms, self._key_ms))
        self._place = put_integer(out, place, octets.difference(self._seq, self._key_seq))

    def _write_word(self, data: bytes) -> None:
        start = self._read_word(data)
        self._place = put_text(self._out, self._place, data, start, self._at - start - 2)
