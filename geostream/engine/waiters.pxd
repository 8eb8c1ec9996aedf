cimport cython


cdef class Ticket:
    cdef public object client
    cdef public object row
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

    cpdef bint has_ready(self)
