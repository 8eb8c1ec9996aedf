"""A stream value, read: nodes, counters, groups, remembered messages.

A value is checked in full, always: it may come from a file that a disk has damaged or from a
client that means harm. What one part says about another must agree: the length and the entries,
a group's pending entries and those of its consumers.

What older types lack is filled in as Redis does: the counters from the entries, the active time
of a consumer from when it was seen, a group's entries-read from its position.
"""

from __future__ import annotations

from geostream.rdb.errors import SHORT, BadValue
from geostream.rdb.node_reader import BAD_KEY, KEY_PREFIX, BadNode, NodeReader
from geostream.rdb.stream_types import (
    ACTIVE_TIME,
    COUNTERS,
    I64_MAX,
    IDMP,
    NACK,
    UNKNOWN_READ,
)
from geostream.rdb.strings import Cursor
from geostream.store import progress
from geostream.store.group import NEVER
from geostream.store.ids import StreamId
from geostream.store.images import (
    ConsumerImage,
    GroupImage,
    IdmpImage,
    PendingImage,
    StreamImage,
    restore,
)


def read_stream(cursor: Cursor, kind: int) -> StreamImage:
    """Take a stream value of this type. Raises BadValue. O(bytes)."""
    image = StreamImage()
    _read_nodes(cursor, image)
    _read_counters(cursor, image, kind)
    names: set[bytes] = set()
    for _ in range(cursor.length()):
        at = cursor.at
        group = _read_group(cursor, kind)
        if group.name in names:
            raise BadValue(at, "Duplicated consumer group name")
        names.add(group.name)
        image.groups.append(group)
    if kind < COUNTERS and image.groups:
        estimate = restore(StreamImage(image.segments, image.node_first_ids, *_counters(image)))
        for group in image.groups:
            group.entries_read = progress.estimate_entries_read(estimate, group.last_id)
    if kind >= IDMP:
        image.idmp = _read_idmp(cursor)
    return image


def _counters(image: StreamImage) -> tuple[StreamId, StreamId, int]:
    return image.last_id, image.max_deleted_id, image.entries_added


def _read_nodes(cursor: Cursor, image: StreamImage) -> None:
    count, begin = cursor.length(), cursor.at
    if count > cursor.end - begin:
        raise BadValue(begin, SHORT)
    reader = NodeReader(count)
    if not reader.add_stored(cursor, count):
        cursor.at = begin
        reader = _sorted_nodes(cursor, count)
    reader.finish()
    at = cursor.at
    if cursor.length() != reader.length:
        raise BadValue(at, "Stream length inconsistent with the number of valid entries")
    image.segments = reader.segments
    image.node_first_ids = reader.nodes()
    image.last_id = reader.last_id


def _sorted_nodes(cursor: Cursor, count: int) -> NodeReader:
    """Take nodes that are in no order."""
    places = sorted(_node_places(cursor, count))
    behind = cursor.at
    reader = NodeReader()
    previous: StreamId | None = None
    for key, at in places:
        if key == previous:
            raise BadValue(at, "Listpack re-added with existing key")
        previous = key
        cursor.at = at
        blob = cursor.string()
        try:
            reader.add(key, blob, cursor.at - at)
        except BadNode as error:
            raise BadValue(at, str(error)) from None
    cursor.at = behind
    return reader


def _node_places(cursor: Cursor, count: int) -> list[tuple[StreamId, int]]:
    """Pass over the nodes; return the key of each and where its listpack is."""
    places = []
    for _ in range(count):
        if cursor.byte() != KEY_PREFIX:
            raise BadValue(cursor.at - 1, BAD_KEY)
        key = cursor.raw_id()
        places.append((key, cursor.at))
        cursor.skip_string()
    return places


def _read_counters(cursor: Cursor, image: StreamImage, kind: int) -> None:
    image.last_id = max(image.last_id, cursor.length_id())
    if kind >= COUNTERS:
        cursor.length_id()  # the first ID: the entries tell
        image.max_deleted_id = cursor.length_id()
        image.entries_added = _count(cursor)
    else:
        image.entries_added = image.length


def _count(cursor: Cursor) -> int:
    at = cursor.at
    value = cursor.length()
    if value > I64_MAX:
        raise BadValue(at, "a counter is too large")
    return value


def _read_group(cursor: Cursor, kind: int) -> GroupImage:
    name = cursor.string()
    last_id = cursor.length_id()
    entries_read: int | None = None
    if kind >= COUNTERS:
        at = cursor.at
        entries_read = cursor.length()
        if entries_read == UNKNOWN_READ:
            entries_read = None
        elif entries_read > I64_MAX:
            raise BadValue(at, "a counter is too large")
    deliveries = _read_deliveries(cursor)
    consumers: list[ConsumerImage] = []
    pending: dict[StreamId, PendingImage] = {}
    owners: dict[StreamId, ConsumerImage | None] = {}
    names: set[bytes] = set()
    for _ in range(cursor.length()):
        at = cursor.at
        consumer = _read_consumer(cursor, kind)
        if consumer.name in names:
            raise BadValue(at, "Duplicated consumer name")
        names.add(consumer.name)
        consumers.append(consumer)
        _read_owned(cursor, deliveries, owners, consumer)
    released: list[StreamId] = []
    if kind >= NACK:
        already = len(owners)
        _read_owned(cursor, deliveries, owners, None)
        released = list(owners)[already:]
    if len(owners) != len(deliveries):
        raise BadValue(cursor.at, "a pending entry has no consumer")
    for entry_id, (time_ms, count) in deliveries.items():
        pending[entry_id] = PendingImage(owners[entry_id], time_ms, count)
    return GroupImage(name, last_id, entries_read, consumers, pending, released)


def _read_deliveries(cursor: Cursor) -> dict[StreamId, tuple[int, int]]:
    """Take a group's pending entries: ID, delivery time and count."""
    deliveries: dict[StreamId, tuple[int, int]] = {}
    for _ in range(cursor.length()):
        at = cursor.at
        entry_id = cursor.raw_id()
        if entry_id in deliveries:
            raise BadValue(at, "Duplicated global PEL entry loading stream consumer group")
        deliveries[entry_id] = (cursor.i64(), _count(cursor))
    return deliveries


def _read_consumer(cursor: Cursor, kind: int) -> ConsumerImage:
    name, seen_ms = cursor.string(), cursor.i64()
    active_ms = max(cursor.i64(), NEVER) if kind >= ACTIVE_TIME else seen_ms
    return ConsumerImage(name, seen_ms, active_ms)


def _read_owned(
    cursor: Cursor,
    deliveries: dict[StreamId, tuple[int, int]],
    owners: dict[StreamId, ConsumerImage | None],
    consumer: ConsumerImage | None,
) -> None:
    """Take the IDs of what one consumer has pending, or of what nobody has."""
    for _ in range(cursor.length()):
        at = cursor.at
        entry_id = cursor.raw_id()
        if entry_id not in deliveries:
            raise BadValue(at, "Consumer entry not found in group global PEL")
        if entry_id in owners:
            raise BadValue(at, "a pending entry has two consumers")
        owners[entry_id] = consumer


def _read_idmp(cursor: Cursor) -> IdmpImage:
    at = cursor.at
    duration_s, max_size = _count(cursor), _count(cursor)
    if not (duration_s and max_size):
        raise BadValue(at, "messages are remembered for no time, or none of them")
    producers: dict[bytes, dict[bytes, StreamId]] = {}
    for _ in range(cursor.length()):
        at = cursor.at
        pid = cursor.string()
        if pid in producers:
            raise BadValue(at, "a producer twice in a stream")
        iids = producers[pid] = {}
        for _ in range(cursor.length()):
            at = cursor.at
            iid = cursor.string()
            if iid in iids:
                raise BadValue(at, "a message twice of one producer")
            iids[iid] = cursor.length_id()
    known = {pid: iids for pid, iids in producers.items() if iids}
    added, duplicates = _count(cursor), _count(cursor)
    return IdmpImage(duration_s, max_size, added, duplicates, known)
