"""One plugin and the thread that writes for it.

The thread takes batches off a queue, in their order, and has the plugin append them. What
gathered while it was busy is one batch for the plugin: many clients share one write and one
sync. How soon a batch is synced is the policy: at once (``always``), about every second, or
when the system likes. Other calls of the plugin (open, load, close, the two ends of a
snapshot) go through the same queue, so they have their exact place between two batches.

The thread and the hub share the interpreter lock. So the thread should wake seldom: the journal
hands over at once only what replies wait for, else much at once. And where no reply waits, and
the system lets it say so, it does not interrupt who runs when it wakes: that would be the hub, or
a client that is about to ask for more. Where replies do wait it must: beside programs that compute
each of them would wait until one of those has had its share.

A failing disk is an outcome. An append that fails is tried again until it succeeds; the plugin
has promised to leave nothing of it behind. After a sync that failed nobody knows what is on
disk, and asking again may get a yes that means nothing: the plugin has to write everything
anew (``must_rewrite``), which somebody else arranges, because it takes a snapshot.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from msgspec import Struct

from geostream.clock import Clock
from geostream.persistence.api import Persistence
from geostream.store.effects import Effect

SYNC_EVERY_S = 1.0
RETRY_S = 0.25  # after an append that failed
MERGED_EFFECTS = 20_000  # most that one append is given, about
IDLE_S = 3600.0
WAIT_S = 60.0  # how long somebody is held up at most by a thread that does not answer


class Failure(Struct, frozen=True):
    """The disk does not take what it is given."""

    since_ms: int  # Unix time
    reason: str


class _Batch(Struct):
    number: int
    gathered: list[Any]  # as the plugin wants it
    effects: int  # how many there were


class _Call(Struct):
    function: Callable[[], Any]
    done: Callable[[Any, BaseException | None], None]


class Writer:
    """See the module docstring. What has no underscore may be read by any thread."""

    def __init__(
        self,
        plugin: Persistence,
        fsync: str,
        clock: Clock,
        notify: Callable[[], None],
        on_fault: Callable[[str, BaseException], None],
    ) -> None:
        """Start the thread.

        fsync    -- always, everysec or no; may be changed at any time
        notify   -- called in the thread when anything that can be read here has changed
        on_fault -- told when the plugin raised what it must not raise
        """
        self.plugin = plugin
        self.fsync = fsync
        self.appended = 0  # the last batch that was written
        self.synced = 0  # the last batch that would survive a power cut
        self.failure: Failure | None = None
        self.must_rewrite = False  # a sync failed: only a snapshot makes what is stored whole
        self.syncs = 0
        self._clock = clock
        self._notify = notify
        self._on_fault = on_fault
        self._gathered: list[Any] = []  # for the next batch
        self._effects = 0  # how many it is made of
        self._jobs: SimpleQueue[_Batch | _Call | None] = SimpleQueue()
        self._ahead: deque[_Batch | _Call | None] = deque()  # taken off the queue, not done yet
        self._urgent = threading.Event()  # try again at once: somebody waits
        self._is_awaited = False  # the hub stands still until something here has changed ...
        self._answers: SimpleQueue[None] = SimpleQueue()  # ... and is told by this
        self._is_stopping = False
        self._is_patient = False
        self._synced_s = clock.monotonic_s()
        self._thread = threading.Thread(target=self._run, name=f"{plugin.name}-writer", daemon=True)
        self._thread.start()

    # Called by the hub

    def gather(self, effects: Sequence[Effect]) -> None:
        """Take effects for the next batch; they must not change any more."""
        self._effects += len(effects)
        try:
            self._gathered += self.plugin.gather(effects)
        except Exception as fault:  # the plugin broke its promise; it is given them as they are
            self._on_fault(f"gathering for {self.plugin.name}", fault)
            self._gathered += effects

    def append(self, number: int) -> None:
        """Have what was gathered written as one batch; numbers ascend."""
        self._jobs.put(_Batch(number, self._gathered, self._effects))
        self._gathered, self._effects = [], 0

    def await_sync(self, number: int, timeout_s: float) -> bool:
        """Hold the hub up until a batch is synced; False: it takes too long, or failed."""
        self._is_awaited = True
        with contextlib.suppress(Empty):
            while self.synced < number and self.failure is None:
                self._answers.get(timeout=timeout_s)
        self._is_awaited = False
        return self.synced >= number and self.failure is None

    def call(
        self, function: Callable[[], Any], done: Callable[[Any, BaseException | None], None]
    ) -> None:
        """Have something else done behind what was asked so far.

        done -- told the result or the exception, in the thread
        """
        self._jobs.put(_Call(function, done))
        self._urgent.set()

    def wait_for(self, function: Callable[[], Any]) -> Any:
        """Have something done and hold the caller up until it is; return or raise its outcome.

        Raises TimeoutError, an OSError, if the thread does not come to it for ``WAIT_S``.
        """
        outcome: list[Any] = []
        is_done = threading.Event()

        def done(result: Any, error: BaseException | None) -> None:
            outcome.extend((result, error))
            is_done.set()

        self.call(function, done)
        if not is_done.wait(WAIT_S):
            raise TimeoutError(f"the writer of {self.plugin.name} is stuck")
        if outcome[1] is not None:
            raise outcome[1]
        return outcome[0]

    def request_sync(self) -> None:
        """Have everything so far synced, whatever the policy."""
        self.call(self._sync, lambda result, error: None)

    def stop(self) -> None:
        """Have the rest written, and the plugin closed; ``join`` waits for it."""
        self._is_stopping = True
        self._jobs.put(None)
        self._urgent.set()

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has ended; tell whether it did."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # The thread

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                if isinstance(job, _Call):
                    self._do(job)
                else:
                    self._append(job)
                self._sync_if_due()
            self._sync()
            self.plugin.close()
        except Exception as fault:  # the plugin broke its promise, or we ours
            self._on_fault(f"writer of {self.plugin.name}", fault)
            self._fail(f"{type(fault).__name__}: {fault}")
            self._refuse_calls(fault)

    def _next(self) -> _Batch | _Call | None:
        """Wait for the next job, and sync meanwhile when it is time; None: stop."""
        while not self._ahead:
            try:
                self._ahead.append(self._jobs.get(timeout=self._until_sync_s()))
            except Empty:
                self._sync_if_due()
        return self._ahead.popleft()

    def _until_sync_s(self) -> float:
        if self.fsync != "everysec" or self.synced >= self.appended or self.must_rewrite:
            return IDLE_S
        return max(0.0, self._synced_s + SYNC_EVERY_S - self._clock.monotonic_s())

    def _do(self, call: _Call) -> None:
        result, error = None, None
        try:
            result = call.function()
        except Exception as raised:  # whoever asked is told
            error = raised
        call.done(result, error)
        self._notify()

    def _refuse_calls(self, fault: BaseException) -> None:
        """Answer what is still asked for after the thread's work came to an end."""
        while True:
            job = self._ahead.popleft() if self._ahead else self._jobs.get()
            if job is None:
                return
            if isinstance(job, _Call):
                job.done(None, fault)
                self._notify()

    def _append(self, batch: _Batch) -> None:
        self._settle_patience()
        gathered, number = self._merged(batch)
        while True:
            try:
                self.plugin.append(gathered)
                break
            except OSError as error:
                self._fail(error.strerror or str(error))
                if self._is_stopping:
                    raise
                self._urgent.wait(RETRY_S)
                self._urgent.clear()
        self.appended = number
        if self.failure is not None and not self.must_rewrite:
            self.failure = None
        if self.fsync == "always":
            self._sync()
        else:
            self._notify()

    def _settle_patience(self) -> None:
        """Have the system treat the thread as one that computes, unless replies wait for it."""
        is_patient = self.fsync != "always"
        if is_patient != self._is_patient and hasattr(os, "SCHED_BATCH"):  # Linux
            self._is_patient = is_patient
            with contextlib.suppress(OSError):  # a sandbox may forbid it
                policy = os.SCHED_BATCH if is_patient else os.SCHED_OTHER
                os.sched_setscheduler(0, policy, os.sched_param(0))

    def _merged(self, batch: _Batch) -> tuple[list[Any], int]:
        """Return a batch with those that wait behind it."""
        gathered, effects, number = batch.gathered, batch.effects, batch.number
        while effects < MERGED_EFFECTS and not self._ahead:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if isinstance(job, _Batch):
                gathered += job.gathered
                effects += job.effects
                number = job.number
            else:
                self._ahead.append(job)
        return gathered, number

    def _sync_if_due(self) -> None:
        if self._until_sync_s() <= 0:
            self._sync()

    def _sync(self) -> None:
        """Sync what was appended; note if that fails."""
        if not self.plugin.appends or self.must_rewrite:
            return
        number = self.appended
        self._synced_s = self._clock.monotonic_s()
        try:
            self.plugin.sync()
        except OSError as error:
            self.must_rewrite = True
            self._fail(error.strerror or str(error))
            return
        self.syncs += 1
        self.synced = number
        self._answer()

    def _fail(self, reason: str) -> None:
        if self.failure is None or self.failure.reason != reason:
            since_ms = self.failure.since_ms if self.failure else self._clock.now_ms()
            self.failure = Failure(since_ms, reason)
        self._notify()
        self._answer()

    def _answer(self) -> None:
        """Tell the hub of a sync or a failure. Who stops waiting looks once more after that."""
        if self._is_awaited:
            self._answers.put(None)
        else:
            self._notify()

    def sync_now(self) -> None:
        """Sync everything appended; to be called in the thread. Raises OSError if that fails."""
        self._sync()
        if self.failure is not None:
            raise OSError(self.failure.reason)

    def mark_rewritten(self) -> None:
        """Note that a snapshot has made what is stored whole; to be called in the thread.

        Raises OSError if that cannot be synced either; then nothing has become better.
        """
        self.must_rewrite = False
        self._sync()
        if self.must_rewrite and self.failure is not None:
            raise OSError(self.failure.reason)
        self.failure = None
        self._notify()
