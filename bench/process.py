"""What a server process costs: CPU time and resident memory, read from /proc.

A server is counted with its descendants, so work moved to a child process is not lost from
the bill. A child that ended moves into its parent's "children" fields when the parent waits
for it, and those are counted too.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

# Positions in /proc/PID/stat, counted after the command name, which may contain spaces.
STATE, PPID = 0, 1
UTIME, CSTIME = 11, 14  # utime, stime, cutime, cstime stand in a row


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # ended between listing and reading
        return None
    return text.rpartition(")")[2].split()


def process_tree(pid: int) -> dict[int, list[str]]:
    """Return the stat fields of a process and all its living descendants, by pid."""
    fields = {int(d.name): _stat(int(d.name)) for d in Path("/proc").iterdir() if d.name.isdigit()}
    found: dict[int, list[str]] = {}
    wanted = {pid}
    while wanted:
        for one in wanted:
            stat = fields.get(one)
            if stat is not None:
                found[one] = stat
        wanted = {
            child
            for child, stat in fields.items()
            if stat is not None and int(stat[PPID]) in found and child not in found
        }
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process has not ended yet, whether or not its parent knows."""
    stat = _stat(pid)
    return stat is not None and stat[STATE] not in "ZX"


def cpu_s(pid: int) -> float:
    """Return the CPU seconds, user and system, spent so far; good to one clock tick (10 ms)."""
    tree = process_tree(pid).values()
    ticks = sum(int(field) for stat in tree for field in stat[UTIME : CSTIME + 1])
    return ticks / TICKS_PER_S


def rss_bytes(pid: int) -> int:
    """Return the resident memory in bytes; pages shared with a child count twice."""
    total = 0
    for one in process_tree(pid):
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * PAGE_BYTES
        except OSError:  # ended meanwhile: holds nothing
            continue
    return total


def exact_cpu_s(pid: int) -> float:
    """Return the CPU seconds spent so far by one process and its threads; good to a microsecond.

    Children do not count.
    """
    clock_id = (~pid << 3) | 2  # see clock_getcpuclockid(3)
    return time.clock_gettime(clock_id)
