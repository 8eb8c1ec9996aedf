cimport cython

from geostream.resp cimport steps
from geostream.resp.steps cimport is_at  # named for Cython, which follows no whole module


cdef int _STAR
cdef int _DOLLAR
cdef int _CR
cdef int _ZERO
cdef int _SHORT_DIGITS
cdef int _PLAIN_ARGS
cdef int _KEPT_WORDS
cdef int _KEPT_BYTES
cdef int _FEW_ARGS
cdef bytes _HTTP_ENDS


cdef class Walker:
    cdef public bint authenticated
    cdef public long long max_bulk_bytes
    cdef public long long max_pending_bytes
    cdef public long long pending_bytes
    cdef bytearray _line
    cdef list _args
    cdef list _words
    cdef long long _args_left
    cdef bytearray _bulk
    cdef long long _bulk_left
    cdef Py_ssize_t _at
    cdef Py_ssize_t _began
    cdef Py_ssize_t _after

    @cython.locals(end=Py_ssize_t, request=list, name=bytes)
    cpdef Py_ssize_t walk(self, bytes data, Py_ssize_t start, list requests, bint one) except -1

    @cython.locals(count="long long", request=list)
    cdef list _request(self, bytes data)

    cdef bint _read_args(self, bytes data) except -1

    @cython.locals(
        header=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t, length="long long", number=Py_ssize_t,
        max_bulk_bytes="long long", text="const unsigned char *", args=list,
        words=list, word=bytes,
    )
    cdef list _plain_request(self, bytes data, Py_ssize_t count)

    @cython.locals(
        end=Py_ssize_t, number="long long", stop=Py_ssize_t, text="const unsigned char *",
    )
    cdef long long _short_number(self, bytes data, Py_ssize_t at) except -2

    @cython.locals(
        left="long long", length="long long", end=Py_ssize_t, at=Py_ssize_t, arg_end=Py_ssize_t,
        args=list, text="const unsigned char *",
    )
    cdef _whole_args(self, bytes data)

    @cython.locals(at=Py_ssize_t, stop=Py_ssize_t, arg=bytes)
    cdef bint _next_arg(self, bytes data) except -1

    cdef bytes _header(self, bytes data, str too_big)
    cdef list _inline_request(self, bytes data)
    cdef _keep(self, bytes data, str too_big)
    cdef bytes _line_with(self, bytes rest, str too_big)
    cdef long long _count(self, bytes header) except? -1
    cdef long long _length(self, bytes header) except -1
