cimport cython


cdef class Turn:
    cdef public object gate
    cdef list _senders

    cpdef enter(self, sender)

    @cython.locals(senders=list)
    cpdef end(self)
    cpdef long long waits_for(self) except -1
