"""A command's shortcut does what parser and handler do, or leaves it to them.

Two engines run the same random commands, one of them without shortcuts: replies as they are
sent, effects, data, and what is counted must be the same. Segments are sealed and packed on the
way, a snapshot begins now and then, and clients change their protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis.strategies as st
import pytest
from hypothesis import given

from geostream.engine.command import TABLE
from geostream.reply import Wire
from geostream.resp.writer import ENCODERS
from geostream.store.capture import Capture
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from geostream.store.unpacked import Unpacked
from tests.properties.test_replay import (
    commands,
    consumers,
    counts,
    groups,
    ids,
    keys,
    words,
)
from tests.support.contents import contents
from tests.support.engines import Bench, make_engine
from tests.support.packing import pack_all

ROWS = [row for row in TABLE.values() if row.shortcut is not None]

usual = st.one_of(
    words("XADD", keys, "*", "f", counts),
    words("XADD", keys, ids, "f", counts),
    words("XREADGROUP", "GROUP", groups, consumers, "COUNT", counts, "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "COUNT", 2, "BLOCK", 5, "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "BLOCK", "x", "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "COUNT", "STREAMS", keys, ">"),
    words("XACK", keys, groups, ids),
    words("XACK", keys, groups, ids, ids),
    words("XRANGE", keys, ids, "+", "COUNT", counts),
    words("XGROUP", "SETID", keys, groups, "0"),
    words("HELLO", st.integers(2, 3)),
    words("CLIENT", "NO-TOUCH", st.sampled_from(["ON", "OFF"])),
)
asides = st.sampled_from(["", "", "", "seal", "pack", "capture", "close"])
steps = st.tuples(st.one_of(usual, usual, commands), st.integers(0, 20), asides)


@contextmanager
def without_shortcuts() -> Iterator[None]:
    kept = [row.shortcut for row in ROWS]
    for row in ROWS:
        row.shortcut = None
    yield
    for row, shortcut in zip(ROWS, kept, strict=True):
        row.shortcut = shortcut


class Side:
    """An engine, what it told, and the snapshot that is being taken of it."""

    def __init__(self) -> None:
        self.bench: Bench = make_engine(now_ms=1_000)
        self.journal: list[Effect] = []
        self.bench.engine.listeners.append(self.journal.extend)
        self.cache = Unpacked(500)

    @property
    def keyspace(self) -> Keyspace:
        return self.bench.engine.keyspace

    def step(self, request: list[str], passing_ms: int, aside: str) -> bytes:
        self.set_aside(aside)
        self.bench.advance(passing_ms)
        self.bench.engine.unblock(self.bench.client)
        reply = self.bench.execute(*request)
        out: list[bytes] = []
        if request[0] != "HELLO":  # which tells the client's number
            ENCODERS[self.bench.client.protocol](reply, out)
        return b"".join(out)

    def set_aside(self, aside: str) -> None:
        if aside in {"seal", "pack"}:
            for database in self.keyspace.databases:
                for value in database.values.values():
                    if type(value) is Stream:
                        value._seal_tail()
        if aside == "pack":
            pack_all(self.keyspace, self.cache)
        elif aside == "capture" and self.keyspace.capture is None:
            Capture(self.keyspace)
        elif aside == "close" and self.keyspace.capture is not None:
            restored = Keyspace()
            restored.replay(list(self.keyspace.capture))

    def counted(self) -> object:
        stats, keyspace = self.bench.engine.stats, self.keyspace
        touched = {
            (database.number, key): value.accessed_ms
            for database in keyspace.databases
            for key, value in database.values.items()
        }
        calls = {name: (each.calls, each.failed) for name, each in stats.commands.items()}
        found = (keyspace.hits, keyspace.misses, keyspace.expired)
        return found, touched, calls, stats.changes_since_save, stats.errors


@given(st.lists(steps, max_size=60))
def test_with_and_without_shortcuts_all_is_the_same(drawn):
    short, long = Side(), Side()
    for request, passing_ms, aside in drawn:
        reply = short.step(request, passing_ms, aside)
        with without_shortcuts():
            assert reply == long.step(request, passing_ms, aside)
        assert short.counted() == long.counted()
    assert short.journal == long.journal
    assert contents(short.keyspace) == contents(long.keyspace)


@pytest.mark.parametrize("protocol, outer", [(2, b"*1\r\n*2\r\n"), (3, b"%1\r\n")])
def test_a_worker_that_keeps_up_goes_the_short_way(protocol, outer):
    bench = make_engine()
    for request in ("XADD s 1-0 f v", "XADD s 2-0 f v", "XGROUP CREATE s g 0"):
        bench.execute(request)
    bench.execute("XGROUP CREATECONSUMER s g c")
    bench.client.protocol = protocol
    for ms in (1, 2):
        reply = bench.execute("XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS s >")
        entry = b"*2\r\n$3\r\n%d-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n" % ms
        assert reply == Wire([outer + b"$1\r\ns\r\n*1\r\n" + entry])  # not PairArrays
        assert bench.execute(f"XACK s g {ms}-0") == 1
        assert bench.execute(f"XACK s g {ms}-0") == 0


def test_who_came_for_a_group_that_went_and_came_again_finds_the_new_one():
    bench = make_engine()
    bench.execute("XADD s 1-0 f v")
    for name in (b"c", b"d"):
        bench.execute("XGROUP CREATE s g 0")
        bench.execute("XREADGROUP", "GROUP", "g", name, "STREAMS", "s", ">")
        assert list(bench.engine.keyspace.databases[0].values[b"s"].groups[b"g"].consumers) == [
            name
        ]
        bench.execute("XREADGROUP", "GROUP", "g", name, "STREAMS", "s", ">")
        assert bench.execute("XACK s g 1-0") == 1
        bench.execute("XGROUP DESTROY s g")
    assert bench.execute("XACK s g 1-0") == 0
    bench.execute("DEL s")
    assert b"NOGROUP" in bench.execute("XREADGROUP GROUP g c STREAMS s >").line
