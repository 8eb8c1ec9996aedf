"""Images of streams made into changes of rows.

``take_image`` sets all but the entries, for a new row as for one that is on disk already:
there only what differs becomes a change. Entries come segment by segment: ``add_segment``
for a new row; for one on disk ``change_segments``, which compares with the segments that were
written last. Segments never change, so one that is the same object needs no look at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from geostream.store.ids import StreamId
from geostream.store.images import GroupImage, IdmpImage, StreamImage
from geostream.store.segment import Segment
from geostream_plugins.sqlite.rows import Catalog, ConsumerRow, GroupRow, Held, StreamRow
from geostream_plugins.sqlite.u64 import unsigned


def add_segment(row: StreamRow, segment: Segment) -> None:
    """Note the entries of a segment as new."""
    row.added += map(bytes, segment.plain().entries(0, len(segment)))


def change_segments(
    row: StreamRow, before: list[Segment], after: list[Segment], write: Callable[[], None]
) -> None:
    """Note what differs between two lists of segments.

    write -- called between parts of what is new, to write what was noted so far
    """
    known = set(map(id, before))
    kept = set(map(id, after))
    old = dict(_entries(segment for segment in before if id(segment) not in kept))
    new = [segment for segment in after if id(segment) not in known]
    both = set()
    for entry_id, wire in _entries(new if old else ()):
        if old.get(entry_id) == wire:
            both.add(entry_id)
            del old[entry_id]
    row.removed += old
    write()
    for segment in new:
        row.added += [wire for entry_id, wire in _entries([segment]) if entry_id not in both]
        write()


def _entries(segments: Iterable[Segment]) -> Iterator[tuple[StreamId, bytes]]:
    for segment in segments:
        plain, size = segment.plain(), len(segment)
        yield from zip(plain.ids(0, size), map(bytes, plain.entries(0, size)), strict=True)


def take_image(
    catalog: Catalog,
    row: StreamRow,
    image: StreamImage,
    connection: sqlite3.Connection | None = None,
) -> None:
    """Set everything but the entries to what an image says.

    connection -- where what is there now is read, if the row may be on disk
    """
    state = _state(row)
    row.length = image.length
    row.last_id = image.last_id
    row.max_deleted_id = image.max_deleted_id
    row.entries_added = image.entries_added
    memory = row.memory
    memory.iids_added = image.idmp.iids_added
    memory.iids_duplicates = image.idmp.iids_duplicates
    memory.duration_s, memory.max_size = image.idmp.duration_s, image.idmp.max_size
    _take_producers(catalog, row, image.idmp)
    if connection is None or _state(row) != state:
        catalog.touched[row] = True
    names = {group.name for group in image.groups}
    for name in [name for name in row.groups if name not in names]:
        catalog.drop_group(row, name)
    for group in image.groups:
        _take_group(catalog, row, group, connection)


def _state(row: StreamRow) -> tuple[object, ...]:
    memory = row.memory
    numbers = (memory.iids_added, memory.iids_duplicates, memory.duration_s, memory.max_size)
    return row.length, row.last_id, row.max_deleted_id, row.entries_added, numbers


def _take_producers(catalog: Catalog, row: StreamRow, image: IdmpImage) -> None:
    """Write the messages of a producer anew if they are not the same in the same order."""
    before = row.memory.producers
    for pid in before.keys() | image.producers.keys():
        old = list(before.get(pid, {}).items())
        new = list(image.producers.get(pid, {}).items())
        if old != new:
            row.iids_removed += [(pid, iid) for iid, _ in old]
            for iid, entry_id in new:
                row.iids_put[pid, iid] = (entry_id, catalog.next_put)
                catalog.next_put += 1
            catalog.touched[row] = True
    row.memory.producers = {pid: dict(iids) for pid, iids in image.producers.items()}
    row.memory.iids_tracked = sum(map(len, row.memory.producers.values()))


def _take_group(
    catalog: Catalog, row: StreamRow, image: GroupImage, connection: sqlite3.Connection | None
) -> None:
    group = row.groups.get(image.name)
    if group is None:
        number = next(catalog.numbers.groups)
        group = GroupRow(number, image.name, image.last_id, image.entries_read)
        row.groups[image.name] = group
        catalog.touched_groups[group] = row.id
    elif (group.last_id, group.entries_read) != (image.last_id, image.entries_read):
        group.last_id, group.entries_read = image.last_id, image.entries_read
        catalog.touched_groups[group] = row.id
    _take_consumers(catalog, group, image)
    new = _pending(catalog, group, image, 0 if connection else catalog.next_put)
    old = _stored_pending(connection, group) if connection else {}
    changed = {entry_id: held for entry_id, held in new.items() if old.get(entry_id) != held}
    group.changed.update(dict.fromkeys(old.keys() - new.keys()))
    group.changed.update(changed)
    if group.changed:
        catalog.touched_groups[group] = row.id


def _take_consumers(catalog: Catalog, group: GroupRow, image: GroupImage) -> None:
    names = {consumer.name for consumer in image.consumers}
    for name in [name for name in group.consumers if name not in names]:
        catalog.drop_consumer(group, name)
    for name, seen_ms, active_ms in image.consumers:
        consumer = group.consumers.get(name)
        if consumer is None:
            number = next(catalog.numbers.consumers)
            consumer = group.consumers[name] = ConsumerRow(number, name, seen_ms, active_ms)
        elif (consumer.seen_ms, consumer.active_ms) == (seen_ms, active_ms):
            continue
        consumer.seen_ms, consumer.active_ms = seen_ms, active_ms
        catalog.touched_consumers[consumer] = group.id


def _pending(
    catalog: Catalog, group: GroupRow, image: GroupImage, base: int
) -> dict[StreamId, Held]:
    """Return what is pending as it is stored.

    Of equal times those with the smaller order are older, then those with the smaller ID. So
    the order only counts how often the ID steps back, and mostly stays the same while others
    come and go.
    """
    owned = [(held.time_ms, entry_id) for entry_id, held in image.pending.items() if held.consumer]
    owned.sort(key=lambda item: item[0])
    pending: dict[StreamId, Held] = {}
    before, order = (-1, (0, 0)), base
    for time_ms, entry_id in owned:
        if time_ms != before[0]:
            order = base
        elif entry_id < before[1]:
            order += 1
        before = (time_ms, entry_id)
        held = image.pending[entry_id]
        assert held.consumer is not None
        number = group.consumers[held.consumer.name].id
        pending[entry_id] = (number, time_ms, held.delivery_count, order)
        catalog.next_put = max(catalog.next_put, order + 1)
    last, order = (0, 0), base
    for entry_id in image.released:
        order += entry_id < last
        last = entry_id
        pending[entry_id] = (None, 0, image.pending[entry_id].delivery_count, order)
        catalog.next_put = max(catalog.next_put, order + 1)
    return pending


def _stored_pending(connection: sqlite3.Connection, group: GroupRow) -> dict[StreamId, Held]:
    query = """SELECT ms, seq, consumer_id, delivered_ms, delivery_count, put_order
        FROM pending WHERE group_id = ?"""
    return {
        (unsigned(ms), unsigned(seq)): (consumer_id, delivered_ms, count, order)
        for ms, seq, consumer_id, delivered_ms, count, order in connection.execute(
            query, (group.id,)
        )
    }
