cimport cython

@cython.freelist(64)
cdef class EntryAdded:
    cdef public int db
    cdef public bytes key
    cdef public tuple id
    cdef public bytes entry
    cdef public bint starts_node
    cdef public list unpacked
    cpdef tuple _what(self)
