# The step of ticks.py in C, which does the same.

from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec


cdef inline long long ticks_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * <long long>1000000000 + now.tv_nsec
