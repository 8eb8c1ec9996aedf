"""Running again what is stored: what a log may say, and what is not taken from it."""

from __future__ import annotations

from typing import Any

import pytest

import geostream.commands  # noqa: F401  fills the command table
from geostream.config import Config
from geostream.engine.fitting import fits
from geostream.engine.replay import NoSuchDatabase, Replayer, UnknownCommand
from geostream.store import effects as fx
from geostream.store.apply import APPLY
from geostream.store.effects import Effect
from geostream.store.ids import id_bytes
from geostream.store.images import StreamImage
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from geostream.store.wire import pack_entry
from tests.support.contents import contents

NOW_MS = 1_000_000


class Bench:
    """A replayer and its keyspace."""

    def __init__(self) -> None:
        self.keyspace = Keyspace()
        self.replayer = Replayer(self.keyspace, Config(), NOW_MS)

    def run(self, *requests: str, number: int = 0) -> None:
        """Run requests, words separated by blanks."""
        self.replayer.run((number, request.encode().split()) for request in requests)

    def well(self, *requests: str) -> None:
        """Run requests that must not fail."""
        self.run(*requests)
        assert self.replayer.failures == []

    def stream(self, key: bytes = b"s") -> Stream:
        """Return a stream that must be there."""
        stream = self.keyspace.databases[0].stream(key)
        assert stream is not None
        return stream


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_requests_and_effects_are_carried_out_in_their_order(bench: Bench) -> None:
    bench.replayer.run(
        [
            (0, [b"XADD", b"s", b"1-1", b"f", b"v"]),
            fx.StreamIdSet(0, b"s", (9, 9), 5, (3, 3)),
            (0, [b"XADD", b"s", b"10-0", b"f", b"v"]),
        ]
    )
    stream = bench.stream()
    assert (stream.length, stream.entries_added, stream.last_id) == (2, 6, (10, 0))
    assert bench.keyspace.journal == []
    assert not bench.keyspace.is_loading


def test_each_request_runs_in_its_database(bench: Bench) -> None:
    bench.run("SET k v", number=3)
    bench.run("MOVE k 4", number=3)
    assert [len(database) for database in bench.keyspace.databases[:6]] == [0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    "request_", ["XADD s MAXLEN = 1 LIMIT 5 9-0 f v", "XTRIM s MAXLEN = 1 LIMIT 1"]
)
def test_a_limit_with_an_exact_threshold_is_taken_and_ignored(bench: Bench, request_: str) -> None:
    bench.well("XADD s 1-1 f v", "XADD s 1-2 f v", "XADD s 1-3 f v", request_)
    assert bench.stream().length == 1


def test_an_id_may_lack_its_second_half(bench: Bench) -> None:
    bench.well("XADD s 7 f v")
    assert bench.stream().last_id == (7, 0)


def test_names_may_be_in_lower_case_and_options_in_any_order(bench: Bench) -> None:
    bench.well(
        "xadd s 1-1 f v",
        "xgroup create s g 0 entriesread -1",
        "xclaim s g c 0 1-1 justid retrycount 3 force time 500 lastid 1-1",
        "xgroup setid s g 1-1 entriesread 1",
    )
    group = bench.stream().groups[b"g"]
    held = group.pending[(1, 1)]
    assert (held.time_ms, held.delivery_count) == (500, 3)
    assert (group.last_id, group.entries_read) == ((1, 1), 1)


def test_a_claim_of_an_entry_that_is_gone_drops_it(bench: Bench) -> None:
    bench.well(
        "XADD s 1-1 f v",
        "XGROUP CREATE s g 0",
        "XCLAIM s g c 0 1-1 TIME 500 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
        "XDEL s 1-1",
        "XCLAIM s g c 0 1-1 TIME 500 RETRYCOUNT 2 FORCE JUSTID",
    )
    assert not bench.stream().groups[b"g"].pending


def test_no_key_goes_away_before_the_log_says_so(bench: Bench) -> None:
    bench.well("SET k v", "PEXPIREAT k 5", "APPEND k w", "SET other v PXAT 6")
    assert bench.keyspace.databases[0].expiries == {b"k": 5, b"other": 6}
    bench.well("DEL k")
    assert set(bench.keyspace.databases[0].values) == {b"other"}


def test_a_message_has_the_id_it_got_and_a_duplicate_is_one(bench: Bench) -> None:
    bench.well(
        "XADD s IDMP p 1 5-0 f v",
        "XADD s IDMP p 1 * f v",
        "XADD s IDMP p 2 6-0 f v",
        "XADD s IDMP q forgotten * f v",
    )
    memory = bench.stream().idempotency
    assert bench.stream().last_id == (6, 0)
    assert memory.producers == {b"p": {b"1": (5, 0), b"2": (6, 0)}}
    assert (memory.iids_added, memory.iids_duplicates) == (2, 2)


def test_a_message_that_came_again_when_the_first_was_forgotten_is_new(bench: Bench) -> None:
    bench.well("XADD s IDMP p 1 5-0 f v", "XADD s IDMP p 1 9-0 f v")
    memory = bench.stream().idempotency
    assert memory.producers == {b"p": {b"1": (9, 0)}}
    assert memory.iids_tracked == 1
    assert bench.stream().length == 2


def test_what_fails_does_nothing_and_is_counted(bench: Bench) -> None:
    bench.run("XADD s 5-0 f v", "XADD s 4-0 f v", "XADD s 6-0 f", "SET", "XGROUP", "INCR s")
    assert bench.stream().length == 1
    assert bench.replayer.failed == len(bench.replayer.failures) == 5


def test_failures_are_described_only_up_to_a_limit(bench: Bench) -> None:
    bench.run(*["XADD s 0-0 f v"] * 1000)
    assert bench.replayer.failed == 1000
    assert len(bench.replayer.failures) < 100


@pytest.mark.parametrize(
    "request_", ["HSET h f v", "NOSUCH", "XGROUP NOSUCH s g", "EVAL x 0", "xgroup|create s g 0"]
)
def test_an_unknown_command_ends_it(bench: Bench, request_: str) -> None:
    with pytest.raises(UnknownCommand):
        bench.run("SET before v", request_, "SET after v")
    assert set(bench.keyspace.databases[0].values) == {b"before"}


def test_a_database_that_is_not_there_ends_it(bench: Bench) -> None:
    with pytest.raises(NoSuchDatabase, match="16"):
        bench.run("SET k v", number=16)
    with pytest.raises(NoSuchDatabase):
        bench.replayer.run([fx.StringSet(-1, b"k", b"v", "set", True)])


@pytest.mark.parametrize(
    "request_",
    ["GET k", "PING", "CONFIG SET maxmemory 1", "SUBSCRIBE c", "MONITOR", "SHUTDOWN", "XREAD"
     " BLOCK 0 STREAMS s $", "CLIENT KILL ID 1", "WATCH k"],
)  # fmt: skip
def test_what_changes_no_data_is_not_run(bench: Bench, request_: str) -> None:
    before = bench.replayer._context.engine.config.get("maxmemory")
    bench.well("SET k v", request_, "SET l w")
    assert set(bench.keyspace.databases[0].values) == {b"k", b"l"}
    assert bench.replayer._context.engine.config.get("maxmemory") == before


def test_nothing_waits(bench: Bench) -> None:
    bench.well(
        "XGROUP CREATE s g 0 MKSTREAM",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
        "XADD s 1-1 f v",
    )
    assert not bench.stream().groups[b"g"].pending


ID = (5, 5)
UNFIT: list[Effect] = [
    fx.StreamCreated(0, b"s", 100, 100),
    fx.StreamCreated(0, b"new", 0, 100),
    fx.ExpirySet(0, b"no", 5),
    fx.ExpiryRemoved(0, b"s", True),
    fx.KeyDeleted(0, b"no"),
    fx.KeyExpired(0, b"no"),
    fx.KeyMoved(0, b"no", 0, b"s"),
    fx.KeyMoved(0, b"s", 99, b"s"),
    fx.KeyCopied(0, b"s", -1, b"s"),
    fx.DatabasesSwapped(0, b"", 99),
    fx.EntryAdded(0, b"s", (1, 1), pack_entry(b"1-1", [b"f", b"v"]), True),
    fx.EntryAdded(0, b"text", ID, pack_entry(id_bytes(ID), [b"f", b"v"]), True),
    fx.EntriesTrimmed(0, b"s", 5, 0, ID, 0),
    fx.EntriesDeleted(0, b"s", [ID], ID, False),
    fx.EntriesDeleted(0, b"s", [(1, 1), (1, 1)], ID, False),
    fx.EmptyNodesDropped(0, b"text", 1),
    fx.StreamIdSet(0, b"s", (0, 5), 5, (0, 0)),
    fx.GroupCreated(0, b"s", b"g", ID, None),
    fx.GroupMoved(0, b"s", b"no", ID, None, True),
    fx.GroupDestroyed(0, b"s", b"no"),
    fx.ConsumerCreated(0, b"s", b"g", b"c", 5),
    fx.ConsumerDeleted(0, b"s", b"g", b"no"),
    fx.ConsumerSeen(0, b"s", b"g", b"no", 5, 5),
    fx.Delivered(0, b"s", b"g", b"c", [], 5, None, False),
    fx.Delivered(0, b"s", b"g", b"c", [ID, (1, 1)], 5, None, False),
    fx.Delivered(0, b"s", b"g", b"no", [ID], 5, None, False),
    fx.Claimed(0, b"s", b"no", b"c", [(ID, 5, 5)]),
    fx.Released(0, b"s", b"no", [(ID, 5)]),
    fx.PendingRemoved(0, b"s", b"g", [ID, ID]),
    fx.IdmpConfigured(0, b"s", 0, 5),
    fx.IdmpRecorded(0, b"s", b"p", b"1", ID),
    fx.IdmpDuplicate(0, b"no"),
    fx.IdmpExpired(0, b"text", 5),
]
FILLED = [
    "XADD s IDMP p 1 1-1 f v",
    "XGROUP CREATE s g 0",
    "XGROUP CREATECONSUMER s g c",
    "SET text v",
]


@pytest.mark.parametrize("effect", UNFIT, ids=lambda effect: type(effect).__name__)
def test_an_effect_that_does_not_fit_does_nothing(bench: Bench, effect: Effect) -> None:
    bench.well(*FILLED)
    before: Any = contents(bench.keyspace)
    bench.replayer.run([effect])
    assert contents(bench.keyspace) == before
    assert bench.replayer.failed == 1
    assert type(effect).__name__ in bench.replayer.failures[0]


def test_every_kind_of_effect_is_looked_at() -> None:
    keyspace = Keyspace()
    always = [
        fx.StringSet(0, b"k", b"v", "set", True),
        fx.StreamRestored(0, b"k", StreamImage()),
        fx.DatabaseFlushed(0, b"", 0),
    ]
    assert {type(effect) for effect in UNFIT} == set(APPLY) - set(map(type, always))
    for effect in always:
        assert fits(keyspace, effect)
