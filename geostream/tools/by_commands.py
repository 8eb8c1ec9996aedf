"""A value as commands that make it again, for servers that take no RESTORE.

Entries are added in their order. What is pending although its entry is gone cannot be claimed,
so for each of those a stand-in entry is added, and taken away once it is claimed; an empty stream
is one whose only entry was a stand-in. Then the counters are set to what they were, as far as
the server has them (7.0 on).

What commands cannot say: when consumers were last seen, that pending entries are nobody's (they
go to a consumer), and producers' messages. It is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby

import hiredis

from geostream.store.ids import MIN_ID, StreamId, id_bytes
from geostream.store.images import GroupImage, Held, StreamImage
from geostream.tools.live import Request
from geostream.tools.tally import Tally

STAND_IN_CONSUMER = b"released"
STAND_IN_FIELDS = (b"-", b"-")
ANY_ID: StreamId = (0, 1)
CLAIMED_AT_ONCE = 100
DELETED_AT_ONCE = 500


def making(
    key: bytes, value: bytes | StreamImage, tally: Tally, *, has_counters: bool
) -> Iterator[Request]:
    """Yield the commands that make a key which is not there. O(entries + pending log pending).

    has_counters -- the server is of version 7.0 or newer
    """
    if isinstance(value, bytes):
        yield ("SET", key, value)
        return
    ghosts = _ghosts(value)
    for entry_id, fields in merge(_entries(value), ((ghost, STAND_IN_FIELDS) for ghost in ghosts)):
        yield ("XADD", key, id_bytes(entry_id), *fields)
    for group in value.groups:
        yield from _making_group(key, group, tally, has_counters)
    yield from _taking_away(key, value, ghosts)
    set_id: list[bytes | str | int] = ["XSETID", key, id_bytes(value.last_id)]
    if has_counters:
        set_id += ["ENTRIESADDED", value.entries_added]
        set_id += ["MAXDELETEDID", id_bytes(value.max_deleted_id)]
    yield set_id
    messages = sum(map(len, value.idmp.producers.values()))
    tally.lose("messages of producers", messages)


def _entries(image: StreamImage) -> Iterator[tuple[StreamId, Sequence[bytes]]]:
    reader = hiredis.Reader()
    for entry_id, wire in image.entries():
        reader.feed(bytes(wire))
        yield entry_id, reader.gets()[1]


def _ghosts(image: StreamImage) -> list[StreamId]:
    """Return the IDs of pending entries that are gone, ascending; one at least if all are."""
    live = {entry_id for segment in image.segments for entry_id in segment.ids(0, len(segment))}
    pending = {entry_id for group in image.groups for entry_id in group.pending}
    ghosts = sorted(pending - live - {MIN_ID})
    return ghosts if ghosts or live else [ANY_ID]


def _taking_away(key: bytes, image: StreamImage, ghosts: list[StreamId]) -> Iterator[Request]:
    """Yield what removes stand-ins; trimming, where it can, leaves the highest deleted ID alone."""
    if not image.length:
        yield ("XTRIM", key, "MAXLEN", "=", 0)
        return
    first_id = image.first_id
    if ghosts and ghosts[0] < first_id:
        yield ("XTRIM", key, "MINID", "=", id_bytes(first_id))
    within = [ghost for ghost in ghosts if ghost > first_id]
    for start in range(0, len(within), DELETED_AT_ONCE):
        yield ("XDEL", key, *map(id_bytes, within[start : start + DELETED_AT_ONCE]))


def _making_group(
    key: bytes, group: GroupImage, tally: Tally, has_counters: bool
) -> Iterator[Request]:
    create: list[bytes | str | int] = ["XGROUP", "CREATE", key, group.name, id_bytes(group.last_id)]
    if has_counters:
        create += ["ENTRIESREAD", -1 if group.entries_read is None else group.entries_read]
    yield create
    for consumer in group.consumers:
        yield ("XGROUP", "CREATECONSUMER", key, group.name, consumer.name)
    tally.lose("times at which consumers were last seen", len(group.consumers))
    names = sorted(consumer.name for consumer in group.consumers)
    taker = names[0] if names else STAND_IN_CONSUMER
    tally.lose("pending entries of nobody, which were given to a consumer", len(group.released))
    held = sorted(group.pending.items(), key=lambda item: (item[1].time_ms, item[0]))
    for (owner, time_ms, count), run in groupby(held, lambda item: _claim(item[1], taker)):
        ids = [id_bytes(entry_id) for entry_id, _ in run]
        for start in range(0, len(ids), CLAIMED_AT_ONCE):
            part = ids[start : start + CLAIMED_AT_ONCE]
            how = ("TIME", time_ms, "RETRYCOUNT", count, "FORCE", "JUSTID")
            yield ("XCLAIM", key, group.name, owner, 0, *part, *how)


def _claim(held: Held, taker: bytes) -> tuple[bytes, int, int]:
    owner = taker if held.consumer is None else held.consumer.name
    return owner, held.time_ms, held.delivery_count
