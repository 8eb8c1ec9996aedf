from cpython.array cimport array


cdef class PendingRemoved:
    cdef public int db
    cdef public bytes key
    cdef public bytes group
    cdef public array places
    cdef public long long changes
    cpdef tuple _what(self)
