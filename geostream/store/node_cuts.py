"""The account of nodes (nodes.py) of entries that were loaded.

Whoever read nodes from a file knows them, and hands over what is in ``LoadedNodes``. Else only
their first IDs are known, or nothing, and the entries are looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence

from geostream.store import columns
from geostream.store.ids import StreamId
from geostream.store.nodes import Node, NodeLimits, Nodes
from geostream.store.segment import Segment
from geostream.store.wire import unpack_entry

NUMBERS = 6  # of a node in LoadedNodes
_NUMBERS = NUMBERS  # a number in C here, see node_cuts.pxd
_NO_NAMES: list[bytes] = []  # of a node that takes no more entries
_Place = tuple[int, int]  # of an entry: which segment, which place in it


class LoadedNodes(Collection[StreamId]):
    """The first IDs of nodes that were loaded, and what else their reader knew of them.

    Never changes. Of each node there are six numbers: halves of its first and its last ID,
    deleted or not, how many live entries it has, one at least, and its size.
    """

    __slots__ = ("_numbers",)

    def __init__(self, numbers: array[int]) -> None:
        """Hold an ``array("Q")``, which belongs to this from now on."""
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers) // NUMBERS

    def __iter__(self) -> Iterator[StreamId]:
        return zip(self._numbers[::NUMBERS], self._numbers[1::NUMBERS], strict=True)

    def __contains__(self, entry_id: object) -> bool:
        return any(first_id == entry_id for first_id in self)

    def account(self, segments: Sequence[Segment]) -> Nodes:
        """Return the account of these entries, with a look at those of the last node only."""
        nodes = _accounts(self._numbers)
        if nodes.all:
            count, number = nodes.all[-1].live, len(segments) - 1
            while count > len(segments[number]):
                count -= len(segments[number])
                number -= 1
            nodes.all[-1] = _counted(segments, (number, len(segments[number]) - count))
        return nodes


def _accounts(numbers: array[int]) -> Nodes:
    nodes = Nodes()
    for at in range(0, len(numbers), _NUMBERS):
        node = Node((columns.u64_at(numbers, at), columns.u64_at(numbers, at + 1)), _NO_NAMES)
        node.last_ms = columns.u64_at(numbers, at + 2)
        node.last_seq = columns.u64_at(numbers, at + 3)
        node.live = node.total = columns.u64_at(numbers, at + 4)
        node.size_bytes = columns.u64_at(numbers, at + 5)
        nodes.all.append(node)
    return nodes


def cut_nodes(segments: Sequence[Segment], first_ids: Collection[StreamId]) -> Nodes:
    """Return an account of entries that were loaded. O(nodes), and the last node's entries.

    first_ids -- where nodes begin, ascending; empty: where they hold 100 entries or 4 KiB

    Only the last node can take further entries, so only its size is counted exactly; of the
    others it is taken from the wire form.
    """
    if type(first_ids) is LoadedNodes:
        return first_ids.account(segments)
    begins = _begins_at(segments, list(first_ids)) if first_ids else _begins_anew(segments)
    nodes = Nodes()
    node: Node | None = None
    last = (0, 0)
    for number, (segment, places) in enumerate(zip(segments, begins, strict=True)):
        ms, seq, starts, ends, _ = segment.content()
        low = 0
        for place in (*places, len(segment)):
            if place > low and node is not None:
                node.live += place - low
                node.size_bytes += columns.u32_at(ends, place - 1) - columns.u32_at(starts, low)
                node.last_ms = columns.u64_at(ms, place - 1)
                node.last_seq = columns.u64_at(seq, place - 1)
                node.total = node.live
            if place < len(segment):
                node = Node((columns.u64_at(ms, place), columns.u64_at(seq, place)), _NO_NAMES)
                nodes.all.append(node)
                last = number, place
            low = place
    if nodes.all:
        nodes.all[-1] = _counted(segments, last)
    return nodes


def _begins_at(segments: Sequence[Segment], first_ids: list[StreamId]) -> list[list[int]]:
    """Return for each segment the places where nodes with entries begin."""
    begins: list[list[int]] = []
    next_one = 0
    for segment in segments:
        places = [] if begins else [0]  # what stands before all of them is a node too
        last_id = segment.id_at(-1)
        while next_one < len(first_ids) and not columns.is_below(last_id, first_ids[next_one]):
            place = segment.index(first_ids[next_one])
            if not places or places[-1] != place:
                places.append(place)
            next_one += 1
        begins.append(places)
    return begins


def _begins_anew(segments: Sequence[Segment]) -> list[list[int]]:
    limits = NodeLimits()
    begins: list[list[int]] = []
    for segment in segments:
        starts, ends = segment.starts, segment.ends
        places = []
        place = 0
        while place < len(segment):
            places.append(place)
            full = bisect_right(ends, starts[place] + limits.max_bytes)
            place = min(max(full, place + 1), place + limits.max_entries)
        begins.append(places)
    return begins


def _spans(segments: Sequence[Segment], begin: _Place) -> Iterator[tuple[Segment, int]]:
    number, low = begin
    while number < len(segments):
        yield segments[number], low
        number, low = number + 1, 0


def _counted(segments: Sequence[Segment], begin: _Place) -> Node:
    """Return the exact account of the node that begins there and is the last."""
    node = Node(segments[begin[0]].id_at(begin[1]), _fields(segments[begin[0]], begin[1])[::2])
    for segment, low in _spans(segments, begin):
        for place in range(low, len(segment)):
            node.add(segment.id_at(place), _fields(segment, place))
    return node


def _fields(segment: Segment, place: int) -> list[bytes]:
    return unpack_entry(segment.entry(place))
