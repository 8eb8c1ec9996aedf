"""Every kind of effect can be written, and what it looks like to others."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geostream.persistence.api import Corrupt, Request
from geostream.store import effects as fx
from geostream.store.effects.effect import Change, Effect
from geostream.store.wire import pack_entry
from geostream_plugins.aof.annotations import (
    KINDS,
    PREFIX,
    Annotations,
    BadAnnotation,
    Held,
    effect_lines,
)
from geostream_plugins.aof.records import NO_DATABASE, RECORDS, batch_bytes, gathered
from geostream_plugins.aof.scan import Scanner
from tests.persistence.aof.files import DIR_NAME, load, opened, store
from tests.properties.test_replay import commands
from tests.support.engines import make_engine

REDIS_LINE_BYTES = 1023  # what its buffer holds


def commands_of(batch: list[Effect], database: int = 0) -> list[str]:
    """Return a batch's commands as text."""
    return [
        b" ".join(item).decode()
        for _, _, item in Scanner(batch_bytes(batch, database), one_by_one=True)
        if isinstance(item, list)
    ]


def test_every_kind_of_effect_is_known() -> None:
    kinds = {getattr(fx, name) for name in fx.__all__} - {Effect}
    assert {*RECORDS, fx.EntryAdded} == kinds


@settings(max_examples=60)
@given(st.lists(commands, max_size=40), st.lists(st.integers(1, 5), min_size=1))
def test_what_is_gathered_in_portions_is_what_is_written_at_once(requests, portions) -> None:
    subject = make_engine(now_ms=1_000)
    effects: list[Effect] = []
    subject.engine.listeners.append(effects.extend)
    for request in requests:
        subject.engine.unblock(subject.client)
        subject.execute(*request)
    in_portions, place = [], 0
    for size in cycle(portions):
        in_portions += gathered(effects[place : place + size])
        place += size
        if place >= len(effects):
            break
    assert batch_bytes(in_portions, 0) == batch_bytes(effects, 0)


def test_an_unknown_kind_is_named() -> None:
    class Novelty(Change):
        pass

    with pytest.raises(TypeError, match="Novelty"):
        batch_bytes([Novelty(0, b"k")], 0)


@pytest.mark.parametrize(
    ("effect", "commands"),
    [
        (
            fx.EntryAdded(0, b"s", (1, 2), pack_entry(b"1-2", [b"f", b"v"]), True),
            ["XADD s 1-2 f v"],
        ),
        (fx.EntriesTrimmed(0, b"s", 3, 0, (9, 9), 4), ["XTRIM s MAXLEN = 4"]),
        (fx.EntriesDeleted(0, b"s", [(1, 1), (2, 2)], (2, 2), False), ["XDEL s 1-1 2-2"]),
        (fx.PendingRemoved(0, b"s", b"g", [(1, 1)]), ["XACK s g 1-1"]),
        (fx.StringSet(0, b"k", b"v", "set", True), ["SET k v KEEPTTL"]),
        (fx.ExpirySet(0, b"k", 5), ["PEXPIREAT k 5"]),
        (fx.ExpiryRemoved(0, b"k", False), ["PERSIST k"]),
        (fx.KeyExpired(0, b"k"), ["DEL k"]),
        (fx.KeyMoved(0, b"k", 0, b"m"), ["RENAME k m"]),
        (fx.KeyMoved(0, b"k", 1, b"k"), ["MOVE k 1"]),
        (fx.KeyCopied(0, b"k", 1, b"m"), ["COPY k m DB 1 REPLACE"]),
        (fx.DatabaseFlushed(0, b"", 5), ["FLUSHDB"]),
        (fx.DatabasesSwapped(0, b"", 3), ["SWAPDB 0 3"]),
        (fx.GroupDestroyed(0, b"s", b"g"), ["XGROUP DESTROY s g"]),
        (fx.ConsumerDeleted(0, b"s", b"g", b"c"), ["XGROUP DELCONSUMER s g c"]),
        (fx.EmptyNodesDropped(0, b"s", 1), []),
    ],
)
def test_one_command_alone_says_it_where_a_command_can(effect: Effect, commands: list[str]) -> None:
    assert commands_of([effect]) == commands


def test_a_delivery_is_a_transaction_other_servers_carry_out() -> None:
    delivered = fx.Delivered(0, b"s", b"g", b"c", [(1, 1), (2, 0)], 77, None, False)
    assert commands_of([delivered]) == [
        "MULTI",
        "XCLAIM s g c 0 1-1 2-0 TIME 77 RETRYCOUNT 1 FORCE JUSTID",
        "XGROUP SETID s g 2-0 ENTRIESREAD -1",
        "EXEC",
    ]


def test_the_database_is_selected_when_it_changes() -> None:
    batch: list[Effect] = [fx.KeyDeleted(0, b"a"), fx.KeyDeleted(3, b"b"), fx.KeyDeleted(3, b"c")]
    assert commands_of(batch, NO_DATABASE) == [
        "MULTI", "SELECT 0", "DEL a", "SELECT 3", "DEL b", "DEL c", "EXEC",
    ]  # fmt: skip
    assert commands_of(batch[1:2], 3) == ["DEL b"]


def test_a_stream_that_is_only_created_is_there_on_other_servers() -> None:
    assert commands_of([fx.StreamCreated(0, b"s", 100, 100)]) == [
        "MULTI",
        "XGROUP CREATE s geostream 0 MKSTREAM",
        "XGROUP DESTROY s geostream",
        "EXEC",
    ]


def test_no_line_is_longer_than_redis_reads() -> None:
    seen = fx.ConsumerSeen(0, b"k" * 5000, b"g", b"c", 1, 1)
    lines = effect_lines(seen).split(b"\r\n")
    assert all(line.startswith(PREFIX) for line in lines[:-1])
    assert max(map(len, lines)) + 2 <= REDIS_LINE_BYTES
    reader = Annotations()
    read = [reader.read(line) for line in lines[:-1]]
    assert read[:-1] == [None] * (len(lines) - 2)
    assert isinstance(read[-1], Held)
    assert read[-1].effect() == seen


@pytest.mark.parametrize(
    "text",
    [
        b"Nonsense 0 {}",
        b"ConsumerSeen 0 {}",
        b"ConsumerSeen 0 nothing",
        b'ConsumerSeen 0 {"db":0,"key":"!","group":"","consumer":"","seen_ms":1,"active_ms":1}',
        b'ConsumerSeen 0 {"db":0,"key":"","group":"","consumer":"","seen_ms":-2,"active_ms":1}',
        b'GroupMoved 0 {"db":0,"key":"","group":"","last_id":[-1,0],"entries_read":1,"told":true}',
        b'GroupMoved 0 {"db":0,"key":"","group":"","last_id":[1],"entries_read":1,"told":true}',
        b'IdmpExpired 0 {"db":0,"key":"","floor_ms":18446744073709551616}',
        b"sum 5",
        b"\xff\xfe",
    ],
)
def test_an_annotation_that_does_not_read_is_refused(text: bytes) -> None:
    with pytest.raises(BadAnnotation):
        Annotations().read(PREFIX + text)


def test_other_remarks_are_left_alone() -> None:
    assert Annotations().read(b"#TS:1700000000") is None
    assert Annotations().read(b"# a remark") is None


def test_every_annotated_kind_is_written_somewhere() -> None:
    assert {kind.__name__.encode() for kind in RECORDS} > set(KINDS)


def tampered(tmp_path: Path, content: bytes) -> Path:
    store(tmp_path, [])
    (tmp_path / DIR_NAME / "appendonly.aof.1.incr.aof").write_bytes(content)
    return tmp_path


SEEN = effect_lines(fx.ConsumerSeen(0, b"s", b"g", b"c", 1, 1), 1)


@pytest.mark.parametrize(
    "content",
    [
        SEEN + b"*1\r\n$5\r\nMULTI\r\n",
        SEEN + SEEN + b"*1\r\n$4\r\nPING\r\n",
        b"#geostream:more abc\r\n*1\r\n$4\r\nPING\r\n",
        b"#geostream:more abc\r\n#TS:1\r\n",
        b"*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n",
        b"*1\r\n$6\r\nSELECT\r\n",
        b'#geostream:StreamRestored 1 {"db":0,"key":"cw==","payload":null}\r\n*1\r\n$4\r\nPING\r\n',
        b'#geostream:StreamRestored 0 {"db":0,"key":"cw==","payload":"AAAA"}\r\n',
        b"#geostream:sum 99999 00000000\r\n",
        b"#geostream:sum 0 00000001\r\n",
    ],
)
def test_annotations_that_do_not_fit_the_commands_are_refused(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(Corrupt, match="bad file format"):
        load(tampered(tmp_path, content))


def test_transactions_are_taken_apart(tmp_path: Path) -> None:
    def command(*words: bytes) -> bytes:
        return b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%b\r\n" % (len(word), word) for word in words
        )

    content = b"".join(
        [
            command(b"EXEC"),
            command(b"multi"),
            command(b"select", b"2"),
            command(b"set", b"k", b"v"),
            command(b"MULTI"),
            command(b"EXEC"),
            command(b"MULTI"),
            command(b"set", b"never", b"v"),
            command(b"DISCARD"),
            command(b"get", b"k"),
        ]
    )
    plugin = opened(tampered(tmp_path, content))
    assert list(plugin.load()) == [
        Request(2, [b"set", b"k", b"v"]),
        Request(2, [b"get", b"k"]),
    ]
    plugin.close()
