cimport cython
from cpython.array cimport array

from geostream.store cimport halves, lists
from geostream.store.halves cimport u64
from geostream.store.lists cimport empty  # named for Cython, which follows no whole module
from geostream.store.deliveries cimport Delivery
from geostream.store.pending cimport Pel


cdef Py_ssize_t _STALE
cdef Py_ssize_t _FEW
cdef Py_ssize_t _ARRAY_IDS


@cython.locals(ms=u64, last_ms=u64)
cdef bint _is_above(array ids, array others) except -1


@cython.final
cdef class OwnIds:
    cdef object _pel
    cdef list _arrays
    cdef bint _ascends
    cdef bint _grows
    cdef Py_ssize_t _count
    cdef Py_ssize_t _places
    cdef Py_ssize_t _swept

    @cython.locals(count=Py_ssize_t, arrays=list, last=array, is_above=bint)
    cpdef add(self, array ids)

    cpdef drop(self, Py_ssize_t count)

    @cython.locals(place=Py_ssize_t, ms=u64, seq=u64, live=list)
    cdef list _live(self, Pel pel, array ids)

    @cython.locals(delivery=Delivery)
    cdef bint _has(self, Pel pel, u64 ms, u64 seq) except -1
