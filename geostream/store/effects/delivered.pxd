cimport cython
from cpython.array cimport array


@cython.final
cdef class Delivered:
    cdef public int db
    cdef public bytes key
    cdef public bytes group
    cdef public bytes consumer
    cdef public array places
    cdef public long long time_ms
    cdef public object entries_read
    cdef public bint noack
    cpdef tuple _what(self)


@cython.locals(effect=Delivered)
cpdef Delivered delivered(
    int db, bytes key, bytes group, bytes consumer, array places, long long time_ms,
    object entries_read, bint noack
)
