cimport cython


cdef class Memory:
    cdef object _keyspace
    cdef dict _sizes
    cdef set _changed
    cdef long long _data_bytes
    cdef dict _saved
    cdef set _streams
    cdef public object unpacked
    cdef public long long baseline_bytes
    cdef public long long peak_bytes
    cdef public long long peak_ms
    cdef public object messages

    @cython.locals(changed=set)
    cpdef note(self, effects)
