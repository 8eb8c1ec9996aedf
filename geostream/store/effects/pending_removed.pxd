cdef class PendingRemoved:
    cdef public int db
    cdef public bytes key
    cdef public bytes group
    cdef public list ids
    cdef public long long changes
    cpdef tuple _what(self)
