"""Nodes taken where they lie in a file, and segments that hold them as they are stored.

Nodes that are like most others (alike.py) are taken one after the other, while others have the
interpreter: what else a server has to do when it starts goes on beside. A node with anything else
in it is put back whole. Those that are packed by LZF are unpacked aside for that.

When a segment is full of such nodes, all they hold was looked through and written. But most of
what is loaded is not read soon, and the nodes are smaller than what came of them. So what was
written is forgotten, and the segment holds the nodes as they are stored; when somebody reads it,
they go the same way once more.
"""

from __future__ import annotations

from array import array

from geostream.rdb import lock
from geostream.rdb.alike import AlikeReader
from geostream.rdb.lzf import plain_size, put_plain
from geostream.rdb.strings import Cursor
from geostream.store import octets
from geostream.store.node_cuts import NUMBERS, LoadedNodes
from geostream.store.packed import PACKED_BYTES, Content
from geostream.store.runs import EntryWriter, IdHeads
from geostream.store.segment import SEAL_ENTRIES, Segment

_FULL_ENTRIES = SEAL_ENTRIES
_MOST_NODES = 32 * 2**10  # taken at a time
_MOST_CUTS = 1024  # segments that are left as they are stored at a time
_NUMBERS = NUMBERS
_CUT_NUMBERS = 8  # of a segment that is left so: see _cut
_KEY_PREFIX = 16  # the length byte of a node's key
_KEY_BYTES = 17
_PACKED = 0xC3  # by LZF: two lengths follow
_PLAIN_BYTES = 2**15  # that one may have that is packed


class StoredReader(AlikeReader):
    """What is read of one stream; ``NodeReader`` reads the rest of it.

    ``segments`` are complete when everything was read and sealed.
    """

    def __init__(self, nodes: int = 1) -> None:
        """Begin a stream of about so many nodes."""
        super().__init__()
        self.segments: list[Segment] = []
        self._nodes = array("Q")  # what LoadedNodes tells of those that have entries
        # Of the nodes that are taken at a time:
        self._place = 0  # behind the last of them
        self._begin = -1  # of those that alone are in the writer; -1 if others are
        self._begin_ms = self._begin_seq = 0  # the key of the first of those
        self._is_full = False  # there was no room for the next one
        self._is_packed = False  # the next one is, by LZF
        self._behind = 0  # it
        self._fresh = self._fresh_out = bytearray(8 * NUMBERS * min(nodes, _MOST_NODES))
        self._cuts = self._cuts_out = bytearray(8 * _CUT_NUMBERS * min(nodes, _MOST_CUTS))
        self._cut_count = 0
        self._plain = self._plain_out = bytearray(_PLAIN_BYTES)

    def nodes(self) -> LoadedNodes:
        """Return the account of the nodes that were taken."""
        return LoadedNodes(self._nodes)

    def _take_stored(self, cursor: Cursor, most: int) -> int:
        """Take nodes like the one before, ``most`` at the utmost; return how many.

        Whoever asks goes on with those that are not like it, and asks again.
        """
        if not self._fields:
            return 0
        data = lock.start_of(cursor.data)
        self._place = cursor.at
        self._begin = cursor.at if lock.is_free() and not self._writer.count else -1
        self._begin_ms = self._begin_seq = 0
        taken = self._walk_stored(data, cursor.end, most)
        cursor.at = self._place
        self._nodes.frombytes(memoryview(self._fresh)[: 8 * _NUMBERS * taken])
        if self._cut_count:
            self._note_cuts(data)
        if self._is_full:
            self.segments.append(self._writer.take().segment())
            return taken or self._take_stored(cursor, most)
        return taken

    def _walk_stored(self, data: bytes, end: int, most: int) -> int:
        most = min(most, len(self._fresh) // (8 * _NUMBERS))
        given = lock.give_away()
        taken = self._take_nodes(self._writer, self._ids, data, end, most)
        lock.take(given)
        return taken

    def _note_cuts(self, data: bytes) -> None:
        """Make segments of what was left as it is stored."""
        cuts = array("Q", self._cuts[: 8 * _CUT_NUMBERS * self._cut_count])
        columns = [cuts[number::_CUT_NUMBERS] for number in range(_CUT_NUMBERS)]
        parts = lock.parts(data, columns[0], columns[1])
        for part, *numbers in zip(parts, *columns[2:], strict=True):
            count, size_bytes, first_ms, first_seq, last_ms, last_seq = numbers
            form = StoredNodes(self._names, self._master, part, count)
            ids = (first_ms, first_seq), (last_ms, last_seq)
            self.segments.append(Segment.stored(form, *ids, count, size_bytes))

    def read_back(self, names: list[bytes], master: bytes, data: bytes) -> Content:
        """Return what nodes hold that were all taken before, with these names."""
        self._note_names(names, master)
        self._walk_stored(data, len(data), _MOST_NODES)
        return self._writer.take().segment().content()

    def _take_nodes(
        self, writer: EntryWriter, ids: IdHeads, data: bytes, end: int, most: int
    ) -> int:
        """Take nodes as long as they are like most, and there is room."""
        taken = self._cut_count = 0
        self._is_full = False
        while taken < most and self._take_next(writer, ids, data, end):
            place = _NUMBERS * taken
            octets.put_u64(self._fresh_out, place, self._key_ms)
            octets.put_u64(self._fresh_out, place + 1, self._key_seq)
            octets.put_u64(self._fresh_out, place + 2, self._last_ms)
            octets.put_u64(self._fresh_out, place + 3, self._last_seq)
            octets.put_u64(self._fresh_out, place + 4, self._live)
            octets.put_u64(self._fresh_out, place + 5, self._size_bytes)
            taken += 1
            self._place = self._behind
        return taken

    def _take_next(self, writer: EntryWriter, ids: IdHeads, data: bytes, end: int) -> bool:
        """Take the node that is next; False, and nothing is taken, if it is not like most."""
        size = self._find_node(data, self._place, end)
        if size < 0:
            return False
        ms, seq = octets.big(data, self._place + 1), octets.big(data, self._place + 9)
        if ms < self._key_ms or (ms == self._key_ms and seq <= self._key_seq):
            return False
        node, start, stored_bytes = data, self._at, self._behind - self._at
        if self._is_packed:
            if not self._unpack(data, size):
                return False
            node, start = self._plain_out, 0  # type: ignore[assignment]  # read like bytes
        count, size_bytes, length = writer.count, writer.size_bytes, self.length
        last_ms, last_seq, growth_bytes = self._last_ms, self._last_seq, self._growth_bytes
        key_ms, key_seq = self._key_ms, self._key_seq
        self._key_ms, self._key_seq = ms, seq
        if self._take_node(writer, ids, node, start, size, stored_bytes):
            if not count:
                self._begin_ms, self._begin_seq = ms, seq
            return True
        self._is_full = count > 0 and (
            writer.count >= _FULL_ENTRIES or writer.size_bytes >= self._limit_bytes
        )
        writer.count, writer.size_bytes, self.length = count, size_bytes, length
        self._last_ms, self._last_seq, self._growth_bytes = last_ms, last_seq, growth_bytes
        self._key_ms, self._key_seq = key_ms, key_seq
        return self._is_full and self._cut(writer) and self._take_next(writer, ids, data, end)

    def _cut(self, writer: EntryWriter) -> bool:
        """Leave the nodes that were taken last as they are stored; False if they cannot be."""
        if self._begin < 0 or self._cut_count >= _MOST_CUTS:
            return False
        place = _CUT_NUMBERS * self._cut_count
        octets.put_u64(self._cuts_out, place, self._begin)
        octets.put_u64(self._cuts_out, place + 1, self._place)
        octets.put_u64(self._cuts_out, place + 2, writer.count)
        octets.put_u64(self._cuts_out, place + 3, writer.size_bytes)
        octets.put_u64(self._cuts_out, place + 4, self._begin_ms)
        octets.put_u64(self._cuts_out, place + 5, self._begin_seq)
        octets.put_u64(self._cuts_out, place + 6, self._last_ms)
        octets.put_u64(self._cuts_out, place + 7, self._last_seq)
        self._cut_count = self._cut_count + 1
        self._begin = self._place
        writer.count = writer.size_bytes = 0
        self._is_full = False
        return True

    def _find_node(self, data: bytes, at: int, end: int) -> int:
        """Return the size of the listpack that is stored here, all of it; -1 if it is not usual.

        The reading stands at its beginning afterwards, or where it is packed.
        """
        if end - at < _KEY_BYTES + 11 or data[at] != _KEY_PREFIX:
            return -1
        self._at = at + _KEY_BYTES
        self._is_packed = data[self._at] == _PACKED
        if self._is_packed:
            self._at = self._at + 1
        size = stored_bytes = self._stored_length(data)
        if self._is_packed:
            size = self._stored_length(data)
            if size > _PLAIN_BYTES or not lock.is_free():
                return -1
        self._behind = self._at + stored_bytes
        return size if 0 <= stored_bytes <= end - self._at else -1

    def _stored_length(self, data: bytes) -> int:
        """Take a length, for which five bytes must be there; -1 if it is of the longest form."""
        at = self._at
        first = data[at]
        if first < 0x40:
            self._at = at + 1
            return first
        if first < 0x80:
            self._at = at + 2
            return (first & 0x3F) << 8 | data[at + 1]
        self._at = at + 5
        if first != 0x80:
            return -1
        return data[at + 1] << 24 | data[at + 2] << 16 | data[at + 3] << 8 | data[at + 4]

    def _unpack(self, data: bytes, size: int) -> bool:
        """Unpack the node that was found; False if it is not what it announces."""
        return plain_size(data, self._at, self._behind) == size and put_plain(
            self._plain_out, data, self._at, self._behind
        )


class StoredNodes:
    """Nodes as they are stored, whole and alike, in place of what they hold."""

    __slots__ = ("_count", "_data", "_master", "_names")

    def __init__(self, names: list[bytes], master: bytes, data: bytes, count: int) -> None:
        """Hold what is given.

        names, master -- of all of them; see ``AlikeReader``
        data          -- keys and listpacks, one node after the other
        count         -- how many entries there are
        """
        self._names = names
        self._master = master
        self._data = data
        self._count = count

    @property
    def size_bytes(self) -> int:
        """What is held."""
        return PACKED_BYTES + len(self._data)

    def wire(self) -> bytes | bytearray:
        """Return the wire form of all entries."""
        return self.content()[4]

    def content(self) -> Content:
        """Return everything, made anew. About 0.1 us an entry."""
        return StoredReader(self._count).read_back(self._names, self._master, self._data)
