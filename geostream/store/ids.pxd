cimport cython


@cython.locals(latest=tuple, ms="unsigned long long", seq="unsigned long long")
cpdef bytes id_bytes(tuple entry_id)

cdef unsigned long long _TOP

@cython.locals(ms="unsigned long long", seq="unsigned long long")
cpdef tuple successor(tuple entry_id)

@cython.locals(ms="unsigned long long", seq="unsigned long long")
cpdef tuple predecessor(tuple entry_id)

cdef list _SEQ_TEXTS
cdef list _LATEST

@cython.locals(last_ms="unsigned long long", last_seq="unsigned long long")
cpdef tuple choose_id(object asked, tuple last_id, unsigned long long now_ms)
