"""A stream value, written, as bytes piece by piece: a node at a time, then the rest.

What the type asked for cannot hold is given up in a way that loses no entry, and counted in
``Losses`` for whoever wants to tell:

* Types below 27 know no pending entry without a consumer. One that XNACK released is given to
  the group's first consumer by name, or to one called ``released`` made for it, keeping its
  delivery time 0 and its count: any consumer can claim it at once, as before.
* Types below 26 do not remember messages (XADD IDMP), 15 has no counters either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import chain, islice, pairwise

from msgspec import Struct

from geostream.rdb.node_writer import begins_of, nodes_of
from geostream.rdb.stream_types import ACTIVE_TIME, COUNTERS, IDMP, NACK, UNKNOWN_READ
from geostream.rdb.strings import (
    i64_bytes,
    length_bytes,
    length_id_bytes,
    raw_id_bytes,
    string_bytes,
)
from geostream.store.ids import StreamId
from geostream.store.images import ConsumerImage, GroupImage, Held, IdmpImage, StreamImage
from geostream.store.segment import Segment

STAND_IN = b"released"  # the consumer made where a group has none to take released entries

_BLOCK = 1000  # pending entries per piece
_SORTED_AT_ONCE = 10_000
_KEY_PREFIX = b"\x10"  # a node's key is a string of 16 bytes


class Losses(Struct):
    """What was given up because the form written cannot hold it."""

    released_given: int = 0  # pending entries of nobody that got a consumer
    messages_left_out: int = 0  # of producers, to tell duplicates by


def stream_pieces(
    image: StreamImage, kind: int, compressing: bool, losses: Losses | None = None
) -> Iterator[bytes]:
    """Yield the value, without its type byte, in pieces. O(entries + pending log pending)."""
    losses = losses or Losses()
    begins = begins_of(_one_by_one(image.segments), image.node_first_ids)
    yield length_bytes(len(begins) // 2)
    for key, blob in nodes_of(image.segments, begins):
        yield _KEY_PREFIX + raw_id_bytes(key) + string_bytes(blob, compressing)
    yield length_bytes(image.length) + length_id_bytes(image.last_id)
    if kind >= COUNTERS:
        yield length_id_bytes(image.first_id)
        yield length_id_bytes(image.max_deleted_id)
        yield length_bytes(image.entries_added)
    yield length_bytes(len(image.groups))
    for group in sorted(image.groups, key=lambda group: group.name):
        yield from _group_pieces(group, kind, compressing, losses)
    if kind >= IDMP:
        yield from _idmp_pieces(image.idmp, compressing)
    else:
        losses.messages_left_out += sum(map(len, image.idmp.producers.values()))


def _one_by_one(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Yield segments, and let other threads run: a compiled loop over many would hold them up.

    The interpreter looks for them where a ``yield`` goes on, but not in a ``yield from``.
    """
    for segment in segments:  # noqa: UP028
        yield segment


def _group_pieces(
    group: GroupImage, kind: int, compressing: bool, losses: Losses
) -> Iterator[bytes]:
    yield string_bytes(group.name, compressing) + length_id_bytes(group.last_id)
    if kind >= COUNTERS:
        read = UNKNOWN_READ if group.entries_read is None else group.entries_read
        yield length_bytes(read & UNKNOWN_READ)
    pending = group.pending
    ids = _sorted_ids(pending)
    yield length_bytes(len(ids))
    for start in range(0, len(ids), _BLOCK):
        yield b"".join(
            raw_id_bytes(entry_id) + i64_bytes(held.time_ms) + length_bytes(held.delivery_count)
            for entry_id in ids[start : start + _BLOCK]
            for held in (pending[entry_id],)
        )
    consumers = sorted(group.consumers)
    owned, released = _by_owner(ids, pending)
    if released and kind < NACK:
        losses.released_given += len(released)
        if not consumers:
            consumers = [ConsumerImage(STAND_IN, 0)]
        taker = consumers[0].name
        owned[taker] = sorted(owned.get(taker, []) + released)
    yield length_bytes(len(consumers))
    for name, seen_ms, active_ms in consumers:
        yield string_bytes(name, compressing) + i64_bytes(seen_ms)
        if kind >= ACTIVE_TIME:
            yield i64_bytes(active_ms)
        yield from _id_pieces(owned.get(name, []))
    if kind >= NACK:
        yield from _id_pieces(group.released)


def _sorted_ids(pending: Mapping[StreamId, Held]) -> list[StreamId]:
    """Return the IDs in order, without a step that takes long and without many new objects.

    Sorting a million at once would keep all other threads waiting for as long as it takes, and
    so would a look of the garbage collector at a million pairs.
    """
    items = iter(pending)
    runs: list[list[StreamId]] = []
    while run := list(islice(items, _SORTED_AT_ONCE)):
        run.sort()
        runs.append(run)
    if all(first[-1] < second[0] for first, second in pairwise(runs)):
        return list(chain.from_iterable(runs))
    return list(merge(*runs))


def _by_owner(
    ids: list[StreamId], pending: Mapping[StreamId, Held]
) -> tuple[dict[bytes, list[StreamId]], list[StreamId]]:
    """Return the IDs each consumer has, and those nobody has."""
    owned: dict[bytes, list[StreamId]] = {}
    released: list[StreamId] = []
    for entry_id in ids:
        consumer = pending[entry_id].consumer
        if consumer is None:
            released.append(entry_id)
        else:
            owned.setdefault(consumer.name, []).append(entry_id)
    return owned, released


def _id_pieces(ids: list[StreamId]) -> Iterator[bytes]:
    yield length_bytes(len(ids))
    for start in range(0, len(ids), _BLOCK):
        yield b"".join(map(raw_id_bytes, ids[start : start + _BLOCK]))


def _idmp_pieces(idmp: IdmpImage, compressing: bool) -> Iterator[bytes]:
    yield length_bytes(idmp.duration_s) + length_bytes(idmp.max_size)
    yield length_bytes(len(idmp.producers))
    for pid, iids in idmp.producers.items():
        yield string_bytes(pid, compressing) + length_bytes(len(iids))
        for iid, entry_id in iids.items():
            yield string_bytes(iid, compressing) + length_id_bytes(entry_id)
    yield length_bytes(idmp.iids_added) + length_bytes(idmp.iids_duplicates)
