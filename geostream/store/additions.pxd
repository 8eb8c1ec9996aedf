# Types of additions.py.

cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport octet, u64
from geostream.store.runs cimport EntryWriter

cdef Py_ssize_t _MOST_DIGITS
cdef Py_ssize_t _MOST_ID_DIGITS


@cython.final
cdef class AdditionReader:
    cdef readonly Py_ssize_t end
    cdef readonly bytes key
    cdef EntryWriter _writer
    cdef bytes _prefix
    cdef Py_ssize_t _stop
    cdef u64 _ms
    cdef u64 _seq

    @cython.locals(writer=EntryWriter)
    cpdef object read(self, bytes piece, Py_ssize_t at)
    @cython.locals(start=Py_ssize_t, stop=Py_ssize_t, size=Py_ssize_t, end=Py_ssize_t)
    cdef bint _read_prefix(self, bytes piece, Py_ssize_t at) except -1
    @cython.locals(digits=Py_ssize_t)
    cdef Py_ssize_t _length(self, const octet* data, Py_ssize_t at, Py_ssize_t stop) noexcept
    cdef bint _ends_line(self, const octet* data, Py_ssize_t at) noexcept
    @cython.locals(
        stop=Py_ssize_t, words=Py_ssize_t, size=Py_ssize_t, end=Py_ssize_t, writer=EntryWriter
    )
    cdef Py_ssize_t _read_command(self, const octet* data, Py_ssize_t at) except? -1
    @cython.locals(middle=Py_ssize_t, end=Py_ssize_t, ms=u64, seq=u64)
    cdef bint _read_id(self, const octet* data, Py_ssize_t at, Py_ssize_t size) noexcept
    cdef bint _is_half(self, const octet* data, Py_ssize_t at, Py_ssize_t stop) noexcept
    @cython.locals(_=Py_ssize_t, stop=Py_ssize_t, size=Py_ssize_t)
    cdef Py_ssize_t _fields_end(self, const octet* data, Py_ssize_t at, Py_ssize_t words) noexcept
