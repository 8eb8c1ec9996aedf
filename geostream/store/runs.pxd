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
cdef Py_ssize_t NUMBER_BYTES
cdef list _WORD_HEADS
cdef list _ARRAY_HEADS
cdef list _ID_HEADS


cdef bytearray _PAIRS


@cython.final
cdef class IdHeads:
    cdef bytearray _prefix
    cdef octet* _prefix_out
    cdef octet* _pairs_out
    cdef Py_ssize_t _prefix_bytes
    cdef u64 _high
    cdef Py_ssize_t _digits

    @cython.locals(high=u64, low=u64, digits=Py_ssize_t)
    cdef Py_ssize_t put(self, octet* out, Py_ssize_t at, u64 ms, u64 seq) noexcept nogil
    @cython.locals(at=Py_ssize_t)
    cdef void _change(self, u64 high, Py_ssize_t digits) noexcept nogil


@cython.locals(sign=int, magnitude=u64)
cpdef Py_ssize_t put_number(octet* out, Py_ssize_t at, long long value) noexcept nogil


@cython.final
cdef class EntryWriter:
    cdef public Py_ssize_t count
    cdef public Py_ssize_t size_bytes
    cdef Py_ssize_t _start
    cdef Py_ssize_t room
    cdef bytearray _ms
    cdef bytearray _seq
    cdef bytearray _ends
    cdef bytearray _buffer
    cdef octet* ms_out
    cdef octet* seq_out
    cdef octet* ends_out
    cdef octet* out

    @cython.locals(at=Py_ssize_t, size=Py_ssize_t, out="octet*", text=bytes)
    cdef int head(self, u64 ms, u64 seq, Py_ssize_t words) except -1
    @cython.locals(at=Py_ssize_t, out="octet*", text=bytes)
    cdef int word(self, const octet* data, Py_ssize_t start, Py_ssize_t size) except -1
    @cython.locals(at=Py_ssize_t, out="octet*")
    cdef int number(self, long long value) except -1
    cdef int raw(self, const octet* data, Py_ssize_t start, Py_ssize_t size) except -1
    cdef Py_ssize_t close(self) except -1
    cpdef bint is_full(self) noexcept nogil
    cpdef object take(self)
    cpdef object clear(self)
    cdef int _grow(self, Py_ssize_t more_bytes) except -1
