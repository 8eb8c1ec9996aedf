from geostream cimport ticks
from geostream.engine.stopwatch cimport Stopwatch
from geostream.ticks cimport ticks_ns  # named for Cython, which follows no whole module


cdef class RunningStopwatch(Stopwatch):
    cpdef long long read_ns(self) except? -1
