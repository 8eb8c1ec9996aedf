"""Import and export: all keys, or some, from one place to another.

Both verbs are the same move; they differ in which side may be left out. Keys whose time has
come are not moved. What happens to a key that cannot be moved concerns that key only; what
concerns all of them ends the move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from geostream.engine.glob import glob_matches
from geostream.tools.errors import Misuse, ToolError
from geostream.tools.items import Item
from geostream.tools.live import TIMEOUT_S, Server
from geostream.tools.live_source import LiveSource
from geostream.tools.live_target import LiveTarget
from geostream.tools.new_stores import FileTarget
from geostream.tools.places import FilePlace, Place, ServerPlace
from geostream.tools.stores import read_store
from geostream.tools.tally import Tally

#: Shows how far something is that has so many steps.
Progress = Callable[[Iterable[Item], int], AbstractContextManager[Iterable[Item]]]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be moved, and how."""

    key: bytes | None = None  # a glob
    db: int | None = None
    replaces: bool = False
    dry_run: bool = False
    rdb_version: int | None = None
    timeout_s: float = TIMEOUT_S


class _Target(Protocol):
    def lacks(self, databases: Iterable[int]) -> list[int]: ...

    def look(self, items: Iterable[Item], tally: Tally) -> None: ...

    def put(self, items: Iterable[Item], tally: Tally) -> None: ...


@dataclass(slots=True)
class Move:
    """One move; ``tally`` tells what has been moved, also when it broke off."""

    source: Place
    target: Place
    wishes: Wishes
    now_ms: int
    tally: Tally = field(default_factory=Tally)

    def run(self, progress: Progress) -> None:
        """Do it, or with ``dry_run`` find out what would be done. Raises ToolError, Misuse."""
        self._check()
        with ExitStack() as stack:
            items, databases, keys = self._open_source(stack)
            target = self._open_target(stack, databases)
            lacking = target.lacks(databases)
            if lacking:
                names = ", ".join(map(str, lacking))
                raise ToolError(f"the target has no database {names}; nothing was moved")
            shown = stack.enter_context(progress(self._unexpired(items), keys))
            if self.wishes.dry_run:
                target.look(shown, self.tally)
            else:
                target.put(shown, self.tally)

    def _check(self) -> None:
        source, target = self.source, self.target
        same = str(source) == str(target)
        if isinstance(source, FilePlace) and isinstance(target, FilePlace):
            same = source.path.resolve() == target.path.resolve()
        if same:
            raise Misuse(f"source and target are the same: {source}")
        is_rdb = isinstance(target, FilePlace) and target.kind == "rdb"
        if self.wishes.rdb_version is not None and not is_rdb:
            raise Misuse("--version is for a target that is an RDB file")

    def _open_source(self, stack: ExitStack) -> tuple[Iterable[Item], Sequence[int], int]:
        """Return items, the databases they are in, and about how many there are."""
        wishes, source = self.wishes, self.source
        if isinstance(source, ServerPlace):
            if wishes.db is not None and source.db not in (None, wishes.db):
                raise Misuse(f"--db {wishes.db} and {source} name two databases")
            server = stack.enter_context(closing(Server(source, wishes.timeout_s)))
            db = source.db if wishes.db is None else wishes.db
            live = LiveSource(server, wishes.key, db)
            return live.items(self.tally), live.databases, live.keys
        contents = read_store(source, self.now_ms, takes_torn=True)
        if contents.damage is not None:
            raise ToolError(
                f"{contents.damage}; nothing was moved; 'geostream repair' copies what is good"
            )
        self.tally.remarks += contents.remarks
        if contents.failed:
            self.tally.remarks.append(f"{contents.failed:,} stored commands did nothing")
        for kind, count in contents.left_out.items():
            self.tally.leave_out(kind, count=count)
        self.tally.left_out_names += contents.left_out_names
        items = [item for item in contents.items if self._is_wished(item)]
        return items, sorted({item.db for item in items}), len(items)

    def _is_wished(self, item: Item) -> bool:
        wishes = self.wishes
        if wishes.db is not None and item.db != wishes.db:
            return False
        return wishes.key is None or glob_matches(wishes.key, item.key)

    def _open_target(self, stack: ExitStack, databases: Sequence[int]) -> _Target:
        wishes, target = self.wishes, self.target
        if isinstance(target, ServerPlace):
            if target.db is not None and len(databases) > 1:
                raise Misuse(
                    f"{target} names one database, and the keys are in {len(databases)}:"
                    " say which with --db"
                )
            server = stack.enter_context(closing(Server(target, wishes.timeout_s)))
            return LiveTarget(server, target.db, replaces=wishes.replaces)
        options: dict[str, Any] = {}
        if wishes.rdb_version is not None:
            options["rdb_version"] = wishes.rdb_version
        return FileTarget(target, self.now_ms, replaces=wishes.replaces, options=options)

    def _unexpired(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            if item.expires_at_ms is not None and item.expires_at_ms <= self.now_ms:
                self.tally.expired += 1
            else:
                yield item
