"""A million entries saved in the background, and how long another client waits meanwhile.

The clock runs from the command to the moment INFO says that it is done. All that time another
connection asks for the length of the stream, again and again with a short pause; its first
request follows the command at once, so it meets the fork of a server that forks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.filling import KEY, fill, wait_until_synced
from bench.setups import Setups, our_log, ours, theirs
from bench.wire import PATIENCE_S, Connection, ServerSaidNo, pack
from bench.workload import SAVE_S, WAIT_MS, Sample, Scale, Target, Workload

LIMIT_S = 90.0
LOOK_EVERY_S = 0.01
PAUSE_S = 0.001
SNAPSHOT, REWRITE = "BGSAVE", "BGREWRITEAOF"

# Fields of INFO persistence: which are 0 at the end, and which tells how it went.
_UNDER_WAY = {
    SNAPSHOT: ("rdb_bgsave_in_progress",),
    REWRITE: ("aof_rewrite_in_progress", "aof_rewrite_scheduled"),
}
_OUTCOME = {SNAPSHOT: "rdb_last_bgsave_status", REWRITE: "aof_last_bgrewrite_status"}


def save(command: str, connection: Connection, other: Connection) -> Sample:
    """Have the server save, and return the seconds it took and the other's longest wait.

    Raises ServerSaidNo if it fails or does not end in time.
    """
    start_s = time.perf_counter()
    connection.sock.sendall(pack(command))
    longest_s = _wait_s(other)
    connection.read_reply()
    look_s = 0.0
    while True:
        longest_s = max(longest_s, _wait_s(other))
        now_s = time.perf_counter()
        if now_s >= look_s:
            if _is_done(command, connection.info("persistence")):
                return {SAVE_S: time.perf_counter() - start_s, WAIT_MS: longest_s * 1000}
            look_s = now_s + LOOK_EVERY_S
        if now_s - start_s > LIMIT_S:
            raise ServerSaidNo(f"{command} has not ended after {LIMIT_S} s")
        time.sleep(PAUSE_S)


def _wait_s(other: Connection) -> float:
    start_s = time.perf_counter()
    other.call("XLEN", KEY)
    return time.perf_counter() - start_s


def _is_done(command: str, info: dict[str, str]) -> bool:
    if any(info[name] != "0" for name in _UNDER_WAY[command]):
        return False
    if info[_OUTCOME[command]] != "ok":
        raise ServerSaidNo(f"{command} failed: {_OUTCOME[command]} is {info[_OUTCOME[command]]}")
    return True


@dataclass(frozen=True, slots=True)
class Saving:
    """Fill the server, then have it save."""

    command: str

    def __call__(self, target: Target, scale: Scale) -> Sample:
        with (
            Connection(target.port, PATIENCE_S) as connection,
            Connection(target.port, PATIENCE_S) as other,
        ):
            fill(connection, scale)
            if self.command == REWRITE:
                wait_until_synced(connection)
            return save(self.command, connection, other)


def _workload(name: str, title: str, command: str, setups: Setups) -> Workload:
    return Workload(name, title, Saving(command), metrics=(SAVE_S, WAIT_MS), setups=setups)


_SQLITE = ours('[{"use": "sqlite", "mode": "snapshot"}]', "save=")

WORKLOADS = (
    _workload("save-rdb", "BGSAVE", SNAPSHOT, Setups(ours("rdb", "save="), theirs())),
    _workload("save-aof", "BGREWRITEAOF", REWRITE, Setups(our_log("everysec"), theirs("everysec"))),
    _workload(
        "save-sqlite",
        "BGSAVE, sqlite in snapshot mode, all of it new (others: rdb)",
        SNAPSHOT,
        Setups(_SQLITE, theirs()),
    ),
)
