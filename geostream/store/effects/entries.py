"""Effects on the entries of a stream, and on a stream as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geostream.store.effects.effect import Change
from geostream.store.ids import StreamId

if TYPE_CHECKING:
    from geostream.store.images import StreamImage


class StreamRestored(Change):
    """A key came to hold a whole stream; what it held before is gone, its expiry stays.

    Told as ``new`` (class n), whether or not there was such a key, then as ``restore``.
    """

    image: StreamImage
    replaced: str = ""  # as with StringSet

    changes = 1
    event = "restore"
    event_class = "g"
    touches_watch = True
    wakes = True
    is_wide = True

    def __repr__(self) -> str:
        return f"StreamRestored({self.db}, {self.key!r}, {self.image.length} entries)"


class EntriesTrimmed(Change):
    """The oldest entries were taken away."""

    count: int
    nodes: int  # of Redis' nodes that went as a whole with them
    floor: StreamId  # the first entry that stays; the highest ID there is if none does
    left: int  # how many stay
    changes: int = 0  # XTRIM: as many as entries; XADD: 0

    event = "xtrim"
    event_class = "t"
    touches_watch = True


class EntriesDeleted(Change):
    """Entries were taken away wherever they stood."""

    ids: list[StreamId]
    max_deleted_id: StreamId  # of the stream, afterwards
    by_trimming: bool  # XTRIM ACKED, which passes over entries; nodes left empty stay, for now
    changes: int = 0  # XDEL, XDELEX, XTRIM: as many as entries

    event_class = "t"
    touches_watch = True


class EmptyNodesDropped(Change):
    """A trim passed so many of Redis' nodes; those without entries went. No news for anybody."""

    nodes: int

    changes = 0


class StreamIdSet(Change):
    """A stream's counters were set (XSETID)."""

    last_id: StreamId
    entries_added: int
    max_deleted_id: StreamId

    event = "xsetid"
    event_class = "t"
