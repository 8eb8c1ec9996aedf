cimport cython

from geostream.engine.args cimport Args


@cython.final
cdef class ReadOptions:
    cdef public list keys
    cdef public list ids
    cdef public long long count
    cdef public object block_ms
    cdef public long long max_count
    cdef public long long max_size_bytes
    cdef public bytes group
    cdef public bytes consumer
    cdef public bint noack
    cdef public object claim_ms


@cython.locals(options=ReadOptions, name=bytes, words=list, half=Py_ssize_t)
cpdef ReadOptions parse_read(Args args, bint group)
cpdef _take_count(ReadOptions options, Args args, bint group)
