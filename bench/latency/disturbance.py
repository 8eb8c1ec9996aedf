"""What goes on beside the paced requests, in a process of its own, until it is told to stop."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from bench.filling import KEY
from bench.saving import REWRITE, SNAPSHOT, save
from bench.setups import IN_MEMORY, Setups, our_log, ours, theirs
from bench.wire import PATIENCE_S, Connection, ServerSaidNo, pack

END_LIMIT_S = 60.0
BUFFER_BYTES = 1 << 20
ENTRY_LINES = 12  # line ends of an entry with two fields: 2 headers, 5 strings with their headers

_FORK = multiprocessing.get_context("fork")

Disturb = Callable[[Connection, Connection, int], None]  # connections, entries


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table."""

    name: str
    title: str
    setups: Setups
    disturb: Disturb | None = None
    pause_s: float = 0.0  # between two disturbances


def _save(command: str) -> Disturb:
    def disturb(connection: Connection, other: Connection, _: int) -> None:
        save(command, connection, other)

    return disturb


def _read_all(connection: Connection, _: Connection, entries: int) -> None:
    """Read the whole stream as it was filled, with one request; count, do not parse."""
    request = pack("XRANGE", KEY, "-", "+", "COUNT", entries)
    buffer = memoryview(bytearray(BUFFER_BYTES))
    missing_lines = 1 + ENTRY_LINES * entries
    connection.sock.sendall(request)
    while missing_lines:
        received = connection.sock.recv_into(buffer)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        missing_lines -= bytes(buffer[:received]).count(b"\n")


_RDB = Setups(ours("rdb", "save="), theirs())
_AOF = Setups(our_log("everysec"), theirs("everysec"))

SETTINGS = (
    Setting("quiet", "nothing else", IN_MEMORY),
    Setting("xrange", "one client reads all of it in one XRANGE", IN_MEMORY, _read_all, 0.5),
    Setting("snapshot", "BGSAVE again and again", _RDB, _save(SNAPSHOT)),
    Setting("rewrite", "BGREWRITEAOF again and again", _AOF, _save(REWRITE)),
)


@contextmanager
def going_on(setting: Setting, port: int, entries: int) -> Iterator[list[float]]:
    """Disturb the server meanwhile; the list yielded holds the seconds each took, afterwards."""
    took_s: list[float] = []
    if setting.disturb is None:
        yield took_s
        return
    ours_end, theirs_end = _FORK.Pipe()
    child = _FORK.Process(target=_child, args=(setting, port, entries, theirs_end), daemon=True)
    child.start()
    theirs_end.close()
    try:
        yield took_s
        ours_end.send("stop")
        if not ours_end.poll(END_LIMIT_S):
            raise ServerSaidNo(f"{setting.name} has not ended after {END_LIMIT_S} s")
        outcome = ours_end.recv()
        if isinstance(outcome, str):
            raise ServerSaidNo(f"{setting.name}: {outcome}")
        took_s += outcome
    finally:
        child.kill()
        child.join()
        ours_end.close()


def _child(setting: Setting, port: int, entries: int, pipe: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    took_s: list[float] = []
    assert setting.disturb is not None
    try:
        with Connection(port, PATIENCE_S) as connection, Connection(port, PATIENCE_S) as other:
            while not pipe.poll(setting.pause_s):
                begun_s = time.perf_counter()
                setting.disturb(connection, other, entries)
                took_s.append(time.perf_counter() - begun_s)
    except (ServerSaidNo, OSError) as error:
        pipe.send(f"{type(error).__name__}: {error}")
    else:
        pipe.send(took_s)
