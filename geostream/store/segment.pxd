cimport cython

from cpython.array cimport array

from geostream.store cimport columns, halves
from geostream.store.columns cimport u64
from geostream.store.halves cimport woven  # named for Cython, which follows no whole module


cdef class Segment:
    cdef public object _cache
    cdef public tuple _content
    cdef public Py_ssize_t _count
    cdef public tuple _first_id
    cdef public tuple _last_id
    cdef public long long _plain_bytes
    cdef public bint is_stored
    cdef public bint is_used
    cdef public long long live_bytes
    cdef public object packed
    cdef public bint resists
    cdef public long long saved_bytes

    cpdef tuple content(self)
    cpdef bint can_be_packed(self, long long noted_bytes) except -1
    cpdef tuple id_at(self, Py_ssize_t index)
    cpdef list ids(self, Py_ssize_t start, Py_ssize_t stop)
    @cython.locals(ms=array, seq=array)
    cpdef array places(self, Py_ssize_t start, Py_ssize_t stop)
    cpdef Py_ssize_t index(self, tuple entry_id) except -1
    cpdef Py_ssize_t index_behind(self, tuple entry_id) except -1
    @cython.locals(times=array, sequences=array)
    cpdef Py_ssize_t place_behind(self, Py_ssize_t place, u64 ms, u64 seq) except? -1
    @cython.locals(place=Py_ssize_t)
    cpdef Py_ssize_t find(self, tuple entry_id) except? -1
    @cython.locals(first=Py_ssize_t, end=Py_ssize_t, live_bytes="long long")
    cpdef Segment from_place(self, Py_ssize_t place)
    @cython.locals(low=Py_ssize_t, high=Py_ssize_t, whole_bytes="long long")
    cpdef list pieces(self, Py_ssize_t start, Py_ssize_t stop, bytes head=*)
    cpdef list pieces_reversed(self, Py_ssize_t start, Py_ssize_t stop, bytes head=*)


cdef list _behind(bytes head, object piece)
