cimport cython

from geostream.store cimport lists
from geostream.engine.gate cimport Gate
from geostream.store.lists cimport empty  # named for Cython, which follows no whole module


cdef class Sender:
    cpdef Py_ssize_t send(self, pieces) except? -2
    cpdef send_or_keep(self, long long number)
    cpdef bint release(self, long long number) except -1
    cpdef refuse_held(self, bytes line)
    cpdef note_taken(self, bint is_all)


cdef class Turn:
    cdef public Gate gate
    cdef public long long flushed
    cdef public object pace
    cdef list _senders
    cdef dict _kept
    cdef object _loop
    cdef object _watcher
    cdef bint _is_watched
    cdef int _idle_turns
    cdef bint _is_alone

    cpdef bint begin(self) except -1
    cpdef enter(self, Sender sender)
    @cython.locals(gate=Gate, senders=list, sender=Sender, place=Py_ssize_t)
    cpdef end(self)
    cpdef note_kept(self, Sender sender)
    @cython.locals(sender=Sender)
    cpdef release(self, long long number)
    @cython.locals(kept=dict, sender=Sender)
    cpdef refuse_held(self, bytes line)
