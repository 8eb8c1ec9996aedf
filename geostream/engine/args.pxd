cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport u64  # named for Cython, which follows no whole module


@cython.locals(small="long long")
cpdef parse_int64(bytes text)


cdef class Args:
    cdef public list words
    cdef public str name
    cdef Py_ssize_t _at

    cpdef begin(self, list words, str name, Py_ssize_t at)
    cpdef bytes next(self)
    cpdef bytes peek(self)
    @cython.locals(word=bytes)
    cpdef bint flag(self, bytes keyword) except -1
    @cython.locals(word=bytes)
    cpdef bytes option(self)
    cpdef list rest(self)
    cpdef list take(self, Py_ssize_t count)
    cpdef integer(self, str error=*)
