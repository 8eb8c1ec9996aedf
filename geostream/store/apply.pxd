cimport cython

from geostream.store.effects.entry_added cimport EntryAdded
from geostream.store.stream cimport Stream


@cython.locals(stream=Stream)
cpdef _entry_added(keyspace, EntryAdded effect)
