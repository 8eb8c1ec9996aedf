# Types of journal.py.

cimport cython

from geostream.engine.gate cimport Gate
from geostream.store.effects.entry_added cimport EntryAdded


cdef Py_ssize_t _PORTION_EFFECTS
cdef Py_ssize_t _PORTION_BYTES


cdef class Journal(Gate):
    cdef public list writers
    cdef public object replies
    cdef public object failing
    cdef str _fsync
    cdef object _clock
    cdef object _on_fault
    cdef object _on_change
    cdef public list appending
    cdef list _open
    cdef Py_ssize_t _open_bytes
    cdef Py_ssize_t _changes
    cdef double _open_s
    cdef bint _gathers
    cdef long long _number
    cdef long long _synced
    cdef object _handed
    cdef bint _holds
    cdef list _finished
    cdef object _loop
    cdef object _progress
    cdef object _gathering

    @cython.locals(added=EntryAdded)
    cpdef take(self, list effects)
    cdef _gather(self)
    cpdef end_turn(self)
    cpdef hand_over(self)
    cdef _await_sync(self)
    cpdef long long position(self) except? -1
    cpdef long long synced_position(self) except? -1
    cpdef long long waits_for(self) except? -1
    cdef bint _is_stalled(self) except -1
