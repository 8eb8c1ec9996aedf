"""The thread that packs segments, beside the hub.

Which segments, and when, is said by ``engine/packing.py``; it is asked some times a second.
They go to the thread a few at a time, come back packed, and are put in place by the hub, where
nothing else runs meanwhile; then the next few go. Compressing leaves the interpreter free;
what is left is some 0.1 ms a segment, so that clients hardly notice.

Memory that gets free this way, or when what was unpacked goes again, lies in large gaps between
what is still used. The C library keeps it for later unless it is told to give it back, which is
done in the thread as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from gevent import get_hub

from geostream.config import Config
from geostream.engine.dispatch import Engine
from geostream.engine.packing import Packing
from geostream.store.packed import Packed, release_contexts
from geostream.store.segment import Segment

BATCH_BYTES = 2 * 2**20  # given to the thread at once, unpacked
GIVE_BACK_BYTES = 8 * 2**20  # packed, or unpacked and let go, before memory is given back ...
QUIET_S = 0.5  # ... or so long nothing to do

_Result = tuple[Segment, Packed | None]


class Packer:
    """See the module docstring."""

    def __init__(
        self, engine: Engine, config: Config, on_fault: Callable[[str, BaseException], None]
    ) -> None:
        """Build; the thread is started by the first segment there is to pack.

        on_fault -- told of what the thread could not do and should have
        """
        self.packing = Packing(engine.keyspace, engine.memory)
        self._give_back = engine.host.give_back
        self._on_fault = on_fault
        self._jobs: SimpleQueue[list[Segment] | None] = SimpleQueue()
        self._results: SimpleQueue[list[_Result]] = SimpleQueue()
        self._fault: BaseException | None = None  # what went wrong in the thread, to be told
        self._thread: threading.Thread | None = None
        self._is_busy = False
        self._done = get_hub().loop.async_()
        self._done.start(self._take_results)

        def apply(_: object = None) -> None:
            streams = config.settings.streams
            engine.memory.unpacked.max_bytes = streams.stream_unpacked_max_bytes
            engine.memory.unpacked.shrink()
            self.packing.configure(streams.stream_pack_after)

        config.on_change("stream-pack-after", apply)
        config.on_change("stream-unpacked-max-bytes", apply)
        apply()

    def step(self, now_ms: int) -> None:
        """Have packed what is due; to be called some times a second."""
        self.packing.step(now_ms)
        if self.packing.released_bytes >= GIVE_BACK_BYTES:
            self.packing.released_bytes = 0
            self._put([])
        if not self._is_busy:
            self._hand_over()

    def stop(self) -> None:
        """Let the thread end; what it is at is not waited for."""
        self._done.stop()
        self._jobs.put(None)

    def _hand_over(self) -> None:
        segments = self.packing.take(BATCH_BYTES)
        self._is_busy = bool(segments)
        if segments:
            self._put(segments)

    def _put(self, segments: list[Segment]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="packer", daemon=True)
            self._thread.start()
        self._jobs.put(segments)

    def _take_results(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            self._on_fault("packer", fault)
        while not self._results.empty():
            for segment, packed in self._results.get():
                self.packing.accept(segment, packed)
            self._hand_over()

    # The thread

    def _run(self) -> None:
        """Pack what comes; nothing is a reason to give memory back."""
        freed_bytes = 0
        while True:
            try:
                segments = self._jobs.get(timeout=QUIET_S if freed_bytes else None)
            except Empty:
                segments = []
            if segments is None:
                return
            if segments:
                freed_bytes += sum(segment.size_bytes for segment in segments)
                self._results.put(self._packed(segments))
                self._done.send()
            if not segments:
                release_contexts()
            if freed_bytes >= GIVE_BACK_BYTES or not segments:
                freed_bytes = 0
                self._give_back()

    def _packed(self, segments: list[Segment]) -> list[_Result]:
        try:
            return [(segment, Packed(segment.plain().content())) for segment in segments]
        except Exception as fault:  # no memory, or ours: they stay as they are
            self._fault = fault
            return [(segment, None) for segment in segments]
