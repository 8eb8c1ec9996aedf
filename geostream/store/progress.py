"""How far a group has come in a stream: how many entries it has read, and how many it has yet to.

Entries were deleted here and there, so neither follows from the IDs. A stream knows how many
entries it ever had, and the highest ID that was deleted; where that is not enough the answer
is None, in the same cases as Redis'. It goes entry by entry; here what comes between is not
looked at.

Behaviour: https://redis.io/docs/latest/commands/xinfo-groups/
"""

from __future__ import annotations

from array import array

from geostream.store import halves
from geostream.store.group import Group
from geostream.store.ids import MIN_ID, StreamId
from geostream.store.stream import Stream


def _has_tombstone_after(stream: Stream, ms: int, seq: int) -> bool:
    """Tell whether an entry at or after this ID may have been deleted."""
    deleted_ms, deleted_seq = stream.max_deleted_id
    if not deleted_ms and not deleted_seq:
        return False
    return stream.length > 0 and (ms < deleted_ms or (ms == deleted_ms and seq <= deleted_seq))


def _is_before(group: Group, entry_id: StreamId) -> bool:
    """Tell whether a group stands below an ID."""
    ms, seq = entry_id
    return group.last_ms < ms or (group.last_ms == ms and group.last_seq < seq)


def estimate_entries_read(stream: Stream, position: StreamId) -> int | None:
    """Return how many entries were ever added up to this ID; None if nobody knows."""
    if not stream.entries_added:
        return 0
    if not stream.length and position <= stream.last_id:
        return stream.entries_added
    if position != MIN_ID and position < stream.max_deleted_id:
        return None
    if position >= stream.last_id:
        return stream.entries_added if position == stream.last_id else None
    first_id = stream.first_id
    if stream.max_deleted_id == MIN_ID or stream.max_deleted_id < first_id:
        if position < first_id:
            return stream.entries_added - stream.length
        if position == first_id:
            return stream.entries_added - stream.length + 1
    return None


def entries_read_after(stream: Stream, group: Group, places: array[int]) -> int | None:
    """Return what a group's entries_read becomes when it is given its next entries. O(1).

    places -- IDs of the first entries after the group's position, at least one: ms, seq, ...

    Redis goes entry by entry: it counts on while the number is known and nothing was
    deleted ahead, else it estimates anew. Estimates are known for the stream's first
    and last entry only, so what comes between need not be looked at.
    """
    read, count = group.entries_read, len(places) // 2
    if (
        read is not None
        and not _is_before(group, stream.oldest_id())
        and not _has_tombstone_after(stream, group.last_ms, group.last_seq)
    ):
        return read + count
    read = estimate_entries_read(stream, (halves.half(places, 0), halves.half(places, 1)))
    if read is not None:
        return read + count - 1
    last = 2 * count - 2
    return estimate_entries_read(stream, (halves.half(places, last), halves.half(places, last + 1)))


def lag(stream: Stream, group: Group) -> int | None:
    """Return how many entries a group has yet to read; None where Redis does not know."""
    if not stream.entries_added or not stream.length:
        return 0
    first_id = stream.first_id
    if _is_before(group, first_id) and stream.max_deleted_id < first_id:
        return stream.length
    if group.entries_read is not None and not _has_tombstone_after(
        stream, group.last_ms, group.last_seq
    ):
        return stream.entries_added - group.entries_read
    read = estimate_entries_read(stream, group.last_id)
    return None if read is None else stream.entries_added - read
