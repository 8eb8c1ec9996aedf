"""The C library's memory: how much of it stays with the process.

The functions are glibc's; where one is missing nothing happens.
"""

from __future__ import annotations

import ctypes
import resource

# Replies of a megabyte come and go. If what is free at the end of the heap went back to the
# system each time, as it does from 128 KiB on, making them anew would cost more than sending them.
FREE_BYTES = 8 * 2**20  # so much stays
MAPPED_BYTES = 2**20  # from this size on, memory comes from the system and goes back to it

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h

_library = ctypes.CDLL(None)
_mallopt = getattr(_library, "mallopt", None)
_malloc_trim = getattr(_library, "malloc_trim", None)


def settle() -> None:
    """Choose what is kept for later. To be called before there is another thread."""
    _set(_M_TRIM_THRESHOLD, FREE_BYTES)
    _set(_M_MMAP_THRESHOLD, MAPPED_BYTES)
    # One heap for all threads: most of them wait for the interpreter's lock anyway, and
    # what one thread loads and another gives up is not left behind in a heap of its own.
    _set(_M_ARENA_MAX, 1)


def _set(option: int, value: int) -> None:
    if _mallopt is not None:
        _mallopt(option, value)


def give_back() -> None:
    """Give memory that is free back to the system. Any thread may call this."""
    if _malloc_trim is not None:
        _malloc_trim(0)


def resident_bytes() -> int:
    """Return how much memory the process has resident."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:  # not Linux: the highest it ever was is what there is
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
