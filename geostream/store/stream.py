"""One stream: entries in segments, counters, Redis' nodes, groups, producers.

Entries are found by ID: a bisection finds the segment, another the place in it. What a
range yields is a ``Selection`` (selection.py); nothing is done per entry.

Methods that change something are called from apply.py only.

Behaviour: https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

from collections.abc import Iterable

from geostream.store import columns
from geostream.store.group import Group
from geostream.store.groups import Groups
from geostream.store.idempotency import IID_BYTES, Idempotency
from geostream.store.ids import MAX_ID, MIN_ID, StreamId, successor
from geostream.store.nodes import Nodes
from geostream.store.segment import INDEX_BYTES, Segment
from geostream.store.selection import Part, Selection, part_of
from geostream.store.tail import Tail
from geostream.store.value import VALUE_BYTES, Value

SEGMENT_BYTES = 600  # what a segment costs beside wire and index, about
_INDEX_BYTES = INDEX_BYTES  # a number in C here, see stream.pxd
NODE_BYTES = 210  # what the account of one of Redis' nodes costs, about


class Stream(Value):
    """See the module docstring."""

    __slots__ = (
        "_firsts",
        "_group",
        "_group_name",
        "_saved",
        "_segments",
        "_wire_bytes",
        "entries_added",
        "groups",
        "idempotency",
        "is_attached",
        "last_id",
        "length",
        "max_deleted_id",
        "nodes",
        "saved_bytes",
    )

    type_name = b"stream"

    def __init__(self, idmp_duration_s: int, idmp_max_size: int) -> None:
        """Start empty."""
        super().__init__()
        self._segments: list[Segment] = []
        self._firsts: list[StreamId] = []  # the first ID of each segment, or a smaller one
        self._wire_bytes = 0  # unpacked
        self._saved: list[int] = []  # by each segment that is packed, as far as noted here
        self.saved_bytes = 0  # their sum: how much less is held because of packing
        self.is_attached = False  # whether each of these has a cache that it tells of reading
        self.nodes = Nodes()
        self.length = 0
        self.last_id = MIN_ID  # the highest ID ever; not lowered by deletion
        self.max_deleted_id = MIN_ID
        self.entries_added = 0
        self.groups = Groups()
        self._group: Group | None = None  # the one that was asked for last
        self._group_name = b""
        self.idempotency = Idempotency(idmp_duration_s, idmp_max_size)

    # Reading

    @property
    def first_id(self) -> StreamId:
        """The ID of the oldest entry; 0-0 when empty."""
        return self.oldest_id()

    def oldest_id(self) -> StreamId:
        """Return ``first_id``; compiled code calls this directly."""
        if not self.length:
            return MIN_ID
        segment = self._segments[0]
        return segment.id_at(0)

    @property
    def last_entry_id(self) -> StreamId:
        """The ID of the newest entry there is; 0-0 when empty."""
        return self._segments[-1].id_at(-1) if self.length else MIN_ID

    def id_at(self, place: int) -> StreamId:
        """Return the ID of the entry with so many before it, which must be there. O(segments)."""
        for segment in self._segments:
            if place < len(segment):
                return segment.id_at(place)
            place -= len(segment)
        raise IndexError(place)

    @property
    def size_bytes(self) -> int:
        """Return about how much memory the value takes. O(groups that changed since)."""
        size = VALUE_BYTES + self._wire_bytes - self.saved_bytes
        size += SEGMENT_BYTES * len(self._segments) + NODE_BYTES * len(self.nodes)
        size += IID_BYTES * self.idempotency.iids_tracked
        return size + self.groups.size_bytes

    def select(self, start: StreamId, end: StreamId, count: int = -1) -> Selection:
        """Return the first entries from start to end, both included. O(log n + segments).

        count -- at most so many; negative is no limit
        """
        parts: list[Part] = []
        found = 0
        segments = self._segments
        if not segments or columns.is_below(end, start):
            return Selection(parts, found)
        number = max(0, columns.number_of(self._firsts, start))
        segment = segments[number]
        low = segment.index(start)
        while count:
            high = behind = segment.index_behind(end)
            if 0 < count < high - low:
                high = low + count
            if high > low:
                parts.append(part_of(segment, low, high))
                found += high - low
                if count > 0:
                    count -= high - low
            number += 1
            if behind < len(segment) or number == len(segments):
                break
            segment = segments[number]
            low = 0
        return Selection(parts, found)

    def select_after(self, position: StreamId, count: int = -1) -> Selection | None:
        """Return the first entries behind an ID, None if there are none; see ``select``."""
        if not self.length:
            return None
        last = self._segments[-1]
        if not columns.is_below(position, last.id_at(-1)):
            return None
        return self.select(successor(position), MAX_ID, count)

    def select_last(self, start: StreamId, end: StreamId, count: int = -1) -> Selection:
        """Return the last entries from start to end, oldest of them first. O(log n + segments)."""
        if count < 0:
            return self.select(start, end)
        parts: list[Part] = []
        found = 0
        segments = self._segments
        if columns.is_below(end, start):
            return Selection(parts, found)
        number = columns.number_of(self._firsts, end)
        while number >= 0 and found < count:
            segment = segments[number]
            high = segment.index_behind(end)
            first = segment.index(start)
            low = max(first, high - (count - found))
            if high > low:
                parts.append(Part(segment, low, high))
                found += high - low
            if first:
                break
            number -= 1
        parts.reverse()
        return Selection(parts, found)

    def _locate(self, entry_id: StreamId) -> tuple[int, int]:
        """Return segment number and place of an entry; place -1 if there is none."""
        number = columns.number_of(self._firsts, entry_id)
        if number < 0:
            return -1, -1
        return number, self._segments[number].find(entry_id)

    def entry(self, entry_id: StreamId) -> bytes | bytearray | None:
        """Return an entry's wire form, or None. O(log n)."""
        number, place = self._locate(entry_id)
        return self._segments[number].entry(place) if place >= 0 else None

    def __contains__(self, entry_id: StreamId) -> bool:
        return self._locate(entry_id)[1] >= 0

    # Groups

    def group(self, name: bytes) -> Group | None:
        """Return a group, or None. The one that was asked for last costs no look-up."""
        found = self._group
        if found is None or name != self._group_name or found.is_gone:
            found = self.groups.get(name)
            if found is not None:
                self._group_name, self._group = name, found
        return found

    def next_part(self, group: Group, count: int) -> Part | None:
        """Return the next entries of a group, to be delivered at once, if one segment has them.

        None says nothing: there are none, or it is for ``select_after`` to find them.

        count -- at most so many; negative is no limit

        O(1) where the group goes on reading, else O(log n).
        """
        segments, number = self._segments, group.near_segment
        if not segments:
            return None
        start = -1
        if number < len(segments):
            segment = segments[number]
            start = segment.place_behind(group.near_place, group.last_ms, group.last_seq)
        if start < 0:
            last_id = group.last_id
            number = max(0, columns.number_of(self._firsts, last_id))
            segment = segments[number]
            start = segment.index_behind(last_id)
        if start == len(segment):
            number, start = number + 1, 0
            if number == len(segments):
                return None
            segment = segments[number]
        stop = len(segment)
        if 0 < count <= stop - start:
            stop = start + count
        elif number + 1 < len(segments):
            return None
        group.near_segment, group.near_place = number, stop - 1
        return part_of(segment, start, stop)

    def is_referenced(self, entry_id: StreamId) -> bool:
        """Tell whether some group has not read up to this ID, or has it pending.

        O(groups with something pending).
        """
        groups = self.groups
        return entry_id > groups.read_by_all or any(
            entry_id in group.pending for group in groups.holders.values()
        )

    # Changing

    def append(self, entry_id: StreamId, entry: bytes, fields: list[bytes], new_node: bool) -> None:
        """Put an entry at the end.

        entry    -- its wire form
        fields   -- field, value, field, value, ...
        new_node -- whether Redis would start a node for it
        """
        last = self._segments[-1] if self._segments else None
        tail = last if type(last) is Tail else None
        if tail is None or tail.is_full:
            tail = self._start_tail(entry_id)
        tail.append(entry_id, entry)
        self._wire_bytes += len(entry) + _INDEX_BYTES
        self.nodes.append(entry_id, fields, new_node)
        self.length += 1
        self.entries_added += 1
        self.last_id = entry_id

    def append_segment(self, segment: Segment, nodes: Nodes) -> None:
        """Put sealed entries at the end, IDs above all here. O(tail + nodes).

        nodes -- the account of these entries alone
        """
        self._seal_tail()
        self._segments.append(segment)
        self._firsts.append(segment.id_at(0))
        self._saved.append(0)
        self._wire_bytes += segment.size_bytes
        self.nodes.all += nodes.all
        self.length += len(segment)
        self.entries_added += len(segment)
        self.last_id = segment.id_at(-1)

    def _seal_tail(self) -> None:
        """Seal the segment at the end, if it is one that still grows."""
        segments = self._segments
        last = segments[-1] if segments else None
        if type(last) is Tail:
            segments[-1] = last.sealed()
            self._wire_bytes += segments[-1].size_bytes - last.size_bytes

    def _start_tail(self, first_id: StreamId) -> Tail:
        """Seal the segment at the end, if it is one that still grows, and start another."""
        self._seal_tail()
        tail = Tail()
        self._segments.append(tail)
        self._firsts.append(first_id)
        self._saved.append(0)
        return tail

    def delete(self, ids: Iterable[StreamId], leaves_nodes: bool = False) -> None:
        """Take entries away that are there. O(log n + segment) for each segment touched.

        leaves_nodes -- whether Redis' nodes stay that lose their last entry
        """
        places: dict[int, list[int]] = {}
        for entry_id in ids:
            number, place = self._locate(entry_id)
            places.setdefault(number, []).append(place)
            self.nodes.remove(entry_id, leaves_nodes)
            self.length -= 1
        for number in sorted(places, reverse=True):
            self._delete_places(number, sorted(places[number]))

    def _delete_places(self, number: int, places: list[int]) -> None:
        segment = self._segments[number]
        self._wire_bytes -= segment.size_bytes
        self._note_saved(number, 0)
        if len(places) == len(segment):
            del self._segments[number], self._firsts[number], self._saved[number]
            return
        if isinstance(segment, Tail):
            segment.remove(places)
        else:
            segment = self._segments[number] = segment.without(places)
        self._wire_bytes += segment.size_bytes

    def remove_first(self, count: int, whole_nodes: int) -> None:
        """Take the oldest entries away, as trimming does. O(segments dropped + one segment).

        whole_nodes -- how many of Redis' nodes go with them; see Nodes.remove_first
        """
        self.length -= count
        self.nodes.remove_first(count, whole_nodes)
        whole = 0
        while count and count >= len(self._segments[whole]):
            count -= len(self._segments[whole])
            self._wire_bytes -= self._segments[whole].size_bytes
            whole += 1
        self.saved_bytes -= sum(self._saved[:whole])
        del self._segments[:whole], self._firsts[:whole], self._saved[:whole]
        if count:
            segment = self._segments[0]
            self._wire_bytes -= segment.size_bytes
            self._note_saved(0, 0)
            if isinstance(segment, Tail):
                segment.remove_first(count)
            else:
                segment = self._segments[0] = segment.from_place(count)
            self._wire_bytes += segment.size_bytes

    def sealed_segments(self) -> list[Segment]:
        """Return all segments; the tail as a copy. What is returned never changes. O(segments)."""
        return [
            segment.sealed() if isinstance(segment, Tail) else segment for segment in self._segments
        ]

    def adopt_segments(self, segments: list[Segment], nodes: Nodes) -> None:
        """Become the owner of entries, in an empty stream; counters are the caller's business."""
        self._segments = segments
        self._firsts = [segment.id_at(0) for segment in segments]
        self._wire_bytes = sum(segment.size_bytes for segment in segments)
        self._saved = [segment.saved_bytes for segment in segments]
        self.saved_bytes = sum(self._saved)
        self.nodes = nodes
        self.length = sum(map(len, segments))
        self.is_attached = False

    # Packing

    def packed_segments(self) -> int:
        """Return how many segments are packed. O(segments), in C."""
        return len(self._saved) - self._saved.count(0)

    def plain_segments(self) -> list[Segment]:
        """Return sealed segments that could be packed, or were and it is not noted. O(segments)."""
        return [
            segment
            for segment, saved in zip(self._segments, self._saved, strict=True)
            if segment.can_be_packed(saved)
        ]

    def note_packed(self, segment: Segment) -> None:
        """Take a packed segment into account, if it is one of these. O(log n)."""
        if self.holds(segment):
            number = columns.number_of(self._firsts, segment.id_at(0))
            self._note_saved(number, segment.saved_bytes)

    def holds(self, segment: Segment) -> bool:
        """Tell whether a segment is one of these. O(log n)."""
        number = columns.number_of(self._firsts, segment.id_at(0))
        return number >= 0 and self._segments[number] is segment

    def _note_saved(self, number: int, saved_bytes: int) -> None:
        self.saved_bytes += saved_bytes - self._saved[number]
        self._saved[number] = saved_bytes

    def copy(self) -> Stream:
        """Return a stream of its own with the same content. Sealed segments are shared."""
        copy = Stream(0, 0)
        copy.adopt_segments(self.sealed_segments(), self.nodes.copy())
        copy.last_id = self.last_id
        copy.max_deleted_id = self.max_deleted_id
        copy.entries_added = self.entries_added
        copy.groups = Groups((name, group.copy()) for name, group in self.groups.items())
        copy.idempotency = self.idempotency.copy()
        return copy
