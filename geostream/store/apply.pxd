cimport cython
from cpython.array cimport array

from geostream.store cimport halves
from geostream.store.effects.delivered cimport Delivered
from geostream.store.effects.entry_added cimport EntryAdded
from geostream.store.effects.pending_removed cimport PendingRemoved
from geostream.store.group cimport Consumer, Group
from geostream.store.halves cimport u64  # named for Cython, which follows no whole module
from geostream.store.stream cimport Stream


@cython.locals(stream=Stream)
cpdef _entry_added(keyspace, EntryAdded effect)

@cython.locals(fields=list)
cpdef add_entry(Stream stream, EntryAdded effect)


@cython.locals(stream=Stream, group=Group)
cdef Group _group_at(object keyspace, int number, bytes key, bytes name)

@cython.locals(group=Group)
cpdef _delivered(keyspace, Delivered effect)

@cython.locals(time_ms="long long", places=array, last=Py_ssize_t)
cpdef deliver(Group group, Consumer consumer, Delivered effect)

@cython.locals(group=Group)
cpdef _pending_removed(keyspace, PendingRemoved effect)
