from geostream.store cimport octets
from geostream.store.octets cimport u64  # named for Cython, which follows no whole module
from geostream.store.ids cimport predecessor, successor


cpdef tuple parse_id(bytes text, object missing_seq=*)
cdef tuple _parse_unusual_id(bytes text, object missing_seq)
cpdef tuple parse_low_bound(bytes text)
cpdef tuple parse_high_bound(bytes text)
cdef tuple _parse_open_bound(bytes text, object missing_seq)
