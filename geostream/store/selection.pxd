cimport cython

from cpython.array cimport array

from geostream.reply cimport Wire, wire_of
from geostream.store.segment cimport Segment


cdef Py_ssize_t _HEADS
cdef list _ARRAY_HEADS


@cython.final
cdef class Part:
    cdef public Segment segment
    cdef public Py_ssize_t start
    cdef public Py_ssize_t stop


@cython.locals(part=Part)
cpdef Part part_of(Segment segment, Py_ssize_t start, Py_ssize_t stop)


@cython.final
cdef class Selection:
    cdef public list parts
    cdef public Py_ssize_t count

    @cython.locals(part=Part)
    cpdef list pieces(self, bytes head=*)
    @cython.locals(part=Part)
    cpdef list pieces_reversed(self, bytes head=*)
    cpdef Wire as_array(self)
    cpdef Wire as_array_reversed(self)
    cpdef list to_send(self)
    @cython.locals(count=Py_ssize_t)
    cdef bytes _head(self)
    cdef tuple _whole_parts(self)
    @cython.locals(part=Part)
    cpdef list ids(self)
    @cython.locals(part=Part, places=array)
    cpdef array places(self)


@cython.locals(part=Part, size_bytes="long long")
cdef long long _size_bytes(list whole) except -1
