cdef class Value:
    cdef public long long accessed_ms
    cdef public long long epoch


cdef class String(Value):
    cdef public bytes content
    cdef public int form
