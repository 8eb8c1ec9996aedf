"""Nodes of a stream, written: entries in wire form become listpacks.

The wire of a segment goes to hiredis as a whole and comes back as fields and values. A node is
begun where the image says that one begins, else where Redis would with its default limits. It
holds live entries only; what was deleted leaves no trace in it, and its key is the ID of its
first entry. See node_reader.py for what a node looks like.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, repeat

import hiredis

from geostream.rdb.listpack import SMALL, integer_element, listpack, text_element, text_elements
from geostream.store.ids import StreamId
from geostream.store.nodes import cut_nodes
from geostream.store.segment import Segment

# A node stays below 1 GiB, whatever the image says: an entry takes hardly more as elements
# than in wire form.
FULL_BYTES = 2**28

_ZERO = integer_element(0)
_SAME_FIELDS = integer_element(2)
_OWN_FIELDS = integer_element(0)


def begins_of(segments: Sequence[Segment], first_ids: Sequence[StreamId]) -> list[StreamId]:
    """Return the first ID of each node that will be written. O(segments + nodes log n).

    first_ids -- where nodes should begin, ascending; empty: after 100 entries or 4 KiB
    """
    if not first_ids:
        first_ids = cut_nodes(segments, ()).first_ids()
    begins: list[StreamId] = []
    number = size_bytes = 0
    for segment in segments:
        cuts = {0} if not begins else set()
        while number < len(first_ids) and first_ids[number] <= segment.id_at(-1):
            cuts.add(segment.index(first_ids[number]))
            number += 1
        for low, high in pairwise(sorted({0, *cuts, len(segment)})):
            if low in cuts:
                begins.append(segment.id_at(low))
                size_bytes = 0
            at = low
            while at < high:
                room = FULL_BYTES - size_bytes
                fits = bisect_right(segment.ends, segment.starts[at] + room, at, high)
                if fits == at and size_bytes:
                    begins.append(segment.id_at(at))
                    size_bytes = 0
                    continue
                fits = max(fits, at + 1)  # what is too large anywhere has a node to itself
                size_bytes += segment.ends[fits - 1] - segment.starts[at]
                at = fits
    return begins


def nodes_of(
    segments: Sequence[Segment], begins: Sequence[StreamId]
) -> Iterator[tuple[StreamId, bytes]]:
    """Yield key and listpack of each node, in order. O(entries), one node in memory at a time.

    begins -- what ``begins_of`` returned
    """
    upcoming = iter(begins[1:])
    begin = next(upcoming, None)
    ids: list[StreamId] = []
    entries: list[list[bytes]] = []
    for segment in segments:
        reader = hiredis.Reader()
        for piece in segment.pieces(0, len(segment)):
            reader.feed(bytes(piece))
        low, size = 0, len(segment)
        while low < size:
            last = begin is None or begin > segment.id_at(-1)
            high = size if last or begin is None else segment.index(begin)
            ids += segment.ids(low, high)
            entries += [reader.gets()[1] for _ in range(high - low)]
            low = high
            if not last:
                yield ids[0], _packed(ids, entries)
                ids, entries = [], []
                begin = next(upcoming, None)
    if ids:
        yield ids[0], _packed(ids, entries)


def _packed(ids: list[StreamId], entries: list[list[bytes]]) -> bytes:
    """Return the listpack of entries: IDs, and field, value, field, value, ... of each."""
    names = entries[0][::2]
    parts = [integer_element(len(ids)), _ZERO, integer_element(len(names))]
    parts += map(text_element, names)
    parts.append(_ZERO)
    master = ids[0]
    ms = _deltas(master[0], [entry_id[0] for entry_id in ids])
    seq = _deltas(master[1], [entry_id[1] for entry_id in ids])
    if set(map(len, entries)) == {2 * len(names)}:
        columns = list(zip(*entries, strict=True))
        if all(map(_holds_only, columns[::2], names)):
            values = list(map(text_elements, columns[1::2]))
            flags, count = repeat(_SAME_FIELDS), repeat(integer_element(3 + len(names)))
            parts += chain.from_iterable(zip(flags, ms, seq, *values, count, strict=False))
            return listpack(parts, len(parts))
    for ms_delta, seq_delta, fields in zip(ms, seq, entries, strict=True):
        parts += _entry(ms_delta, seq_delta, fields, names)
    return listpack(parts, len(parts))


def _holds_only(column: tuple[bytes, ...], name: bytes) -> bool:
    return column.count(name) == len(column)


def _entry(ms: bytes, seq: bytes, fields: list[bytes], names: list[bytes]) -> list[bytes]:
    """Return the elements of one entry."""
    if fields[::2] == names:
        count = integer_element(3 + len(names))
        return [_SAME_FIELDS, ms, seq, *text_elements(fields[1::2]), count]
    pairs = len(fields) // 2
    count = integer_element(4 + 2 * pairs)
    return [_OWN_FIELDS, ms, seq, integer_element(pairs), *text_elements(fields), count]


def _deltas(base: int, halves: list[int]) -> list[bytes]:
    """Return the elements for halves of IDs, which count modulo 2^64 from the key's."""
    return [SMALL.get(half - base) or _wide_delta(half - base) for half in halves]


def _wide_delta(difference: int) -> bytes:
    if not -(2**63) <= difference < 2**63:
        difference -= 2**64 if difference > 0 else -(2**64)
    return integer_element(difference)
