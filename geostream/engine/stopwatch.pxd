cdef class Stopwatch:
    cpdef long long read_ns(self) except? -1
