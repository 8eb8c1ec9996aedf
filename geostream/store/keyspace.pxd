cimport cython

from geostream.store.apply cimport add_entry, deliver
from geostream.store.effects.delivered cimport Delivered
from geostream.store.effects.entry_added cimport EntryAdded
from geostream.store.effects.pending_removed cimport PendingRemoved
from geostream.store.group cimport Consumer, Group
from geostream.store.nodes cimport NodeLimits
from geostream.store.stream cimport Stream
from geostream.store.value cimport Value


cdef class Keyspace


cdef class Database:
    cdef public int number
    cdef Keyspace _keyspace
    cdef public dict values
    cdef public dict expiries
    cdef public object _order
    cdef public list _expiry_heap
    cdef bytes _last_key
    cdef Value _last

    @cython.locals(keyspace=Keyspace, value=Value)
    cpdef Value find(self, bytes key, bint touch=*)

    @cython.locals(value=Value)
    cdef Value _value(self, bytes key)
    @cython.locals(value=Value)
    cpdef Stream lasting_stream(self, bytes key)
    cpdef swap(self, Database other)
    @cython.locals(keyspace=Keyspace)
    cpdef note_use(self, Stream stream, long long looks)

    @cython.locals(value=Value)
    cpdef Stream stream(self, bytes key)


cdef class Keyspace:
    cdef public long long now_ms
    cdef public bint expires_keys
    cdef public bint touches
    cdef public bint is_reading
    cdef public bint is_loading
    cdef public long long expired
    cdef public long long hits
    cdef public long long misses
    cdef public list missed
    cdef public NodeLimits node_limits
    cdef public long long epoch
    cdef public object capture
    cdef public list journal
    cdef public list databases

    cpdef commit(self, effect)
    cpdef add(self, Stream stream, EntryAdded effect)
    cpdef deliver(self, Stream stream, Group group, Consumer consumer, Delivered effect)
    cpdef acknowledge(self, Stream stream, Group group, PendingRemoved effect)
