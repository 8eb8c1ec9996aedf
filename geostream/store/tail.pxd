cimport cython

from geostream.store cimport columns
from geostream.store.columns cimport u64  # named for Cython, which follows no whole module
from geostream.store.segment cimport Segment


cdef Py_ssize_t _MOST_NEW
cdef Py_ssize_t _FULL_ENTRIES
cdef Py_ssize_t _FULL_BYTES
cdef bint _AT_ONCE


cdef class Tail(Segment):
    cdef public object _ms
    cdef public object _seq
    cdef public object _starts
    cdef public object _ends
    cdef public bytearray _wire
    cdef public list _new
    cdef public list _new_ids
    cdef public bint is_full

    cdef _settle(self)

    @cython.locals(size=Py_ssize_t)
    cpdef append(self, tuple entry_id, bytes entry)

    cdef _counted_anew(self)
