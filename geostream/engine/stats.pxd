cimport cython
from cpython.array cimport array

from geostream.engine cimport steps
from geostream.engine.steps cimport count_up  # named for Cython, which follows no whole module
from geostream.store.effects.delivered cimport Delivered
from geostream.store.effects.entry_added cimport EntryAdded
from geostream.store.effects.pending_removed cimport PendingRemoved


cdef list _BUCKET_OF


cdef class CommandStats:
    cdef public long long calls
    cdef public long long ticks_ns
    cdef public long long rejected
    cdef public long long failed
    cdef array _buckets

    @cython.locals(us="long long", bucket=Py_ssize_t)
    cpdef record(self, long long elapsed_ns)


cdef class Stats:
    cdef public long long changes_since_save
    cdef public long long started_ms
    cdef public dict commands
    cdef public dict errors
    cdef public long long error_replies
    cdef public long long connections_received
    cdef public long long connections_rejected
    cdef public long long clients_dropped_unread
    cdef public long long bytes_in
    cdef public long long bytes_out
    cdef public long long faults
    cdef public object commands_rate
    cdef public object in_rate
    cdef public object out_rate
    cdef str _last_name
    cdef CommandStats _last
    cdef str _name_before
    cdef CommandStats _before

    @cython.locals(removed=PendingRemoved)
    cpdef note(self, list effects)

    @cython.locals(found=CommandStats)
    cpdef CommandStats of(self, str name)
