"""The packer's thread and the hub: what is handed over comes back, and a fault hurts nobody."""

from __future__ import annotations

import threading
from unittest.mock import patch

import gevent
import pytest

from geostream.config import Config
from geostream.server import packing
from geostream.server.packing import Packer
from geostream.store.segment import SEAL_ENTRIES
from tests.support.engines import make_engine

AFTER_MS = 5000  # the default of stream-pack-after
LIMIT_S = 20


class Subject:
    """A packer for an engine with three sealed segments."""

    def __init__(self) -> None:
        self.bench = make_engine()
        self.faults: list[tuple[str, BaseException]] = []
        self.packer = Packer(
            self.bench.engine, Config(), lambda where, fault: self.faults.append((where, fault))
        )
        self.step(0)
        for number in range(1, 3 * SEAL_ENTRIES + 2):
            self.bench.execute("XADD", "s", f"{number}-1", "field", "much the same")

    def step(self, passing_ms: int) -> None:
        self.bench.advance(passing_ms)
        self.packer.step(self.bench.clock.now_ms())

    def until(self, is_so) -> None:
        """Let the hub run until it is so."""
        with gevent.Timeout(LIMIT_S):
            while not is_so():
                gevent.sleep(0.005)


@pytest.fixture
def subject():
    made = Subject()
    yield made
    made.packer.stop()


def test_a_thread_packs_what_is_ripe(subject):
    subject.step(AFTER_MS)
    subject.step(AFTER_MS)
    subject.until(lambda: subject.packer.packing.packed == 3)
    assert subject.bench.engine.memory.packed_segments() == 3
    assert subject.bench.execute("XLEN s") == 3 * SEAL_ENTRIES + 1
    assert not subject.faults


def test_more_than_one_batch_follows_by_itself(subject):
    with patch.object(packing, "BATCH_BYTES", 1):
        subject.step(AFTER_MS)
        subject.step(AFTER_MS)
        subject.until(lambda: subject.packer.packing.packed == 3)


def test_memory_is_given_back_when_what_was_unpacked_is_read_no_more(subject):
    given_back = threading.Event()
    with (
        patch.object(packing, "GIVE_BACK_BYTES", 1000),
        patch.object(subject.packer, "_give_back", given_back.set),
    ):
        subject.step(AFTER_MS)
        subject.step(AFTER_MS)
        subject.until(lambda: subject.packer.packing.packed == 3 and given_back.is_set())
        given_back.clear()
        assert subject.bench.execute("XRANGE s 5-1 5-1")
        subject.step(AFTER_MS)
        subject.step(AFTER_MS)
        subject.until(given_back.is_set)
    assert subject.bench.engine.memory.unpacked.size_bytes == 0


def test_a_fault_in_the_thread_is_told_and_the_next_ones_are_packed(subject):
    with patch.object(packing, "Packed", side_effect=MemoryError("no memory")):
        subject.step(AFTER_MS)
        subject.step(AFTER_MS)
        subject.until(lambda: subject.faults)
    ((where, fault),) = subject.faults
    assert (where, str(fault)) == ("packer", "no memory")
    assert subject.packer.packing.packed == 0
    subject.bench.execute("XDEL s 5-1")  # that makes a segment which was never tried
    subject.step(AFTER_MS)
    subject.step(AFTER_MS)
    subject.until(lambda: subject.packer.packing.packed == 1)


def test_nothing_is_handed_over_after_it_was_switched_off(subject):
    subject.step(AFTER_MS)
    subject.packer.packing.configure(0)
    subject.step(AFTER_MS)
    subject.step(AFTER_MS)
    assert subject.packer.packing.take(1) == []
    assert subject.packer.packing.packed == 0
