"""When to take a snapshot, and taking it.

One is taken at a time. It begins between two batches: the writer's thread is told, and a
capture (store/capture.py) of the data begins in the same instant. A greenlet then makes the
images, ``SLICE_S`` of work at a time, and a thread has the plugin write them, while the
server goes on.

A snapshot is due by the ``save`` rules for plugins that take nothing else, when it would pay
for one that appends (``wants_snapshot``), and when what a plugin has stored cannot be trusted
any more (``Writer.must_rewrite``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import SimpleQueue

import gevent
from gevent.event import AsyncResult, Event

from geostream.clock import Clock
from geostream.engine.dispatch import Engine
from geostream.persistence.api import Effect, Persistence
from geostream.persistence.journal import Journal
from geostream.persistence.writer import Writer
from geostream.store.capture import Capture

SLICE_S = 0.002  # of making images, before others have their turn
MOST_WAITING = 16  # slices the plugin has not taken yet
FULL_S = 0.005  # until it is looked whether it has
RETRY_S = 5.0  # after a snapshot that failed

Rules = Sequence[tuple[int, int]]  # seconds, changes


class Snapshots:
    """All snapshots of one engine. In the hub's thread, but for what plugins do."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        on_done: Callable[[Writer, float, BaseException | None], None],
    ) -> None:
        """Take none yet.

        on_done -- told of each snapshot that ended: how many seconds it took, what went wrong
        """
        self.rules: dict[Writer, Rules] = {}  # of the plugins that only take snapshots
        self.running: Writer | None = None
        self.started_ms = 0  # of the one running
        self.keys_done = 0
        self.keys_total = 0
        self.waiting: list[Writer] = []  # to be taken next
        self.saved_ms = clock.now_ms()  # when the last one by rule or command succeeded
        self._failed_s: dict[Writer, float] = {}  # when it last went wrong
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._on_done = on_done

    def step(self) -> None:
        """Look whether one is due; some ten times a second."""
        for writer in self._journal.writers:
            if writer is not self.running and writer not in self.waiting and self._is_due(writer):
                self.request(writer)
        if self.waiting and self.running is None:
            self._begin(self.waiting.pop(0))

    def _is_due(self, writer: Writer) -> bool:
        failed_s = self._failed_s.get(writer)
        if failed_s is not None and self._clock.monotonic_s() - failed_s < RETRY_S:
            return False
        if writer.plugin.appends:
            return (
                writer.must_rewrite
                or failed_s is not None  # it may not have caught up with the others
                or (writer.failure is None and writer.plugin.wants_snapshot())
            )
        changes = self._engine.stats.changes_since_save
        age_ms = self._clock.now_ms() - self.saved_ms
        return any(
            age_ms > after_s * 1000 and changes >= least and changes
            for after_s, least in self.rules.get(writer, ())
        )

    def request(self, writer: Writer) -> None:
        """Take one as soon as none is running."""
        if self.running is None:
            self._begin(writer)
        elif writer not in self.waiting:
            self.waiting.append(writer)

    def forget(self, writer: Writer) -> None:
        """Take none of this writer any more."""
        if writer in self.waiting:
            self.waiting.remove(writer)
        self.rules.pop(writer, None)

    def _begin(self, writer: Writer) -> None:
        """Begin one: what changes from now on is not in it."""
        self.running = writer
        self.started_ms = self._clock.now_ms()
        self._journal.hand_over()
        begun = self._journal.ask(writer, writer.plugin.begin_snapshot)
        capture = Capture(self._engine.keyspace)
        changes = self._engine.stats.changes_since_save
        self.keys_done, self.keys_total = 0, capture.keys
        gevent.spawn(self._take, writer, capture, changes, begun)

    def _take(self, writer: Writer, capture: Capture, changes: int, begun: AsyncResult) -> None:
        started_s = self._clock.monotonic_s()
        error: BaseException | None = None
        try:
            begun.get()
            self._write(writer.plugin, capture)
        except Exception as raised:  # the disk's fault or the plugin's: told, and tried again
            error = raised
        finally:
            capture.close()
        error = self._finish(writer, error)
        self._settle(writer, changes, started_s, error)
        self.running = None
        if self.waiting:
            self._begin(self.waiting.pop(0))

    def _write(self, plugin: Persistence, capture: Capture) -> None:
        """Feed the plugin's thread with images until it has all, and wait for it."""
        feed, ended = Feed(), Event()
        waker = gevent.get_hub().loop.async_()
        waker.start(ended.set)
        writing = _Writing(plugin, feed, waker.send)
        writing.start()
        is_whole = False
        try:
            self._make_images(capture, feed, ended)
            is_whole = True
        finally:  # else the plugin would take what it has for everything
            feed.end(whole=is_whole)
            ended.wait()
            waker.close()
        writing.raise_error()

    def _make_images(self, capture: Capture, feed: Feed, ended: Event) -> None:
        """Make images as fast as they are taken, until there are no more or nobody takes any."""
        effects = iter(capture)
        while not ended.is_set() and (part := self._slice(effects)):
            feed.put(part)
            gevent.sleep(0)
            while feed.waiting() >= MOST_WAITING and not ended.is_set():
                gevent.sleep(FULL_S)

    def _slice(self, effects: Iterator[Effect]) -> list[Effect]:
        """Return the images that can be made in a moment; nothing at the end."""
        until_s = self._clock.monotonic_s() + SLICE_S
        part: list[Effect] = []
        for effect in effects:
            part.append(effect)
            if self._clock.monotonic_s() > until_s:
                break
        self.keys_done += len(part)
        return part

    def _finish(self, writer: Writer, error: BaseException | None) -> BaseException | None:
        try:
            self._journal.ask(writer, lambda: _finished(writer, error)).get()
        except Exception as raised:  # as above
            return error or raised
        return error

    def _settle(
        self, writer: Writer, changes: int, started_s: float, error: BaseException | None
    ) -> None:
        if error is not None:
            self._failed_s[writer] = self._clock.monotonic_s()
        else:
            self._failed_s.pop(writer, None)
            if not writer.plugin.appends:
                self._engine.stats.changes_since_save -= changes
                self.saved_ms = self._clock.now_ms()
        self._on_done(writer, self._clock.monotonic_s() - started_s, error)

    def wait_for(self, writer: Writer) -> None:
        """Wait for one that was requested. Raises OSError if it went wrong."""
        while writer is self.running or writer in self.waiting:
            gevent.sleep(FULL_S)
        if self.failed(writer):
            raise OSError(f"cannot write the first snapshot of {writer.plugin.name}")

    def wait_until_idle(self) -> None:
        """Begin no more, and wait for the one that is running."""
        self.waiting.clear()
        self.rules = {writer: () for writer in self.rules}
        while self.running is not None:
            gevent.sleep(FULL_S)

    def failed(self, writer: Writer) -> bool:
        """Tell whether the last snapshot of a writer went wrong."""
        return writer in self._failed_s

    def take_now(self, writer: Writer) -> None:
        """Take one and hold everybody up until it is done (SAVE). None may be running.

        Raises what went wrong.
        """
        started_s = self._clock.monotonic_s()
        self._journal.hand_over()
        changes = self._engine.stats.changes_since_save
        error: BaseException | None = None
        try:
            writer.wait_for(writer.plugin.begin_snapshot)
            writing = _Writing(writer.plugin, list(Capture(self._engine.keyspace)))
            writing.start()
            writing.join()
            writing.raise_error()
        except Exception as raised:  # as above
            error = raised
        try:
            writer.wait_for(lambda: _finished(writer, error))
        except Exception as raised:  # as above
            error = error or raised
        self._settle(writer, changes, started_s, error)
        if error is not None:
            raise error


class _Writing(threading.Thread):
    """The thread in which a plugin writes one snapshot."""

    def __init__(
        self, plugin: Persistence, image: Iterable[Effect], on_end: Callable[[], None] | None = None
    ) -> None:
        """Build; ``start`` it.

        on_end -- called in the thread, at its end
        """
        super().__init__(name=f"{plugin.name}-snapshot", daemon=True)
        self._plugin = plugin
        self._image = image
        self._on_end = on_end
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._plugin.snapshot(self._image)
        except BaseException as raised:
            self._error = raised
        if self._on_end is not None:
            self._on_end()

    def raise_error(self) -> None:
        """Raise what went wrong, if something did."""
        if self._error is not None:
            raise self._error


def _finished(writer: Writer, error: BaseException | None) -> None:
    """Let a plugin tidy up after a snapshot; in the writer's thread."""
    writer.plugin.finish_snapshot(error)
    if error is None and writer.plugin.appends:
        writer.mark_rewritten()


class Interrupted(Exception):
    """The images end before all are there; nothing may be made of them."""


class Feed:
    """Images on their way from the hub to a plugin's thread, which iterates over this."""

    def __init__(self) -> None:
        self._parts: SimpleQueue[Sequence[Effect] | None] = SimpleQueue()
        self._is_whole = False

    def put(self, part: Sequence[Effect]) -> None:
        """Add some."""
        self._parts.put(part)

    def end(self, *, whole: bool) -> None:
        """Say that nothing follows, and whether that is everything."""
        self._is_whole = whole
        self._parts.put(None)

    def waiting(self) -> int:
        """Return how many parts were not taken yet."""
        return self._parts.qsize()

    def __iter__(self) -> Iterator[Effect]:
        while (part := self._parts.get()) is not None:
            yield from part
        if not self._is_whole:
            raise Interrupted
