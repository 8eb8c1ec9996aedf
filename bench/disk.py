"""The disk the servers write to: what it is and how long it takes to sync.

With ``appendfsync always`` the disk decides, so a figure means little without this.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

WRITES = 40
WRITE_BYTES = 4096


def describe() -> str:
    """Return the file system of the servers' directories, and the median time of a sync."""
    directory = Path(tempfile.gettempdir()).resolve()
    return f"{_file_system(directory)}, {_sync_ms(directory):.1f} ms for 4 KiB written and synced"


def _file_system(directory: Path) -> str:
    found, kind = Path(), "unknown file system"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mounted_at, file_system, *_ = line.split(" ")
        place = Path(mounted_at)
        if directory.is_relative_to(place) and len(place.parts) >= len(found.parts):
            found, kind = place, file_system
    return kind


def _sync_ms(directory: Path) -> float:
    took_s = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(WRITES):
            file.write(bytes(WRITE_BYTES))
            start_s = time.perf_counter()
            os.fsync(file.fileno())
            took_s.append(time.perf_counter() - start_s)
    return statistics.median(took_s) * 1000
