cimport cython


cdef class Sender:
    cpdef Py_ssize_t send(self, pieces) except? -2
    cpdef send_or_keep(self, long long number)
    cpdef bint release(self, long long number) except -1
    cpdef refuse_held(self, bytes line)


cdef class Turn:
    cdef public object gate
    cdef list _senders
    cdef dict _kept

    cpdef enter(self, Sender sender)

    @cython.locals(senders=list, sender=Sender, number="long long")
    cpdef end(self)
    cpdef long long waits_for(self) except -1
    cpdef note_kept(self, Sender sender)
    @cython.locals(sender=Sender)
    cpdef release(self, long long number)
    @cython.locals(kept=dict, sender=Sender)
    cpdef refuse_held(self, bytes line)
