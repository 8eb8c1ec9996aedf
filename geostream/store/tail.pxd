cimport cython

from geostream.store.segment cimport Segment, place_in


cdef class Tail(Segment):
    cdef public object _ms
    cdef public object _seq
    cdef public object _starts
    cdef public object _ends
    cdef public bytearray _wire
    cdef public list _new
    cdef public list _new_ids
    cdef public bint is_full

    @cython.locals(ids=list, entries=list, entry_id=tuple)
    cdef _settle(self)

    @cython.locals(size=Py_ssize_t)
    cpdef append(self, tuple entry_id, bytes entry)

    cdef _counted_anew(self)
