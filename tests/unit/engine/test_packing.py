"""What is packed and when, and that the account of memory knows."""

from __future__ import annotations

import os
from hashlib import md5

import pytest

from geostream.engine.packing import MAX_BYTES, Packing
from geostream.rdb import lock
from geostream.store.packed import Packed
from geostream.store.segment import SEAL_ENTRIES
from tests.support.engines import make_engine
from tests.support.servers import PACKED_EVERYWHERE

pytestmark = pytest.mark.skipif(PACKED_EVERYWHERE, reason="there is nothing left to pack")

AFTER_S = 10
MORE = 10**9  # bytes: all there is


class Subject:
    """An engine, and packing as a server's thread would do it."""

    def __init__(self) -> None:
        self.bench = make_engine(settings={"stream-unpacked-max-bytes": "1mb"})
        self.memory = self.bench.engine.memory
        self.memory.unpacked.max_bytes = 2**20
        self.packing = Packing(self.bench.engine.keyspace, self.memory)
        self.packing.configure(AFTER_S)
        self.packing.step(self.bench.clock.now_ms())

    def fill(self, key: str, entries: int = SEAL_ENTRIES + 1, value: str = "much the same") -> None:
        for number in range(1, entries + 1):
            self.bench.execute("XADD", key, f"{number}-1", "field", value)

    def stream(self, key: bytes):
        return self.bench.engine.keyspace.databases[0].stream(key)

    def pass_round(self) -> list:
        """Let the time of a round pass; return what is ripe then."""
        self.bench.advance(AFTER_S * 1000)
        self.packing.step(self.bench.clock.now_ms())
        return self.packing.take(MORE)

    def pack(self, segments: list) -> None:
        for segment in segments:
            self.packing.accept(segment, Packed(segment.plain().content()))

    def pack_in_time(self) -> None:
        """Let pass what it takes for everything that is there to be packed."""
        for _ in range(3):
            self.pack(self.pass_round())

    def size(self, key: str) -> int:
        return self.bench.execute("MEMORY", "USAGE", key)


@pytest.fixture
def subject():
    return Subject()


def test_a_sealed_segment_nobody_reads_is_ripe_after_two_rounds(subject):
    subject.fill("s", 3 * SEAL_ENTRIES + 1)
    assert subject.pass_round() == []
    assert len(subject.pass_round()) == 3  # all but the tail
    assert subject.pass_round() == []  # they were given out


def test_a_segment_that_is_read_is_not_ripe(subject):
    subject.fill("s", 2 * SEAL_ENTRIES + 1)
    subject.pass_round()
    subject.bench.execute("XRANGE s 5-1 6-1")
    (ripe,) = subject.pass_round()
    assert ripe.id_at(0) == (SEAL_ENTRIES + 1, 1)


def test_one_that_is_read_while_it_waits_is_not_given_out(subject):
    subject.fill("s")
    subject.pass_round()
    subject.bench.advance(AFTER_S * 1000)
    subject.packing.step(subject.bench.clock.now_ms())
    subject.bench.execute("XRANGE s 5-1 6-1")
    assert subject.packing.take(MORE) == []
    assert subject.pass_round() == []
    assert len(subject.pass_round()) == 1


def test_only_so_much_is_given_out_at_once(subject):
    subject.fill("s", 3 * SEAL_ENTRIES + 1)
    subject.pass_round()
    subject.bench.advance(AFTER_S * 1000)
    subject.packing.step(subject.bench.clock.now_ms())
    assert [len(subject.packing.take(1)) for _ in range(4)] == [1, 1, 1, 0]


def test_what_is_packed_counts_as_much_as_it_takes(subject):
    subject.fill("s")
    before, used_before = subject.size("s"), subject.memory.used_bytes()
    subject.pack_in_time()
    saved = subject.memory.saved_bytes()
    assert saved > before / 2
    assert subject.size("s") == before - saved
    assert subject.memory.used_bytes() == used_before - saved
    assert subject.memory.packed_segments() == subject.packing.packed == 1
    told = subject.bench.execute("INFO memory").text.split(b"\r\n")
    assert b"stream_packed_saved_bytes:%d" % saved in told
    assert b"stream_packed_segments:1" in told


def test_reading_a_part_unpacks_for_a_while_and_counts(subject):
    subject.fill("s")
    subject.pack_in_time()
    used = subject.memory.used_bytes()
    subject.bench.execute("XRANGE s 5-1 6-1")
    unpacked = subject.memory.unpacked
    assert (len(unpacked), unpacked.unpackings) == (1, 1)
    assert subject.memory.used_bytes() == used + unpacked.size_bytes > used
    subject.bench.execute("XRANGE s 7-1 8-1")
    assert unpacked.unpackings == 1
    for _ in range(2):
        subject.pass_round()
    assert subject.memory.used_bytes() == used


def test_reading_all_of_it_once_keeps_nothing_unpacked(subject):
    subject.fill("s", 3 * SEAL_ENTRIES + 1)
    subject.pack_in_time()
    subject.bench.execute("XRANGE s - +")
    assert len(subject.memory.unpacked) == 0
    subject.bench.execute("XRANGE s - +")
    assert len(subject.memory.unpacked) == 3


def test_a_limit_holds_however_many_are_read(subject):
    subject.fill("s", 20 * SEAL_ENTRIES + 1)
    subject.pack_in_time()
    limit = subject.memory.unpacked.max_bytes = 200_000
    for number in range(20):
        place = number * SEAL_ENTRIES + 500
        assert subject.bench.execute("XRANGE", "s", f"{place}-1", f"{place}-1")
        assert subject.memory.unpacked.size_bytes <= limit
    assert subject.memory.unpacked.unpackings == 20


def test_deleting_unpacks_and_is_packed_again(subject):
    subject.fill("s")
    subject.pack_in_time()
    packed_size = subject.size("s")
    subject.bench.execute("XDEL s 500-1")
    assert subject.size("s") > packed_size
    assert subject.memory.saved_bytes() == 0
    subject.pack_in_time()
    assert subject.size("s") < packed_size * 1.1
    assert len(subject.memory.unpacked) == 0


def test_a_copy_shares_what_is_packed_and_both_count_it(subject):
    subject.fill("s")
    subject.bench.execute("COPY s t")
    subject.pack_in_time()
    (segment,) = {id(subject.stream(key)._segments[0]): 1 for key in (b"s", b"t")}
    assert segment == id(subject.stream(b"t")._segments[0])
    assert subject.stream(b"s").saved_bytes == subject.stream(b"t").saved_bytes > 0
    assert subject.packing.packed == 1
    assert subject.memory.saved_bytes() == 2 * subject.stream(b"s").saved_bytes


def test_what_is_packed_is_accounted_for_under_a_new_name(subject):
    subject.fill("s")
    subject.pass_round()
    ripe = subject.pass_round()
    subject.bench.execute("RENAME s t")
    assert subject.memory.data_bytes() == subject.size("t")
    subject.pack(ripe)
    subject.pack_in_time()
    assert subject.memory.data_bytes() == subject.size("t")
    assert subject.memory.saved_bytes() == subject.stream(b"t").saved_bytes > 0


def test_what_is_gone_when_it_comes_back_packed_is_forgotten(subject):
    subject.fill("s")
    subject.pass_round()
    ripe = subject.pass_round()
    subject.bench.execute("XTRIM", "s", "MAXLEN", SEAL_ENTRIES)  # another segment in its place
    subject.pack(ripe)
    assert subject.stream(b"s").saved_bytes == 0
    subject.bench.execute("DEL s")
    assert subject.memory.data_bytes() == subject.memory.saved_bytes() == 0


def test_trimming_takes_what_was_saved_off_the_account(subject):
    subject.fill("s", 3 * SEAL_ENTRIES + 1)
    subject.pack_in_time()
    saved = subject.memory.saved_bytes()
    subject.bench.execute("XTRIM", "s", "MAXLEN", 2 * SEAL_ENTRIES + 1)
    assert 0 < subject.memory.saved_bytes() < saved
    subject.bench.execute("XTRIM s MAXLEN 1")
    assert subject.memory.saved_bytes() == 0


def test_what_does_not_get_smaller_stays_and_is_not_tried_again(subject):
    for number in range(1, 4):
        noise = os.urandom(200_000)
        subject.bench.execute(b"XADD", b"s", b"%d-1" % number, b"f", noise)
    subject.pass_round()
    subject.pack(subject.pass_round())
    assert subject.packing.packed == 0
    assert [subject.pass_round() for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize("value", ["x" * MAX_BYTES])
def test_what_is_too_large_to_be_unpacked_soon_stays(subject, value):
    subject.bench.execute("XADD", "s", "1-1", "f", value)
    subject.bench.execute("XADD", "s", "2-1", "f", "v")
    assert [subject.pass_round() for _ in range(3)] == [[], [], []]


def test_what_could_not_be_packed_stays_as_it_is(subject):
    subject.fill("s")
    subject.pass_round()
    (ripe,) = subject.pass_round()
    subject.packing.accept(ripe, None)
    (entries,) = subject.bench.execute("XRANGE s 1-1 2-1").pieces
    assert entries.count(b"much the same") == 2
    assert [subject.pass_round() for _ in range(3)] == [[], [], []]


def test_nothing_is_packed_while_it_is_off_and_everything_once_it_is_on(subject):
    subject.packing.configure(0)
    subject.fill("s")
    assert [subject.pass_round() for _ in range(3)] == [[], [], []]
    subject.packing.configure(AFTER_S)
    subject.pack_in_time()
    assert subject.packing.packed == 1


def test_rounds_go_on_after_the_clock_was_set_back(subject):
    subject.fill("s")
    subject.pass_round()
    subject.bench.clock.set_back(500_000)
    assert subject.pass_round()


# Segments that are as they were stored


@pytest.fixture
def loaded(subject, monkeypatch):
    """A stream ``s`` that came as others store it."""
    monkeypatch.setattr(lock, "is_free", lambda: True)
    for number in range(1, 3 * SEAL_ENTRIES + 500):
        value = md5(b"%d" % number).hexdigest()
        subject.bench.execute("XADD", "t", f"{10_000 + number}-1", "field", value)
    payload = subject.bench.execute("DUMP", "t")
    subject.bench.execute("RESTORE", "s", "0", payload)
    assert sum(segment.is_stored for segment in subject.stream(b"s").plain_segments()) >= 2
    return subject


def stored(subject, key=b"s"):
    return [each for each in subject.stream(key).sealed_segments() if each.is_stored]


def test_what_is_as_it_was_stored_counts_as_much_as_it_takes(loaded):
    plain, size = loaded.size("t"), loaded.size("s")
    saved = sum(each.saved_bytes for each in stored(loaded))
    assert size < plain - saved // 2
    assert loaded.memory.saved_bytes() == loaded.stream(b"s").saved_bytes == saved > 0


def test_what_is_read_of_it_counts_as_long_as_it_is_kept(loaded):
    used = loaded.memory.used_bytes()
    (one, *_) = stored(loaded)
    first = one.id_at(3)
    assert loaded.bench.execute("XRANGE", "s", b"%d-%d" % first, "+", "COUNT", "2")
    assert one.is_unpacked
    assert loaded.memory.used_bytes() == used + one.size_bytes
    loaded.memory.unpacked.max_bytes = 0
    loaded.memory.unpacked.release_unused()
    loaded.memory.unpacked.release_unused()
    assert loaded.memory.used_bytes() == used


def test_it_is_packed_when_nobody_reads_it(loaded):
    read = stored(loaded)[0]
    loaded.bench.execute("XRANGE", "s", b"%d-%d" % read.id_at(3), "+", "COUNT", "2")
    before, saved = loaded.bench.execute("XRANGE", "s", "-", "+"), loaded.memory.saved_bytes()
    loaded.pack_in_time()
    loaded.pack_in_time()
    assert stored(loaded) == []
    assert loaded.stream(b"s").plain_segments() == []
    assert loaded.memory.saved_bytes() > saved
    assert not read.is_unpacked
    assert loaded.memory.unpacked.size_bytes == 0
    after = loaded.bench.execute("XRANGE", "s", "-", "+")
    assert b"".join(after.pieces) == b"".join(before.pieces)


def test_it_stays_if_packing_does_not_make_it_smaller(loaded):
    (one, *others) = stored(loaded)
    loaded.pass_round()
    taken = loaded.pass_round()
    for each in taken:
        loaded.packing.accept(each, one.packed)  # no smaller than it is
    assert stored(loaded) == [one, *others]
    assert one.resists
    assert loaded.stream(b"s").plain_segments() == []


def test_a_copy_learns_that_it_was_packed(loaded):
    loaded.bench.execute("COPY", "s", "u")
    assert stored(loaded, b"u") == stored(loaded)
    loaded.pack_in_time()
    loaded.pack_in_time()
    assert loaded.stream(b"u").saved_bytes == loaded.stream(b"s").saved_bytes
    assert loaded.stream(b"u").saved_bytes == sum(
        each.saved_bytes for each in loaded.stream(b"u").sealed_segments()
    )
