"""The C library's memory: how much of it stays with the process, and memory made ready early.

Much here concerns glibc, whose names these are; where a function is missing nothing happens.
"""

from __future__ import annotations

import ctypes
import resource
from threading import Thread

# Replies of a megabyte come and go. If what is free at the end of the heap went back to the
# system each time, as it does from 128 KiB on, making them anew would cost more than sending them.
FREE_BYTES = 8 * 2**20  # so much stays
MAPPED_BYTES = 2**20  # from this size on, memory comes from the system and goes back to it

_BLOCK_BYTES = 5 * 2**20  # that is made ready at once; others who want memory wait meanwhile
_PAGE_BYTES = 4096
_MADV_POPULATE_WRITE = 23  # since Linux 5.14
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h

_toucher: Thread | None = None
_ready_bytes: list[int] = []

_library = ctypes.CDLL(None)
_mallopt = getattr(_library, "mallopt", None)
_malloc_trim = getattr(_library, "malloc_trim", None)
_library.malloc.restype = ctypes.c_void_p
_library.malloc.argtypes = (ctypes.c_size_t,)
_library.free.argtypes = (ctypes.c_void_p,)
_library.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


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


def make_ready(size_bytes: int) -> None:
    """Have so much memory made ready for use, in a thread that needs no interpreter for it.

    The system makes each page of memory when it is first touched, which for the data of a
    large file takes as long as reading it. Returns at once; ``give_back`` undoes what was
    too much.
    """
    if _mallopt is not None and size_bytes >= _BLOCK_BYTES:
        global _toucher  # noqa: PLW0603  there is one process, and one thread of this kind
        _toucher = Thread(target=_touch, args=(size_bytes // _BLOCK_BYTES,), daemon=True)
        _toucher.start()


def ready_bytes() -> int:
    """Return how much was made ready; all of it is by then."""
    if _toucher is not None:
        _toucher.join()
    return sum(_ready_bytes)


def _touch(count: int) -> None:
    _set(_M_MMAP_THRESHOLD, 2 * _BLOCK_BYTES)
    _set(_M_TRIM_THRESHOLD, 2 * count * _BLOCK_BYTES)
    blocks = [block for _ in range(count) if (block := _library.malloc(_BLOCK_BYTES))]
    for block in blocks:
        first_page = -(-block // _PAGE_BYTES) * _PAGE_BYTES
        pages_bytes = (block + _BLOCK_BYTES - first_page) // _PAGE_BYTES * _PAGE_BYTES
        if _library.madvise(first_page, pages_bytes, _MADV_POPULATE_WRITE):
            break  # a system that does not know this; then each page is made when it is used
        _ready_bytes.append(_BLOCK_BYTES)
    for block in blocks:
        _library.free(block)
    _set(_M_MMAP_THRESHOLD, MAPPED_BYTES)
