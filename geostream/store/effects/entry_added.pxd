cimport cython

@cython.final
cdef class EntryAdded:
    cdef public int db
    cdef public bytes key
    cdef public tuple id
    cdef public bytes entry
    cdef public bint starts_node
    cdef public list unpacked
    cpdef tuple _what(self)


@cython.locals(effect=EntryAdded)
cpdef EntryAdded entry_added(
    int db, bytes key, tuple id, bytes entry, bint starts_node, list unpacked
)
