"""Where Redis would cut a stream into nodes, because clients can see it.

Redis keeps entries in listpacks of limited size. ``MAXLEN ~`` takes away whole
listpacks only, LIMIT counts them whole and XINFO STREAM tells how many there are, so
clients and test suites rely on where the cuts are. This module keeps that account
beside the real storage (segment.py), which is cut elsewhere: for each node its first
and last ID, how many entries are alive, how many it ever took, and the bytes Redis
would spend on it.

The size of an element in a listpack follows from its value alone: integers have short
forms, other text costs its length and a little more, and every element is followed by
its own length.

Behaviour: https://redis.io/docs/latest/commands/xtrim/ and the listpack format.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from operator import attrgetter

from geostream.store import octets
from geostream.store.ids import StreamId

EMPTY_BYTES = 7  # listpack header and end mark
_FIRST_ID = attrgetter("first_id")
_MOST_BYTES = 2**30  # a node never grows beyond, also with stream-node-max-bytes 0


class NodeLimits:
    """When a node is full; 0 is no limit. One object for all streams, changed by CONFIG SET."""

    __slots__ = ("max_bytes", "max_entries")

    def __init__(self, max_bytes: int = 4096, max_entries: int = 100) -> None:
        """Take ``stream-node-max-bytes`` and ``stream-node-max-entries``."""
        self.max_bytes = max_bytes
        self.max_entries = max_entries


class Node:
    """One node's account."""

    # IDs in halves, because compiled they are plain numbers: there is a node every 100 entries
    __slots__ = (
        "first_ms",
        "first_seq",
        "last_ms",
        "last_seq",
        "live",
        "names",
        "size_bytes",
        "total",
    )

    def __init__(self, first_id: StreamId, names: list[bytes]) -> None:
        """Open a node for an entry with these field names; ``add`` it next."""
        self.first_ms, self.first_seq = first_id
        self.last_ms, self.last_seq = first_id
        self.names = names
        self.live = 0
        self.total = 0
        # live and deleted counters, number of fields, the names, a closing zero
        self.size_bytes = EMPTY_BYTES + 2 + 2 + integer_cost(len(names)) + 2
        for name in names:
            self.size_bytes += text_cost(name)

    @property
    def first_id(self) -> StreamId:
        """The ID of its first entry, deleted or not."""
        return (self.first_ms, self.first_seq)

    @property
    def last_id(self) -> StreamId:
        """The ID of its last entry, deleted or not."""
        return (self.last_ms, self.last_seq)

    def add(self, entry_id: StreamId, fields: list[bytes]) -> None:
        """Count an entry: field, value, field, value, ..."""
        ms, seq = entry_id
        size = 2 + difference_cost(ms, self.first_ms) + difference_cost(seq, self.first_seq)
        pairs = len(fields) // 2
        if self._has_names_of(fields):
            size += integer_cost(pairs + 3)
            first, step = 1, 2
        else:
            size += integer_cost(pairs) + integer_cost(2 * pairs + 4)
            first, step = 0, 1
        while first < 2 * pairs:
            size += text_cost(fields[first])
            first += step
        if self.live >= 127:  # the live counter may take a wider form
            size += integer_cost(self.live + 1) - integer_cost(self.live)
        self.size_bytes += size
        self.last_ms, self.last_seq = entry_id
        self.live += 1
        self.total += 1

    def _has_names_of(self, fields: list[bytes]) -> bool:
        names = self.names
        if 2 * len(names) != len(fields):
            return False
        place = 0
        for name in names:
            field = fields[place]
            if field is not name and field != name:
                return False
            place += 2
        return True

    def remove(self, count: int) -> None:
        """Mark entries deleted; they still count towards the limit."""
        gone = self.total - self.live
        self.size_bytes += (
            integer_cost(self.live - count)
            - integer_cost(self.live)
            + integer_cost(gone + count)
            - integer_cost(gone)
        )
        self.live -= count

    def copy(self) -> Node:
        """Return an account of its own with the same numbers."""
        copy = Node(self.first_id, self.names)
        copy.last_ms, copy.last_seq = self.last_ms, self.last_seq
        copy.live, copy.total, copy.size_bytes = self.live, self.total, self.size_bytes
        return copy


class FirstIds(Collection[StreamId]):
    """The first IDs of nodes, each made when it is asked for. They never change.

    Made at once, those of a stream of five million entries take 10 ms, and the collector of
    cycles looks at each of them.
    """

    __slots__ = ("_nodes",)

    def __init__(self, nodes: list[Node]) -> None:
        """Tell those of these nodes; the list belongs to this from now on."""
        self._nodes = nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[StreamId]:
        return map(_FIRST_ID, self._nodes)

    def __contains__(self, entry_id: object) -> bool:
        return any(first_id == entry_id for first_id in self)


class Nodes:
    """The account of one stream, oldest node first.

    A node goes when XDEL takes its last entry. Trimming that takes a node's entries one by
    one, because its last ID (deleted before) is not below the threshold, leaves it there
    without any, until a later trim drops it.
    """

    __slots__ = ("all",)

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        """Start empty, or with the nodes given."""
        self.all: list[Node] = list(nodes)

    def __len__(self) -> int:
        return len(self.all)

    def wants_new(self, payload_bytes: int, limits: NodeLimits) -> bool:
        """Tell whether an entry with so many bytes of fields and values starts a node."""
        if not self.all:
            return True
        node = self.all[-1]
        max_bytes = limits.max_bytes
        if not 0 < max_bytes < _MOST_BYTES:
            max_bytes = _MOST_BYTES
        if node.size_bytes + payload_bytes >= max_bytes:
            return True
        return 0 < limits.max_entries <= node.total

    def append(self, entry_id: StreamId, fields: list[bytes], starts_node: bool) -> None:
        """Count an entry at the end of the stream."""
        if starts_node:
            names = fields[::2]
            if self.all and self.all[-1].names == names:
                names = self.all[-1].names  # most entries of a stream have the same
            self.all.append(Node(entry_id, names))
        node = self.all[-1]
        node.add(entry_id, fields)

    def remove(self, entry_id: StreamId, leaves_node: bool = False) -> None:
        """Mark one entry deleted. O(log n).

        leaves_node -- whether its node stays if that was its last entry
        """
        place = bisect_right(self.all, entry_id, key=_FIRST_ID) - 1
        node = self.all[place]
        if node.live == 1 and not leaves_node:
            del self.all[place]
        else:
            node.remove(1)

    def remove_first(self, count: int, whole: int) -> None:
        """Mark the oldest live entries deleted. O(nodes dropped).

        whole -- how many nodes go as a whole; the next one stays, even if it is left empty.
                 Where a loaded account is cut otherwise than the one this was counted in, as
                 many go as the entries allow.
        """
        dropped = 0
        while dropped < whole and dropped < len(self.all) and self.all[dropped].live <= count:
            count -= self.all[dropped].live
            dropped += 1
        del self.all[:dropped]
        for node in self.all if count else ():
            gone = min(count, node.live)
            node.remove(gone)
            count -= gone
            if not count:
                break

    def drop_empty(self, among: int) -> None:
        """Drop nodes without live entries, among the first so many."""
        self.all[:among] = [node for node in self.all[:among] if node.live]

    def first_ids(self) -> FirstIds:
        """Return the first ID of each node there is now."""
        return FirstIds(self.all[:])

    def copy(self) -> Nodes:
        """Return an account of its own with the same numbers."""
        return Nodes(node.copy() for node in self.all)


def difference_cost(value: int, base: int) -> int:
    """Return the bytes a listpack spends on the difference of two unsigned numbers."""
    if value >= base:
        return integer_cost(value - base) if value - base < 2**31 else 10
    return integer_cost(-(base - value)) if base - value <= 2**31 else 10


def integer_cost(value: int) -> int:
    """Return the bytes a listpack spends on an integer."""
    if 0 <= value <= 127:
        return 2
    if -4096 <= value <= 4095:
        return 3
    if -(2**15) <= value < 2**15:
        return 4
    if -(2**23) <= value < 2**23:
        return 5
    if -(2**31) <= value < 2**31:
        return 6
    return 10


def text_cost(text: bytes) -> int:
    """Return the bytes a listpack spends on a string; canonical integers have short forms."""
    length = len(text)
    if 0 < length <= 20 and text[length - 1] <= 57:
        number = octets.small_number(text)
        if number >= 0:
            return integer_cost(number)
        if (text[0] == 45 or length > 18) and _is_canonical_integer(text):
            return integer_cost(int(text))
    if length < 64:
        return 2 + length
    size = length + (2 if length < 4096 else 5)
    if size <= 127:
        return size + 1
    if size < 16383:
        return size + 2
    if size < 2097151:
        return size + 3
    return size + (4 if size < 268435455 else 5)


def _is_canonical_integer(text: bytes) -> bool:
    digits = text[1:] if text[0] == 45 else text
    if not digits.isdigit() or (digits[0] == 48 and len(text) > 1):
        return False
    return -(2**63) <= int(text) < 2**63
