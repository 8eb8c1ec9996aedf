"""A plugin in memory whose disk does what a test says: waits, fails, is well again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from geostream.persistence.api import Effect, Persistence, Stored

LIMIT_S = 30.0


class ScriptedPlugin(Persistence):
    """Keeps batches in lists; what it lets through is up to events and errors."""

    name = "scripted"

    def __init__(self, appends: bool = True) -> None:
        super().__init__(Path(), {})
        self.appends = appends
        self.gathered: list[bytes] = []  # keys
        self.batches: list[list[Effect]] = []
        self.images: list[list[Effect]] = []
        self.calls: list[str] = []
        self.gather_error: Exception | None = None
        self.append_error: Exception | None = None
        self.sync_error: Exception | None = None
        self.snapshot_error: Exception | None = None
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.wants = False

    def open(self) -> None:
        self.calls.append("open")

    def is_empty(self) -> bool:
        return True

    def load(self) -> Iterator[Stored]:
        return iter(())

    def gather(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        if self.gather_error is not None:
            raise self.gather_error
        self.gathered += [effect.key for effect in effects]
        return effects

    def append(self, batch: Sequence[Effect]) -> None:
        if self.append_error is not None:
            raise self.append_error
        self.calls.append("append")
        self.batches.append(list(batch))

    def sync(self) -> None:
        assert self.may_sync.wait(LIMIT_S)
        if self.sync_error is not None:
            raise self.sync_error
        self.calls.append("sync")

    def begin_snapshot(self) -> None:
        self.calls.append("begin")

    def snapshot(self, image: Iterable[Effect]) -> None:
        try:
            taken = list(image)
        except Exception:
            self.calls.append("interrupted")
            raise
        if self.snapshot_error is not None:
            raise self.snapshot_error
        self.images.append(taken)

    def finish_snapshot(self, error: BaseException | None) -> None:
        self.calls.append("finish" if error is None else "give up")

    def wants_snapshot(self) -> bool:
        return self.wants

    def close(self) -> None:
        self.calls.append("close")
