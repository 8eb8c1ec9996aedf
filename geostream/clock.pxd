from geostream cimport ticks
from geostream.ticks cimport unix_ms  # named for Cython, which follows no whole module


cdef class Clock:
    cpdef long long now_ms(self) except -1
    cpdef double monotonic_s(self) except -1
