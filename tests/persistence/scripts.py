"""Data for tests of plugins: an engine whose changes are collected, and what to have it do."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from geostream.errors import CommandError
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from tests.support.engines import make_engine
from tests.support.wire import words

NOW_MS = 4_000_000_000_000  # 2096: a plugin that looks at the clock must not find keys expired

#: Names, values, numbers and IDs at the edge of what there can be.
HARD = [
    r'XADD "\xff\x00\r\n" 0-1 "" ""',
    r'XADD "\xff\x00\r\n" 1-1 same 1 same 2 "\x00\xff" "\r\n*2\r\n" "name with \"quotes\"" %s',
    "XADD end 0-1 f v",
    "XADD end 9223372036854775807-18446744073709551615 f v",
    "XADD end 9223372036854775808-0 f v",
    "XADD end 18446744073709551615-9223372036854775808 f v",
    "XADD end 18446744073709551615-18446744073709551615 f -9223372036854775808",
    'XGROUP CREATE end "" 0',
    'XREADGROUP GROUP "" "" COUNT 4 STREAMS end >',
    "XADD s 1-1 f v",
    "XADD s 1-2 f v g w",
    "XADD s 2-0 f -1 g 007",
    "XADD s 3-0 f 12345678901234567890 g 3.0e10",
    r"XADD s 4-0 æøå 名前",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE s unknown 2-0",
    "XGROUP CREATE s known 2-0 ENTRIESREAD 3",
    "XGROUP CREATECONSUMER s g idle",
    "XREADGROUP GROUP g a COUNT 2 STREAMS s >",
    "XREADGROUP GROUP g b COUNT 1 STREAMS s >",
    "XCLAIM s g c 0 1-2 TIME 4000000000001 RETRYCOUNT 9223372036854775807",
    "XDEL s 1-1 2-0",
    "XGROUP CREATE hollow g $ MKSTREAM",
    "XADD trimmed MAXLEN = 0 7-7 f v",
    r'SET text "\x00\r\n\xff"',
    'SET nothing ""',
    "SET counter 41",
    "SET half 0.5",
    "PEXPIREAT counter 9223372036854775806",
    "PEXPIRE s 100000000",
    "SELECT 15",
    "XADD s 1-1 other database",
    r'SET "" "empty key"',
    "SELECT 0",
]  # fmt: skip

#: Commands that have an effect of each kind.
EVERY_EFFECT = [
    "XADD s 1-1 f v",
    "XADD s 2-1 f v",
    "XADD s 3-1 f v",
    "XADD s 4-1 f v",
    "XADD s 5-1 f v",
    "XADD s 6-1 f v",
    "XADD s 7-1 f v",
    "XGROUP CREATE s g 0",
    "XGROUP CREATE s h 0",
    "XGROUP CREATE s gone 0",
    "XGROUP CREATECONSUMER s g idle",
    "XGROUP CREATECONSUMER s g doomed",
    "XREADGROUP GROUP g a COUNT 5 STREAMS s >",
    "XREADGROUP GROUP h b COUNT 2 NOACK STREAMS s >",
    "XREADGROUP GROUP g a STREAMS s 0",
    "XACK s g 1-1",
    "XCLAIM s g b 0 2-1",
    "XREADGROUP GROUP g doomed COUNT 1 STREAMS s >",
    "XGROUP DELCONSUMER s g doomed",
    "XNACK s g FAIL IDS 1 3-1",
    "XNACK s g SILENT IDS 1 2-1",
    "XGROUP SETID s h 3-1",
    "XGROUP SETID s h 3-1 ENTRIESREAD 3",
    "XGROUP DESTROY s gone",
    "XDEL s 7-1",
    "XTRIM s MAXLEN = 4",
    "XADD acked 1-1 f v",
    "XADD acked 2-1 f v",
    "XADD acked 3-1 f v",
    "XADD acked 4-1 f v",
    "XADD acked 5-1 f v",
    "XGROUP CREATE acked g 0",
    "XREADGROUP GROUP g a COUNT 3 STREAMS acked >",
    "XACK acked g 1-1 2-1 3-1",
    "XTRIM acked ACKED MAXLEN = 1",
    "XDELEX acked DELREF IDS 1 4-1",
    "XSETID s 20-1 ENTRIESADDED 30 MAXDELETEDID 9-1",
    "XADD idmp IDMP producer message * f v",
    "XADD idmp IDMP producer message * f v",
    "XADD idmp IDMPAUTO producer * f v",
    "TIME-PASSES 200000",
    "XADD idmp IDMP producer other * f v",
    "XCFGSET idmp IDMP-MAXSIZE 3",
    "XADD idmp IDMP other first * f v",
    "SET text value PX 100000",
    "APPEND text more",
    "SET brief value PX 5",
    "TIME-PASSES 10",
    "SET counter 1",
    "INCRBYFLOAT counter 1.5",
    "PEXPIRE s 100000000",
    "PEXPIRE acked 100000000",
    "PERSIST acked",
    "DUMP-AND-RESTORE s restored",
    "DUMP-AND-RESTORE text restored-text",
    "COPY s copy",
    "COPY s copy DB 2",
    "RENAME copy renamed",
    "MOVE renamed 3",
    "COPY s doomed",
    "DEL doomed",
    "SELECT 5",
    "XADD flushed * f v",
    "FLUSHDB",
    "XADD swapped * f v",
    "SELECT 0",
    "SWAPDB 5 6",
]


class Source:
    """An engine that runs commands; what they change gathers until somebody takes it."""

    def __init__(self, entries_in_a_node: int = 3) -> None:
        """Start empty. Small nodes make more of what only happens at their ends."""
        self._bench = make_engine(NOW_MS)
        self._bench.engine.keyspace.node_limits.max_entries = entries_in_a_node
        self.batch: list[Effect] = []
        self._bench.engine.listeners.append(self._take)

    def _take(self, effects: list[Effect]) -> None:
        self.batch.extend(effects)

    @property
    def keyspace(self) -> Keyspace:
        """What the commands have made."""
        return self._bench.engine.keyspace

    def take_batch(self) -> list[Effect]:
        """Return what changed since it was asked for last."""
        batch, self.batch = self.batch, []
        return batch

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass and the engine notice; nobody is blocked any more."""
        self._bench.advance(milliseconds)
        self._bench.engine.unblock(self._bench.client)

    def execute(self, *request: bytes | str | int) -> Any:
        """Run a request; an error is returned."""
        return self._bench.execute(*request)

    def run(self, script: Iterable[str]) -> None:
        """Run lines as redis-cli would; none may fail."""
        for line in script:
            request = words(line)
            if request[0] == b"TIME-PASSES":
                self.pass_time(int(request[1]))
                continue
            if request[0] == b"DUMP-AND-RESTORE":
                payload = self.execute("DUMP", request[1])
                request = [b"RESTORE", request[2], b"0", payload]
            reply = self.execute(*request)
            assert not isinstance(reply, CommandError), (line, reply)


@contextmanager
def copied(directory: Path) -> Iterator[Path]:
    """Give a copy of a directory, as it would be found after a crash at this moment."""
    with TemporaryDirectory() as place:
        copy = Path(place) / "copy"
        shutil.copytree(directory, copy)
        yield copy
