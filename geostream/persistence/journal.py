"""From the engine's effects to batches, and from the disk's word to replies that may leave.

What all clients changed in a turn of the hub is one batch with a number; at the end of the
turn it goes to every writer (writer.py). With ``always`` no reply leaves before the batch is
synced whose effects it tells or could have seen; the replies of clients that only read wait
as well, because a crash could take back what they saw. While the disk is quick the hub waits
with them: nobody could be answered anyway, and what is asked meanwhile shares the next sync.

With ``everysec`` replies wait only when the disk is more than ``STALLED_S`` behind, so no more
than that can ever be lost. Where no reply waits, a batch is what changed within ``GATHER_S``:
handing over costs both threads, and the writers' threads take the interpreter from the hub each
time they wake. Meanwhile effects are given to the plugins some at a time (``Persistence.gather``),
which may have them in their own form at once: thousands of small objects, kept for another
thread to read and free, cost more than writing them down while they are in the processor's cache.

When a disk fails, writes are refused (``refusal``), and the replies that wait are given up:
whoever wrote is told that it is not on disk, whoever read gets what it asked for. What was
changed stays in memory, and is written when the disk recovers.

The hub side of it: everything here runs in the hub's thread. Writers wake it through an
asynchronous watcher.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from gevent import get_hub
from gevent.event import AsyncResult

from geostream import errors
from geostream.clock import Clock
from geostream.engine.gate import Gate
from geostream.persistence.api import Persistence
from geostream.persistence.writer import Failure, Writer
from geostream.store.effects import Effect
from geostream.store.effects.entry_added import EntryAdded

AWAIT_S = 0.01  # longest that the hub stands still for a sync, with ``always``
GATHER_S = 0.03  # of changes that are one batch, where no reply waits for them
GATHERED_EFFECTS = 10_000  # most that are held back, about
PORTION_EFFECTS = 128  # gathered at a time ...
PORTION_BYTES = 64 * 1024  # ... or fewer, if they are large
STALLED_S = 1.0  # the disk is so far behind, beyond the second that everysec allows

# The same as numbers in C, see journal.pxd.
_PORTION_EFFECTS, _PORTION_BYTES = PORTION_EFFECTS, PORTION_BYTES

Done = Callable[[Any, BaseException | None], None]


class Replies(Protocol):
    """Whoever holds replies back."""

    def release(self, number: int) -> None:
        """Let the replies go that wait for this batch or an earlier one."""

    def refuse_held(self, line: bytes) -> None:
        """Answer what waits: an error to whoever wrote, the reply to whoever read."""


class Journal(Gate):
    """The batches of one engine, and the writers."""

    def __init__(
        self,
        fsync: str,
        clock: Clock,
        on_fault: Callable[[str, BaseException], None],
        on_change: Callable[[], None],
    ) -> None:
        """Begin without writers.

        on_change -- called when ``failing`` or the failure of a writer has changed
        """
        self.writers: list[Writer] = []
        self.replies: Replies | None = None
        self.failing: tuple[Persistence, Failure] | None = None  # the first writer that fails
        self._fsync = fsync
        self._clock = clock
        self._on_fault = on_fault
        self._on_change = on_change
        self.appending: list[
            Writer
        ] = []  # those that are given batches; never changed, but replaced
        self._open: list[Effect] = []  # not gathered
        self._open_bytes = 0  # of their entries
        self._changes = 0  # not handed over, gathered or not
        self._open_s = 0.0  # since when ...
        self._gathers = False  # ... if there are some, and they wait for more
        self._number = 0  # of the last batch handed over
        self._synced = 0  # the last batch that all writers have synced, as far as heard
        self._handed: deque[tuple[int, float]] = deque()  # number and time of those after it
        self._holds = False  # replies wait for the disk
        self._finished: list[tuple[Done, Any, BaseException | None]] = []
        self._loop = get_hub().loop
        self._progress = self._loop.async_()
        self._progress.start(self._on_progress)
        self._gathering = self._loop.timer(GATHER_S)

    # Writers

    def add(self, plugin: Persistence) -> Writer:
        """Start a writer; it is given the batches from now on."""
        self.hand_over()
        writer = Writer(plugin, self._fsync, self._clock, self._progress.send, self._on_fault)
        writer.appended = writer.synced = self._number
        self.writers.append(writer)
        self._note_appending()
        self._settle()
        return writer

    def remove(self, writer: Writer) -> None:
        """Give a writer no more; stopping it is the caller's business."""
        self.hand_over()
        self.writers.remove(writer)
        self._note_appending()
        self._on_progress()

    def _note_appending(self) -> None:
        self.appending = [writer for writer in self.writers if writer.plugin.appends]

    def set_fsync(self, fsync: str) -> None:
        """Go by another policy."""
        self.hand_over()
        self._fsync = fsync
        for writer in self.writers:
            writer.fsync = fsync
            writer.request_sync()
        self._settle()

    def call(self, writer: Writer, function: Callable[[], Any], done: Done) -> None:
        """Have a writer's thread do something between two batches; tell the outcome in the hub."""

        def finished(result: Any, error: BaseException | None) -> None:
            self._finished.append((done, result, error))

        writer.call(function, finished)

    def ask(self, writer: Writer, function: Callable[[], Any]) -> AsyncResult:
        """Have a writer's thread do something between two batches; a greenlet may wait for it."""
        outcome: AsyncResult = AsyncResult()

        def done(result: Any, error: BaseException | None) -> None:
            if error is not None:
                outcome.set_exception(error)
            else:
                outcome.set(result)

        self.call(writer, function, done)
        return outcome

    # Effects

    def take(self, effects: list[Effect]) -> None:
        """Note what a command changed; an engine's listener."""
        if not self.appending:
            return
        for effect in effects:
            if type(effect) is EntryAdded:
                added = effect
                added.unpacked = None  # freed while it is at hand: what is kept, costs
                self._open_bytes += len(added.entry)
            self._open.append(effect)
        self._changes += len(effects)
        if len(self._open) >= _PORTION_EFFECTS or self._open_bytes >= _PORTION_BYTES:
            self._gather()

    def _gather(self) -> None:
        """Give the plugins what changed since they were last given something."""
        effects, self._open = self._open, []
        self._open_bytes = 0
        for writer in self.appending:
            writer.gather(effects)

    def end_turn(self) -> None:
        """Hand over what changed, at the end of a turn of the hub; or wait for more."""
        if not self._changes:
            return
        if self._fsync == "always" or self._holds or self._changes >= GATHERED_EFFECTS:
            self.hand_over()
            if self._fsync == "always":
                self._await_sync()
        elif not self._gathers:
            self._gathers = True
            self._open_s = self._clock.monotonic_s()
            self._gathering.close()  # once it has rung it would ring at once
            self._gathering = self._loop.timer(GATHER_S)
            self._gathering.start(self.hand_over, update=True)

    def hand_over(self) -> None:
        """Hand over what changed so far."""
        if not self._changes:
            return
        self._gather()
        self._changes = 0
        self._number += 1
        if self._fsync == "everysec":
            since_s = self._open_s if self._gathers else self._clock.monotonic_s()
            self._handed.append((self._number, since_s))
        if self._gathers:
            self._gathers = False
            self._gathering.stop()
        for writer in self.appending:
            writer.append(self._number)

    def _await_sync(self) -> None:
        """Wait until the latest batch is synced, if that is soon: then replies need not wait."""
        for writer in self.appending:
            if not writer.await_sync(self._number, AWAIT_S):
                return  # we shall hear of it
        self._synced = self._number
        if self.replies is not None:
            self.replies.release(self._number)
        if self.failing is not None:  # nobody was told that the disk recovered
            self._progress.send()

    def position(self) -> int:
        """Return the number of the batch that has the latest change."""
        return self._number + bool(self._changes)

    def written_position(self) -> int:
        """Return the number of the last batch that all writers have written, synced or not."""
        return min((writer.appended for writer in self.appending), default=self._number)

    def synced_position(self) -> int:
        """Return the number of the last batch that all writers have synced."""
        return self._synced

    # Replies

    def waits_for(self) -> int:
        """Return the batch that a reply made now has to wait for; 0: it may leave."""
        if not self._holds:
            return 0
        number = self._number + bool(self._changes)
        return number if number > self._synced else 0

    def step(self) -> None:
        """Look whether the disk keeps up; some ten times a second."""
        self._settle()

    def _settle(self) -> None:
        """Work out whether replies have to wait."""
        held = self._holds
        appends = bool(self.appending) and self.failing is None
        self._holds = appends and (self._fsync == "always" or self._is_stalled())
        if held and not self._holds and self.failing is None and self.replies is not None:
            self.replies.release(self.position())

    def _is_stalled(self) -> bool:
        if self._fsync != "everysec" or not self._handed:
            return False
        waited_s = self._clock.monotonic_s() - self._handed[0][1]
        return waited_s > 1.0 + STALLED_S

    def _on_progress(self) -> None:
        """Take note of what the writers' threads have come to; runs in the hub."""
        finished, self._finished = self._finished, []
        synced = min((writer.synced for writer in self.appending), default=self._number)
        self._synced = synced
        while self._handed and self._handed[0][0] <= synced:
            self._handed.popleft()
        failing = next(((w.plugin, w.failure) for w in self.writers if w.failure), None)
        if failing != self.failing:
            self.failing = failing
            self._on_change()
            if failing is not None and self.replies is not None:
                self._holds = False
                self.replies.refuse_held(errors.fail(errors.NOT_ON_DISK).line)
        if self.replies is not None:
            self.replies.release(synced)
        self._settle()
        for done, result, error in finished:
            done(result, error)

    def stop(self, timeout_s: float) -> bool:
        """Hand over the rest, have it written and everything closed; tell whether all was."""
        self.hand_over()
        for writer in self.writers:
            writer.stop()
        deadline_s = self._clock.monotonic_s() + timeout_s
        joined = [
            writer.join(max(0.0, deadline_s - self._clock.monotonic_s())) for writer in self.writers
        ]
        self._progress.stop()
        self._gathering.close()
        return all(joined) and not any(
            writer.failure or writer.synced < writer.appended for writer in self.appending
        )
