# Types of lzf.py.

cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport octet

cdef Py_ssize_t _WINDOW
cdef Py_ssize_t _LONGEST
cdef Py_ssize_t _MARKS
cdef Py_ssize_t _SLOTS


@cython.locals(out="octet*", found_bytes=Py_ssize_t)
cpdef bytes decompress_in_python(bytes packed, Py_ssize_t size_bytes)
@cython.locals(
    place=Py_ssize_t, control=Py_ssize_t, size=Py_ssize_t, distance=Py_ssize_t, start=Py_ssize_t
)
cpdef bint put_plain(
    octet* out, const octet* packed, Py_ssize_t at, Py_ssize_t end
) noexcept nogil
@cython.locals(size=Py_ssize_t, control=Py_ssize_t)
cpdef Py_ssize_t plain_size(const octet* packed, Py_ssize_t at, Py_ssize_t end) noexcept nogil
@cython.locals(marks=bytearray, fresh=Py_ssize_t, at=Py_ssize_t, end=Py_ssize_t, mark=Py_ssize_t)
cdef bint _shrinks_well(bytes sample) except -1
@cython.locals(
    packed=bytearray, places=list, size=Py_ssize_t, at=Py_ssize_t, literal=Py_ssize_t,
    word=Py_ssize_t, slot=Py_ssize_t, seen=Py_ssize_t, length=Py_ssize_t
)
cpdef bytes compress_in_python(bytes plain)
@cython.locals(run=bytes)
cdef int _put_literals(
    bytearray packed, bytes plain, Py_ssize_t start, Py_ssize_t stop
) except -1
cdef int _put_reference(bytearray packed, Py_ssize_t offset, Py_ssize_t length) except -1
