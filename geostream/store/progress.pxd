cimport cython
from cpython.array cimport array

from geostream.store cimport halves
from geostream.store.group cimport Group
from geostream.store.halves cimport u64
from geostream.store.stream cimport Stream


@cython.locals(deleted_ms=u64, deleted_seq=u64)
cdef bint _has_tombstone_after(Stream stream, u64 ms, u64 seq) except -1

@cython.locals(ms=u64, seq=u64)
cdef bint _is_before(Group group, tuple entry_id) except -1

cpdef object estimate_entries_read(Stream stream, tuple position)

@cython.locals(count=Py_ssize_t, last=Py_ssize_t)
cpdef object entries_read_after(Stream stream, Group group, array places)

cpdef object lag(Stream stream, Group group)
