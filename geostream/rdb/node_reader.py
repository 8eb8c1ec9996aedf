"""Nodes of a stream, read: listpacks of about a hundred entries become segments.

A node is a listpack that begins with a master entry, which counts the entries and names the
fields of the first one; then come the entries, deleted ones among them::

    count deleted n field-1 ... field-n 0
    flags ms-delta seq-delta value-1 ... value-n lp-count               the master's fields
    flags ms-delta seq-delta n field-1 value-1 ... value-n lp-count     its own

IDs are kept as differences to the node's key, each half for itself and modulo 2^64.

A node whose entries all have the master's fields and are all alive, as nearly all are, is
read by columns: one slice gives all flags, one all values of a field, and an entry's wire form
is what stands side by side. Other nodes are read entry by entry. Entries of some ten nodes
make one segment.

Nothing is believed: counts, flags, lp-counts and the order of IDs are checked, and what the
entries would take in wire form is bounded by what was stored (a node names its fields once, so
a small one could stand for a huge amount).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from operator import lt
from typing import cast

from geostream.rdb.listpack import BadListpack, Element, elements
from geostream.store.ids import MIN_ID, U64_MAX, StreamId
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment

_DELETED, _SAME_FIELDS = 1, 2

# How much wire there may be for what was stored. Field names told once in a node, and packed,
# make a stream of constant readings some hundred times larger.
GROWTH_FREE_BYTES = 64 * 2**20
GROWTH_FACTOR = 1024

_Columns = tuple[list[int], list[int], list[bytes]]  # ms, seq and wire form of entries


class BadNode(ValueError):
    """A node that contradicts itself or the one before; the text says how."""


class NodeReader:
    """Takes nodes in order of their keys and makes segments of them."""

    def __init__(self, stored_bytes: int) -> None:
        """Begin a stream of which so many bytes are stored at most."""
        self.segments: list[Segment] = []
        self.first_ids: list[StreamId] = []  # the key of each node that has entries
        self.length = 0
        self.last_id: StreamId = MIN_ID  # of the last entry, deleted or not
        self._growth_bytes = GROWTH_FREE_BYTES + GROWTH_FACTOR * stored_bytes
        self._columns: _Columns = ([], [], [])
        self._held_bytes = 0

    def add(self, key: StreamId, blob: bytes) -> None:
        """Take a node. Raises BadNode. O(bytes)."""
        try:
            items = elements(blob)
        except BadListpack as error:
            raise BadNode(f"Stream listpack integrity check failed: {error}") from None
        if not items:
            raise BadNode("Empty listpack inside stream")
        node = _Node(key, items)
        ms, seq, entries = node.columns(self._spend)
        self._check_order(key, node.first_id, node.ids)
        if not entries:
            return
        self.first_ids.append(key)
        held = self._columns
        held[0].extend(ms)
        held[1].extend(seq)
        held[2].extend(entries)
        self.length += len(entries)
        self._held_bytes += sum(map(len, entries))
        if len(held[2]) >= SEAL_ENTRIES or self._held_bytes >= SEAL_BYTES:
            self._seal()

    def finish(self) -> None:
        """Make a segment of what is left."""
        if self._columns[2]:
            self._seal()

    def _spend(self, wire_bytes: int) -> None:
        self._growth_bytes -= wire_bytes
        if self._growth_bytes < 0:
            raise BadNode("stands for far more than is stored")

    def _check_order(self, key: StreamId, first_id: StreamId, ids: list[StreamId]) -> None:
        if not ids:
            return
        if first_id < key or first_id <= self.last_id:
            raise BadNode("entry IDs do not ascend from node to node")
        if not all(map(lt, ids, ids[1:])):
            raise BadNode("entry IDs do not ascend within a node")
        self.last_id = ids[-1]

    def _seal(self) -> None:
        ms, seq, entries = self._columns
        step = SEAL_ENTRIES
        if self._held_bytes > 8 * SEAL_BYTES:
            step = max(1, SEAL_BYTES * len(entries) // self._held_bytes)
        start = 0
        while start < len(entries):
            stop = start + step
            if len(entries) - stop < step // 2:  # a remainder of little use alone
                stop = len(entries)
            self.segments.append(
                Segment.of(
                    array("Q", ms[start:stop]), array("Q", seq[start:stop]), entries[start:stop]
                )
            )
            start = stop
        self._columns = ([], [], [])
        self._held_bytes = 0


class _Node:
    """One node's elements, while they are being understood."""

    def __init__(self, key: StreamId, items: list[Element]) -> None:
        self.key = key
        self.items = items
        self.ids: list[StreamId] = []  # of all entries, deleted ones too
        self.live = self._counter(0)
        self.deleted = self._counter(1)
        self.names = self._names(3, self._counter(2), 1)
        self.start = 3 + len(self.names)  # of the zero behind the names
        if self.start >= len(items) or items[self.start] != 0:
            raise BadNode("no zero behind a node's fields")
        self.start += 1

    @property
    def first_id(self) -> StreamId:
        return self.ids[0] if self.ids else MIN_ID

    def columns(self, spend: Callable[[int], None]) -> _Columns:
        """Return the live entries. ``spend`` is told how large they are, before they are made."""
        total = self.live + self.deleted
        width = 4 + len(self.names)
        items, start = self.items, self.start
        if (
            not self.deleted
            and total * width == len(items) - start
            and set(items[start::width]) == {_SAME_FIELDS}
            and set(items[start + width - 1 :: width]) == {width - 1}
        ):
            return self._by_column(width, spend)
        return self._by_entry(spend)

    def _by_column(self, width: int, spend: Callable[[int], None]) -> _Columns:
        items, start = self.items, self.start
        ms = self._halves(self.key[0], items[start + 1 :: width])
        seq = self._halves(self.key[1], items[start + 2 :: width])
        self.ids = list(zip(ms, seq, strict=True))
        spend(self.live * sum(len(name) + 14 for name in self.names))
        shown = list(map(b"%d-%d".__mod__, self.ids))
        pairs = 2 * len(self.names)
        columns: list[Iterable[bytes]] = [repeat(b"*2\r\n"), _heads(shown), shown]
        columns.append(repeat(b"\r\n*%d\r\n" % pairs))
        for place, name in enumerate(self.names, start + 3):
            values = _texts(items[place::width])
            columns += [repeat(b"$%d\r\n%b\r\n" % (len(name), name)), _heads(values), values]
            columns.append(repeat(b"\r\n"))
        return ms, seq, list(map(b"".join, zip(*columns, strict=False)))

    def _by_entry(self, spend: Callable[[int], None]) -> _Columns:
        items, at, names = self.items, self.start, self.names
        columns: _Columns = ([], [], [])
        deleted = 0
        for _ in range(self.live + self.deleted):
            if at + 3 > len(items):
                raise BadNode("a node has fewer entries than it says")
            flags = items[at]
            if not isinstance(flags, int) or not 0 <= flags <= _DELETED | _SAME_FIELDS:
                raise BadNode("an entry's flags are wrong")
            ms = self._halves(self.key[0], items[at + 1 : at + 2])[0]
            seq = self._halves(self.key[1], items[at + 2 : at + 3])[0]
            self.ids.append((ms, seq))
            if flags & _SAME_FIELDS:
                fields, behind = names, at + 3 + len(names)
                values = _texts(items[at + 3 : behind])
            else:
                count = self._counter(at + 3)
                fields, behind = self._names(at + 4, count, 2), at + 4 + 2 * count
                values = _texts(items[at + 5 : behind : 2])
            if behind >= len(items) or items[behind] != behind - at:
                raise BadNode("an entry's lp-count is wrong")
            at = behind + 1
            if flags & _DELETED:
                deleted += 1
                continue
            spend(sum(map(len, fields)) + sum(map(len, values)))
            columns[0].append(ms)
            columns[1].append(seq)
            columns[2].append(_wire((ms, seq), fields, values))
        if at != len(items) or deleted != self.deleted:
            raise BadNode("a node's counters and its entries disagree")
        return columns

    def _counter(self, place: int) -> int:
        value = self.items[place] if place < len(self.items) else None
        if not isinstance(value, int) or value < 0:
            raise BadNode("a counter in a node is no number")
        return value

    def _names(self, start: int, count: int, step: int) -> list[bytes]:
        if count > len(self.items):
            raise BadNode("more fields than a node has elements")
        names = _texts(self.items[start : start + step * count : step])
        if len(names) != count:
            raise BadNode("fewer fields than announced")
        return names

    @staticmethod
    def _halves(base: int, deltas: list[Element]) -> list[int]:
        if not set(map(type, deltas)) <= {int}:
            raise BadNode("half of an ID is no number")
        return [base + delta & U64_MAX for delta in cast("list[int]", deltas)]


def _texts(items: list[Element]) -> list[bytes]:
    kinds = set(map(type, items))
    if kinds == {bytes}:
        return cast("list[bytes]", items)
    if kinds == {int}:
        return list(map(_DECIMAL, cast("list[int]", items)))
    return [item if isinstance(item, bytes) else _DECIMAL(item) for item in items]


class _Heads(dict[int, bytes]):
    """What stands before a text of some length in wire form; long ones are made as needed."""

    def __missing__(self, size: int) -> bytes:
        return b"$%d\r\n" % size


class _Decimals(dict[int, bytes]):
    """The texts of integers; large ones are made as needed."""

    def __missing__(self, value: int) -> bytes:
        return b"%d" % value


_HEAD_OF_SIZE = _Heads((size, b"$%d\r\n" % size) for size in range(1000)).__getitem__
_DECIMAL = _Decimals((value, b"%d" % value) for value in range(-4096, 4096)).__getitem__


def _heads(texts: list[bytes]) -> Iterator[bytes]:
    return map(_HEAD_OF_SIZE, map(len, texts))


def _wire(entry_id: StreamId, fields: list[bytes], values: list[bytes]) -> bytes:
    shown = b"%d-%d" % entry_id
    parts = [b"*2\r\n$%d\r\n%b\r\n*%d\r\n" % (len(shown), shown, 2 * len(fields))]
    parts += [
        b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(field), field, len(value), value)
        for field, value in zip(fields, values, strict=True)
    ]
    return b"".join(parts)
