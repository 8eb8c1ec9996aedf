from cpython.array cimport array


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
