cimport cython

from geostream.server.turn cimport Sender, Turn


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
    cdef object _watcher
    cdef Turn _turn
    cdef long long _row_bytes
    cdef long long _flushed
    cdef long long _pauses_left
    cdef public long long size_bytes

    cpdef bint is_empty(self)

    @cython.locals(total_bytes=Py_ssize_t, sent=Py_ssize_t, is_long=bint, is_first=bint)
    cpdef bint hand_over(self, list pieces) except -1
    cdef _keep(self, piece)
