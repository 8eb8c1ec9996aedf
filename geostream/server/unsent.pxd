cimport cython

from geostream.server.turn cimport Sender


cdef Py_ssize_t _GATHER_BYTES
cdef Py_ssize_t _GATHER_PIECES
cdef Py_ssize_t _TURN_BYTES


@cython.locals(total_bytes=Py_ssize_t, is_joined=bint)
cpdef list gathered(list out)

@cython.locals(total_bytes=Py_ssize_t, reply=bytes)
cpdef Py_ssize_t size_bytes(list pieces) except -1


cdef class Unsent:
    cdef object _pieces
    cdef Sender _sender
    cdef public long long size_bytes

    cpdef bint is_empty(self)

    @cython.locals(total_bytes=Py_ssize_t, sent=Py_ssize_t, is_long=bint)
    cpdef bint hand_over(self, list pieces) except -1
    cdef _keep(self, piece)
