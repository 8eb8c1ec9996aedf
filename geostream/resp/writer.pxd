cimport cython

from geostream.reply cimport PairArrays, Wire
from geostream.resp cimport steps
from geostream.resp.steps cimport bulk  # named for Cython, which follows no whole module


cdef Py_ssize_t _SMALL
cdef list _ARRAY_HEADERS
cdef list _INTEGERS
cdef bytes _PAIR_HEADER


@cython.locals(length=Py_ssize_t, wire=Wire)
cpdef encode(object reply, list out, int protocol)

@cython.locals(length=Py_ssize_t)
cdef _pair_arrays(PairArrays reply, list out, int protocol)
