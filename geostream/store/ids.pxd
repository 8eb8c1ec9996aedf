cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport u64  # named for Cython, which follows no whole module


cpdef bytes id_bytes(tuple entry_id)

cdef unsigned long long _TOP

@cython.locals(ms="unsigned long long", seq="unsigned long long")
cpdef tuple successor(tuple entry_id)

@cython.locals(ms="unsigned long long", seq="unsigned long long")
cpdef tuple predecessor(tuple entry_id)

@cython.locals(last_ms="unsigned long long", last_seq="unsigned long long")
cpdef tuple choose_id(object asked, tuple last_id, unsigned long long now_ms)
