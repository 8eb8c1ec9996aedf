cimport cython
from cpython.array cimport array


@cython.final
cdef class PendingRemoved:
    cdef public int db
    cdef public bytes key
    cdef public bytes group
    cdef public array places
    cdef public long long changes
    cpdef tuple _what(self)


@cython.locals(effect=PendingRemoved)
cpdef PendingRemoved pending_removed(
    int db, bytes key, bytes group, array places, long long changes
)
