cimport cython

from geostream.engine.context cimport Context
from geostream.engine.shortcut cimport Shortcut
from geostream.store cimport octets
from geostream.store.octets cimport u64  # named for Cython, which follows no whole module
from geostream.store.selection cimport Selection
from geostream.store.stream cimport Stream


cdef class ReadRange(Shortcut):
    @cython.locals(start=tuple, end=tuple, count="long long", stream=Stream)
    cdef object take(self, Context ctx, list words)
