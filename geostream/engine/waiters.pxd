cimport cython

from geostream.engine.client cimport Client
from geostream.engine.command cimport Command
from geostream.store.effects.entry_added cimport EntryAdded


cdef class Ticket:
    cdef public Client client
    cdef public Command row
    cdef public list request
    cdef public object asked
    cdef public int database
    cdef public list keys
    cdef public object line
    cdef public bint needs_keys
    cdef public object deadline_ms
    cdef public object recheck_ms
    cdef public bint is_silent
    cdef public object on_timeout


cdef class Waiters:
    cdef public dict by_key
    cdef public dict tickets
    cdef dict _ready
    cdef dict _to_recheck

    @cython.locals(lines=dict)
    cpdef park(self, Ticket ticket)

    @cython.locals(placed=tuple, lines=dict)
    cpdef withdraw(self, Ticket ticket)
    cpdef bint has_ready(self)
    cdef _mark(self, tuple placed, bint only_needing)
