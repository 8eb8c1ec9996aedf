# Types of listpack.py.

cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport i64, octet, u64

cdef Py_ssize_t _CUT_OFF
cdef Py_ssize_t _WRONG_LENGTH
cdef Py_ssize_t _NO_ELEMENT

@cython.locals(size=Py_ssize_t)
cpdef Py_ssize_t check_frame(bytes blob) except -1
@cython.locals(found=Py_ssize_t)
cpdef Py_ssize_t element_end(const octet* data, Py_ssize_t at, Py_ssize_t end) except -1
@cython.locals(size=Py_ssize_t, first=int)
cpdef Py_ssize_t end_of(const octet* data, Py_ssize_t at, Py_ssize_t end) noexcept nogil
@cython.locals(first=int)
cdef Py_ssize_t _wide_size(const octet* data, Py_ssize_t at, Py_ssize_t end) noexcept nogil
cdef Py_ssize_t _u32(const octet* data, Py_ssize_t at) noexcept nogil
@cython.locals(shift=Py_ssize_t, more=Py_ssize_t)
cdef Py_ssize_t _backlen_end(
    const octet* data, Py_ssize_t at, Py_ssize_t end, Py_ssize_t size
) noexcept nogil
@cython.locals(first=int)
cpdef bint is_text(const octet* data, Py_ssize_t at) noexcept nogil
@cython.locals(first=int)
cpdef Py_ssize_t text_start(const octet* data, Py_ssize_t at) noexcept
@cython.locals(first=int)
cpdef Py_ssize_t text_size(const octet* data, Py_ssize_t at) noexcept
@cython.locals(first=int, value=int)
cpdef i64 integer(const octet* data, Py_ssize_t at) noexcept nogil
@cython.locals(form=int, size=Py_ssize_t)
cpdef Py_ssize_t put_integer(octet* out, Py_ssize_t at, i64 value) noexcept
cpdef Py_ssize_t put_text(
    octet* out, Py_ssize_t at, const octet* data, Py_ssize_t start, Py_ssize_t size
) noexcept
@cython.locals(end=Py_ssize_t, digits=Py_ssize_t, count=Py_ssize_t)
cdef bint _is_integer(const octet* data, Py_ssize_t start, Py_ssize_t size) noexcept
@cython.locals(shift=Py_ssize_t, more=Py_ssize_t)
cpdef Py_ssize_t put_backlen(octet* out, Py_ssize_t at, Py_ssize_t size) noexcept
