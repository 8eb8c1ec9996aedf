# Types of runs.py. A writer's steps are for other compiled modules; everybody may take from it.

cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport octet, u64

cdef Py_ssize_t _FULL_ENTRIES
cdef Py_ssize_t _FULL_BYTES
cdef Py_ssize_t _MAX_BYTES
cdef Py_ssize_t _KNOWN
cdef Py_ssize_t _HEAD_BYTES
cdef Py_ssize_t _WORD_BYTES
cdef Py_ssize_t _NUMBER_BYTES
cdef list _WORD_HEADS
cdef list _ARRAY_HEADS
cdef list _ID_HEADS


@cython.final
cdef class EntryWriter:
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t size_bytes
    cdef Py_ssize_t _begin
    cdef Py_ssize_t _room
    cdef bytearray _ms
    cdef bytearray _seq
    cdef bytearray _ends
    cdef bytearray _buffer
    cdef octet* _ms_out
    cdef octet* _seq_out
    cdef octet* _ends_out
    cdef octet* _out

    @cython.locals(at=Py_ssize_t, size=Py_ssize_t, out="octet*", text=bytes)
    cdef int head(self, u64 ms, u64 seq, Py_ssize_t words) except -1
    @cython.locals(at=Py_ssize_t, out="octet*", text=bytes)
    cdef int word(self, const octet* data, Py_ssize_t start, Py_ssize_t size) except -1
    @cython.locals(at=Py_ssize_t, sign=int, magnitude=u64, out="octet*", text=bytes)
    cdef int number(self, long long value) except -1
    cdef int raw(self, const octet* data, Py_ssize_t start, Py_ssize_t size) except -1
    cdef Py_ssize_t close(self) except -1
    cpdef bint is_full(self)
    cpdef object take(self)
    cpdef object clear(self)
    cdef int _grow(self, Py_ssize_t more_bytes) except -1
