"""DUMP and RESTORE: what comes back, what is refused, and what is told of it."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from geostream.errors import CommandError
from geostream.reply import OK
from geostream.resp.writer import ENCODERS
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from tests.properties.test_replay import commands
from tests.support.contents import contents
from tests.support.engines import Bench, make_engine

WRONG_VERSION = b"ERR DUMP payload version or checksum are wrong"
BAD_FORMAT = b"ERR Bad data format"

FILLED = (
    "XADD s 1-0 f v",
    "XADD s 2-0 f v g w",
    "XADD s 3-5 f long-enough-to-be-seen-as-one-string",
    "XGROUP CREATE s g 0",
    "XREADGROUP GROUP g c COUNT 2 STREAMS s >",
    "XGROUP CREATECONSUMER s g idle",
    "XDEL s 2-0",
)


@pytest.fixture
def bench() -> Bench:
    bench = make_engine()
    for line in FILLED:
        bench.execute(line)
    bench.execute("SET text hello")
    return bench


def held(bench: Bench, key: bytes) -> Any:
    """Return what a key of database 0 holds, without how Redis would have cut it into nodes."""
    return without_cuts(contents(bench.engine.keyspace)[0][key][0])


def without_cuts(value: Any) -> Any:
    """Leave out nodes, and which of two that were delivered in one millisecond came first."""
    if isinstance(value, bytes):
        return value
    groups = {}
    for name, group in value["groups"].items():
        owned = [held for held in group["by_time"] if held[1] is not None]
        released = [held for held in group["by_time"] if held[1] is None]
        in_order = sorted(owned, key=lambda held: (held[2], held[0]))
        groups[name] = {**group, "by_time": [*released, *in_order]}
    return {**value, "nodes": None, "groups": groups}


# Back again


@given(st.lists(commands, max_size=40))
def test_a_restored_value_is_equal_to_a_copy(requests: list[list[str]]) -> None:
    bench = make_engine(now_ms=1_000)
    for request in requests:
        bench.advance(1)
        bench.engine.unblock(bench.client)
        bench.execute(*request)
    database = bench.client.database
    for key in list(bench.engine.keyspace.databases[database].keys()):
        payload = bench.execute("DUMP", key)
        assert bench.execute("RESTORE", "restored", 0, payload, "REPLACE") == OK
        assert bench.execute("COPY", key, "copied", "REPLACE") == 1
        found = contents(bench.engine.keyspace)[database]
        restored, copied = found[b"restored"][0], found[b"copied"][0]
        assert without_cuts(restored) == without_cuts(copied)
        assert bench.execute("DUMP restored") == bench.execute("DUMP copied") == payload


@given(st.binary(max_size=300) | st.integers(-(2**65), 2**65).map(lambda n: b"%d" % n))
@example(b"a" * 20_000)
@example(b"-0")
@example(b"007")
def test_any_string_comes_back(content: bytes) -> None:
    bench = make_engine()
    bench.execute("SET", "k", content)
    assert bench.execute("RESTORE", "restored", 0, bench.execute("DUMP k")) == OK
    assert bench.execute("GET restored") == content


def test_a_missing_key_has_no_payload(bench: Bench) -> None:
    assert bench.execute("DUMP missing") is None


def test_a_payload_is_of_the_version_most_servers_read(bench: Bench) -> None:
    assert [bench.execute("DUMP", key)[-10:-8] for key in ("s", "text")] == [b"\x0b\x00"] * 2
    assert bench.execute("DUMP s")[0] == 21


def test_a_stream_that_remembers_messages_takes_the_first_version_that_has_them(bench):
    bench.execute("XADD s IDMP p i * f v")
    payload = bench.execute("DUMP s")
    assert (payload[0], payload[-10:-8]) == (26, b"\x0d\x00")


def test_a_stream_with_released_entries_takes_the_first_version_that_has_them(bench):
    bench.execute("XNACK s g FAIL IDS 1 1-0")
    payload = bench.execute("DUMP s")
    assert (payload[0], payload[-10:-8]) == (27, b"\x0e\x00")


def test_what_is_restored_is_a_value_of_its_own(bench: Bench) -> None:
    payload = bench.execute("DUMP s")
    before = held(bench, b"s")
    bench.execute("RESTORE", "t", 0, payload)
    for line in ("XADD t 9-0 f v", "XACK t g 1-0", "XDEL t 1-0", "XGROUP DESTROY t g"):
        bench.execute(line)
    assert held(bench, b"s") == before


# Times


def expiry(bench: Bench, key: bytes = b"t") -> int | None:
    return bench.engine.keyspace.databases[0].expiries.get(key)


@pytest.mark.parametrize(
    ("words", "at_ms"),
    [
        (["0"], None),
        (["0", "ABSTTL"], None),
        (["5000"], 1_005_000),
        (["2000000", "ABSTTL"], 2_000_000),
        (["9223372036854775807", "ABSTTL"], 2**63 - 1),
    ],
)
@pytest.mark.parametrize("source", ["s", "text"])
def test_the_time_to_live_is_the_one_asked_for(bench, words, at_ms, source):
    bench.execute("SET t x PX 77")
    ttl, *options = words
    bench.execute("RESTORE", "t", ttl, bench.execute("DUMP", source), "REPLACE", *options)
    assert expiry(bench) == at_ms


@pytest.mark.parametrize("words", [["1", "ABSTTL"], ["1000000", "ABSTTL"], [str(2**63 - 1)]])
def test_a_time_that_is_over_leaves_no_key(bench: Bench, words: list[str]) -> None:
    payload = bench.execute("DUMP text")
    ttl, *options = words
    assert bench.execute("RESTORE", "n", ttl, payload, *options) == OK
    assert bench.execute("RESTORE", "s", ttl, payload, "REPLACE", *options) == OK
    assert bench.execute("EXISTS n s") == 0


def test_a_log_that_is_being_loaded_says_itself_when_a_key_went(bench: Bench) -> None:
    payload = bench.execute("DUMP s")
    bench.engine.keyspace.is_loading = True
    bench.execute("RESTORE", "n", 5, payload, "ABSTTL")
    bench.execute("PERSIST n")
    bench.engine.keyspace.is_loading = False
    assert bench.execute("XLEN n") == bench.execute("XLEN s")


def test_a_restored_key_may_have_been_idle_for_long() -> None:
    bench = make_engine(now_ms=1_700_000_000_000)
    bench.execute("SET text x")
    payload = bench.execute("DUMP text")
    bench.execute("RESTORE", "n", 0, payload, "IDLETIME", 5)
    bench.execute("RESTORE", "oldest", 0, payload, "IDLETIME", 2**63 - 1)
    bench.execute("RESTORE", "new", 0, payload, "FREQ", 255)
    assert [bench.execute("OBJECT", "IDLETIME", key) for key in ("n", "new")] == [5, 0]
    assert bench.execute("OBJECT IDLETIME oldest") == 1_700_000_000


# What is refused


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["s", "0", "rubbish"], b"BUSYKEY Target key name already exists."),
        (["s", "x", "rubbish"], b"BUSYKEY Target key name already exists."),
        (["s", "x", "rubbish", "REPLACE"], b"ERR value is not an integer or out of range"),
        (["n", "-1", "rubbish"], b"ERR Invalid TTL value, must be >= 0"),
        (["n", "0", "rubbish"], WRONG_VERSION),
        (["n", "1", "rubbish", "ABSTTL"], WRONG_VERSION),
        (["n", "0", ""], WRONG_VERSION),
        (["s", "0", "rubbish", "FOO"], b"ERR syntax error"),
        (["s", "0", "rubbish", "IDLETIME"], b"ERR syntax error"),
        (["s", "0", "rubbish", "IDLETIME", "1", "FREQ", "1"], b"ERR syntax error"),
        (["s", "0", "rubbish", "FREQ", "256"], b"ERR Invalid FREQ value, must be >= 0 and <= 255"),
        (["s", "0", "rubbish", "IDLETIME", "-1"], b"ERR Invalid IDLETIME value, must be >= 0"),
        (["s", "0", "rubbish", "FREQ", "x"], b"ERR value is not an integer or out of range"),
    ],
)
def test_the_first_mistake_is_answered_and_nothing_changes(bench, words, line):
    before = contents(bench.engine.keyspace)
    reply = bench.execute("RESTORE", *words)
    assert isinstance(reply, CommandError)
    assert reply.line == line
    assert contents(bench.engine.keyspace) == before


@given(st.binary(max_size=200))
def test_no_rubbish_is_taken_and_none_does_harm(payload: bytes) -> None:
    bench = make_engine()
    reply = bench.execute("RESTORE", "n", 0, payload)
    assert isinstance(reply, CommandError)
    assert reply.line in (WRONG_VERSION, BAD_FORMAT)
    assert bench.execute("EXISTS n") == 0


#: What may trip over a stream that is not what it should be.
AFTERWARDS = (
    *("XINFO STREAM n FULL", "XINFO CONSUMERS n g", "XRANGE n - +", "XPENDING n g - + 10"),
    *("DUMP n", "XREADGROUP GROUP g c CLAIM 0 STREAMS n >", "XAUTOCLAIM n g c 0 0"),
    *("XADD n IDMP p m * f v", "XADD n IDMP p other * f v", "XNACK n g FAIL IDS 1 1-0"),
    *("XDEL n 1-0", "XTRIM n MAXLEN ~ 1", "XGROUP DELCONSUMER n g c", "COPY n copy", "DUMP copy"),
)


@given(st.data())
def test_a_damaged_value_without_a_checksum_is_refused_or_does_no_harm(data) -> None:
    bench = make_engine(now_ms=1_000_000)
    for line in (*FILLED, "XNACK s g FAIL IDS 1 1-0", "XADD s IDMP p m * f v"):
        bench.execute(line)
    payload = bytearray(bench.execute("DUMP s"))
    payload[-8:] = bytes(8)
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 11))] = data.draw(st.integers(0, 255))
    before = contents(bench.engine.keyspace)
    reply = bench.execute("RESTORE", "n", 0, bytes(payload))
    if reply != OK:
        assert reply.line == BAD_FORMAT
        assert contents(bench.engine.keyspace) == before
        return
    for line in AFTERWARDS:
        for encode in ENCODERS.values():
            pieces: list[bytes] = []
            encode(bench.execute(line), pieces)
            assert pieces
    bench.advance(2000)
    assert bench.engine.stats.faults == 0


def test_a_stream_that_could_remember_no_message_is_refused() -> None:
    bench = make_engine(now_ms=1_000_000)
    bench.execute("XADD s 1-0 f v")
    bench.execute("XCFGSET s IDMP-MAXSIZE 7")
    payload = bytearray(bench.execute("DUMP s"))
    assert payload[-14:-10] == b"\x07\x00\x00\x00"
    payload[-14] = 0
    payload[-8:] = bytes(8)
    assert bench.execute("RESTORE", "n", 0, bytes(payload)).line == BAD_FORMAT


def test_cut_and_flipped_payloads_are_refused(bench: Bench) -> None:
    payload = bench.execute("DUMP s")
    for size in range(len(payload)):
        assert isinstance(bench.execute("RESTORE", "n", 0, payload[:size]), CommandError), size
    for at in range(len(payload)):
        flipped = bytearray(payload)
        flipped[at] ^= 1
        assert isinstance(bench.execute("RESTORE", "n", 0, bytes(flipped)), CommandError), at
    assert bench.execute("EXISTS n") == 0


def test_a_full_memory_refuses_what_is_restored(bench: Bench) -> None:
    payload = bench.execute("DUMP s")
    bench.engine.config.set_many({"maxmemory": "1"})
    assert bench.execute("RESTORE", "n", 0, payload).line.startswith(b"OOM ")


# What is told


@pytest.mark.parametrize("source", ["s", "text"])
@pytest.mark.parametrize("options", [[], ["IDLETIME", "7"]])
@pytest.mark.parametrize("ttl", ["0", "5000"])
def test_replaying_a_restore_gives_an_equal_store(source, options, ttl) -> None:
    journal: list[Effect] = []
    bench = make_engine()
    bench.engine.listeners.append(journal.extend)
    for line in (*FILLED, "SET text x", "SET old x PX 100", "XADD t 1-0 f v", "PEXPIRE t 100"):
        bench.execute(line)
    payload = bench.execute("DUMP", source)
    for key in ("old", "t", "n"):
        assert bench.execute("RESTORE", key, ttl, payload, "REPLACE", *options) == OK
    replayed = Keyspace()
    replayed.replay(journal)
    assert contents(replayed) == contents(bench.engine.keyspace)


@pytest.mark.parametrize("source", ["s", "text"])
@pytest.mark.parametrize(
    ("words", "events"),
    [
        (["n", "0"], ["new n", "restore n"]),
        (["n", "5000"], ["new n", "restore n"]),
        (["same", "5000", "REPLACE"], ["new same", "restore same", "overwritten same"]),
        (["same", "1", "REPLACE", "ABSTTL"], ["del same"]),
        (["n", "1", "ABSTTL"], []),
    ],
)
def test_a_restore_is_told_as_new_even_where_it_replaces(bench, source, words, events) -> None:
    payload = bench.execute("DUMP", source)
    bench.execute("COPY", source, "same")
    bench.engine.config.set_many({"notify-keyspace-events": "EAnmoc"})
    listener = bench.connect()
    bench.execute("PSUBSCRIBE __keyevent*", client=listener)
    listener.link.pushed.clear()
    key, ttl, *options = words
    bench.execute("RESTORE", key, ttl, payload, *options)
    told = [push.items[2:] for push in listener.link.pushed]
    assert [f"{event.decode().split(':')[1]} {key.decode()}" for event, key in told] == events


def test_a_restore_counts_as_one_change(bench: Bench) -> None:
    payload = bench.execute("DUMP s")
    for words in (["n", "0"], ["n", "500", "REPLACE"], ["n", "1", "REPLACE", "ABSTTL"]):
        before = bench.engine.stats.changes_since_save
        key, ttl, *options = words
        bench.execute("RESTORE", key, ttl, payload, *options)
        assert bench.engine.stats.changes_since_save == before + 1
    bench.execute("RESTORE", "n", 1, payload, "ABSTTL")
    assert bench.engine.stats.changes_since_save == before + 1


def test_the_memory_of_what_was_restored_is_counted_and_its_messages_are_forgotten() -> None:
    bench = make_engine(now_ms=10_000_000)
    bench.execute("XADD s IDMP p m * f v")
    empty_bytes = bench.engine.memory.data_bytes()
    payload = bench.execute("DUMP s")
    bench.execute("DEL s")
    bench.advance(1000)
    bench.execute("RESTORE", "s", 0, payload)
    assert bench.engine.memory.data_bytes() == empty_bytes
    stream = bench.engine.keyspace.databases[0].stream(b"s")
    assert stream is not None
    assert stream.idempotency.producers
    bench.advance(stream.idempotency.duration_s * 1000 + 2000)
    assert not stream.idempotency.producers
