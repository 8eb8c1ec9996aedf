# Types of row_pages.py.

cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport octet, u64

cdef Py_ssize_t _PAGE
cdef Py_ssize_t _ROOT_AT
cdef Py_ssize_t _FIRST_LEAF
cdef int _LEAF
cdef int _INTERIOR
cdef Py_ssize_t _LEAF_HEAD
cdef Py_ssize_t _INTERIOR_HEAD
cdef int _INT
cdef Py_ssize_t _TEXT
cdef Py_ssize_t _BLOB
cdef Py_ssize_t _NUMBERS_BYTES
cdef Py_ssize_t _LARGEST
cdef Py_ssize_t _PAGES_AT
cdef Py_ssize_t _FEW_PAGES


@cython.final
cdef class RowPages:
    cdef readonly Py_ssize_t rows
    cdef Py_ssize_t _most_pages
    cdef Py_ssize_t _room
    cdef bytearray _buffer
    cdef octet* _out
    cdef Py_ssize_t _pages
    cdef Py_ssize_t _at
    cdef Py_ssize_t _cells
    cdef Py_ssize_t _top
    cdef Py_ssize_t _parents
    cdef Py_ssize_t _parents_top

    @cython.locals(
        raw_size=Py_ssize_t,
        text_type=Py_ssize_t,
        raw_type=Py_ssize_t,
        types=Py_ssize_t,
        record=Py_ssize_t,
        cell=Py_ssize_t,
        at=Py_ssize_t,
        out="octet*",
    )
    cpdef bint add(
        self, u64 owner, u64 ms, u64 seq, const octet* text, Py_ssize_t size, u64 crc, bytes raw
    ) except -1
    cpdef void finish(self)
    cdef bint _begin_leaf(self) except -1
    cdef bint _grow(self) except -1
    cdef void _end_leaf(self)
    @cython.locals(at=Py_ssize_t, place=Py_ssize_t, out="octet*")
    cdef void _name_leaf(self)
    @cython.locals(out="octet*")
    cdef void _put_head(self, Py_ssize_t at, int kind, Py_ssize_t cells, Py_ssize_t top)


@cython.locals(size=Py_ssize_t)
cdef inline Py_ssize_t _varint_size(u64 value) noexcept
@cython.locals(end=Py_ssize_t, place=Py_ssize_t)
cdef inline Py_ssize_t _put_varint(octet* out, Py_ssize_t at, u64 value) noexcept
@cython.locals(end=Py_ssize_t, place=Py_ssize_t)
cdef inline Py_ssize_t _put_big(octet* out, Py_ssize_t at, u64 value, Py_ssize_t size) noexcept
