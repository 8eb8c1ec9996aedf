"""Effects on groups, on what they have pending, and on producers."""

from __future__ import annotations

from geostream.store.effects.effect import Change
from geostream.store.ids import StreamId


class GroupCreated(Change):
    """A group came to be."""

    group: bytes
    last_id: StreamId
    entries_read: int | None

    event = "xgroup-create"
    event_class = "t"


class GroupMoved(Change):
    """A group reads on from elsewhere."""

    group: bytes
    last_id: StreamId
    entries_read: int | None
    told: bool  # XGROUP SETID is; XCLAIM LASTID is not
    changes: int = 1  # XCLAIM that claimed something: 0

    event = "xgroup-setid"
    event_class = "t"


class GroupDestroyed(Change):
    """A group is gone with its consumers and what they had pending."""

    group: bytes

    event = "xgroup-destroy"
    event_class = "t"
    wakes_groups = True


class ConsumerCreated(Change):
    """A group has one consumer more."""

    group: bytes
    consumer: bytes
    seen_ms: int

    event = "xgroup-createconsumer"
    event_class = "t"


class ConsumerDeleted(Change):
    """A consumer is gone with what it had pending."""

    group: bytes
    consumer: bytes

    event = "xgroup-delconsumer"
    event_class = "t"


class ConsumerSeen(Change):
    """A consumer asked for something, and maybe was given an entry to keep."""

    group: bytes
    consumer: bytes
    seen_ms: int
    active_ms: int  # -1: never

    changes = 0


class Claimed(Change):
    """Pending entries, there before or not, became a consumer's."""

    group: bytes
    consumer: bytes
    records: list[tuple[StreamId, int, int]]  # ID, delivery time in ms, delivery count
    changes: int = 0  # XCLAIM, XAUTOCLAIM: as many as claimed


class Released(Change):
    """Pending entries, there before or not, became nobody's (XNACK)."""

    group: bytes
    records: list[tuple[StreamId, int]]  # ID, delivery count
    changes: int = 0  # as many as were released

    wakes_groups = True


class IdmpConfigured(Change):
    """A stream remembers producers' messages otherwise, and has forgotten all of them."""

    duration_s: int
    max_size: int


class IdmpRecorded(Change):
    """A producer's message is remembered with its entry."""

    pid: bytes
    iid: bytes
    id: StreamId

    changes = 0
    is_wide = True


class IdmpDuplicate(Change):
    """A message came again and was not added."""


class IdmpExpired(Change):
    """Messages whose entries' IDs are not after a time are forgotten."""

    floor_ms: int

    changes = 0
