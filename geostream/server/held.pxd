cimport cython

from geostream.server.unsent cimport size_bytes


@cython.final
@cython.freelist(64)
cdef class HeldTurn:
    cdef public long long number
    cdef public list pieces
    cdef public long long size_bytes
    cdef public long long replies
    cdef public bint tells_change
    cdef public bint has_messages

    cpdef list with_errors(self, bytes line)


cdef class HeldReplies:
    cdef list _turns
    cdef public long long size_bytes
    cdef public long long replies
    cdef public bint tells_change
    cdef public bint has_messages

    cpdef bint is_empty(self)
    cpdef note_pushed(self, reply)
    cpdef end_turn(self)
    @cython.locals(turn=HeldTurn)
    cpdef keep(self, long long number, list pieces)
    @cython.locals(turns=list, turn=HeldTurn, count=Py_ssize_t)
    cpdef list take(self, long long number)
    cpdef list take_all(self)
