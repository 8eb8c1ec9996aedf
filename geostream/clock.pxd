cimport cython


cdef class Clock:
    @cython.locals(now_ns="long long")
    cpdef long long now_ms(self) except -1
    cpdef double monotonic_s(self) except -1
