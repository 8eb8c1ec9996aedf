"""The groups of one stream, and what is asked about all of them at once.

Ten thousand groups may read one stream, and some questions about all of them come with every
command: how much memory they take, what the slowest has read, which have something pending.
So the answers are kept, and brought up to date from the groups that changed since the last
question. Whoever changes a group takes it by ``changing``.
"""

from __future__ import annotations

from collections.abc import Iterable

from geostream.store.group import Group
from geostream.store.ids import MAX_ID, StreamId

GROUP_BYTES = 1000  # what a group costs without consumers and pending entries, about

_NOTHING: tuple[int, StreamId | None] = (0, None)


class Groups(dict[bytes, Group]):
    """Groups by name, in the order in which they were made."""

    __slots__ = ("_changed", "_holders", "_known", "_size_bytes", "_slowest", "_slowest_id")

    def __init__(self, groups: Iterable[tuple[bytes, Group]] = ()) -> None:
        """Hold the groups given."""
        super().__init__(groups)
        self._changed = dict.fromkeys(self)  # in their order: effects follow it
        for group in self.values():
            group.is_changing = True
        self._known: dict[
            bytes, tuple[int, StreamId | None]
        ] = {}  # size and last ID when last asked
        self._size_bytes = 0
        self._holders: dict[bytes, Group] = {}
        self._slowest_id = MAX_ID  # the smallest last ID of those known
        self._slowest = 0  # how many have it; 0 with groups there: not known

    def changing(self, name: bytes) -> Group:
        """Return a group that is going to change."""
        group = self[name]
        if not group.is_changing:
            group.is_changing = True
            self._changed[name] = None
        return group

    def put(self, name: bytes, group: Group) -> None:
        """Add a group, in place of another if there is one."""
        before = self.get(name)
        if before is not None:
            before.is_gone = True
        self[name] = group
        self._changed[name] = None
        group.is_changing = True

    def drop(self, name: bytes) -> None:
        """Take a group away."""
        self.pop(name).is_gone = True
        self._changed[name] = None

    @property
    def size_bytes(self) -> int:
        """About how much memory they take. O(groups changed since the last question)."""
        self._catch_up()
        return self._size_bytes

    @property
    def holders(self) -> dict[bytes, Group]:
        """Those with something pending; do not change it. O(changed since the last question)."""
        self._catch_up()
        return self._holders

    @property
    def read_by_all(self) -> StreamId:
        """The last ID that every group has read, the largest if there is none.

        O(groups changed since the last question), and O(groups) when the slowest moved on.
        """
        self._catch_up()
        if self and not self._slowest:
            positions = [group.last_id for group in self.values()]
            self._slowest_id = min(positions)
            self._slowest = positions.count(self._slowest_id)
        return self._slowest_id if self else MAX_ID

    def _catch_up(self) -> None:
        for name in self._changed:
            self._holders.pop(name, None)
            size_bytes, position = self._known.pop(name, _NOTHING)
            self._size_bytes -= size_bytes
            group = self.get(name)
            if group is not None:
                group.is_changing = False
                self._enter(name, group)
            now = group.last_id if group is not None else None
            if now != position:  # or the slowest would be sought again for nothing
                self._note_position(position, now)
        self._changed.clear()

    def _enter(self, name: bytes, group: Group) -> None:
        size_bytes = GROUP_BYTES + group.size_bytes
        self._known[name] = (size_bytes, group.last_id)
        self._size_bytes += size_bytes
        if group.pending:
            self._holders[name] = group

    def _note_position(self, before: StreamId | None, now: StreamId | None) -> None:
        """Keep the slowest up to date, if it is known, for one group that moved."""
        if self._slowest and before == self._slowest_id:
            self._slowest -= 1
        if not self._slowest or now is None:
            return
        if now < self._slowest_id:
            self._slowest_id, self._slowest = now, 1
        elif now == self._slowest_id:
            self._slowest += 1
