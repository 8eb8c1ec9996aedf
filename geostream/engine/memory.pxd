cimport cython

from geostream.store.effects.delivered cimport Delivered
from geostream.store.effects.entry_added cimport EntryAdded
from geostream.store.effects.pending_removed cimport PendingRemoved


cdef class Memory:
    cdef object _keyspace
    cdef dict _sizes
    cdef set _changed
    cdef int _last_db
    cdef bytes _last_key
    cdef long long _data_bytes
    cdef dict _saved
    cdef set _streams
    cdef public object unpacked
    cdef public long long baseline_bytes
    cdef public long long peak_bytes
    cdef public long long peak_ms
    cdef public object messages

    @cython.locals(added=EntryAdded, delivered=Delivered, removed=PendingRemoved)
    cpdef note(self, list effects)
    cdef _note_change(self, int db, bytes key)
