# Types of node_writer.py.

cimport cython

from geostream.rdb.listpack cimport put_integer, put_text
from geostream.store cimport octets
from geostream.store.octets cimport octet, u64

cdef int _SAME_FIELDS
cdef int _OWN_FIELDS


@cython.final
cdef class NodePacker:
    cdef bytearray _buffer
    cdef octet* _out
    cdef Py_ssize_t _at
    cdef Py_ssize_t _end
    cdef Py_ssize_t _place
    cdef Py_ssize_t _elements
    cdef u64 _key_ms
    cdef u64 _key_seq
    cdef list _names
    cdef u64 _ms
    cdef u64 _seq
    cdef Py_ssize_t _words

    @cython.locals(size=Py_ssize_t, _=Py_ssize_t)
    cpdef object pack(self, bytes wire, Py_ssize_t count)
    @cython.locals(at=Py_ssize_t, end=Py_ssize_t, stop=Py_ssize_t)
    cdef int _read_head(self, const octet* data) except -1
    @cython.locals(at=Py_ssize_t, place=Py_ssize_t)
    cdef int _read_names(self, const octet* data) except -1
    @cython.locals(stop=Py_ssize_t, size=Py_ssize_t)
    cdef Py_ssize_t _read_word(self, const octet* data) except -1
    @cython.locals(out="octet*", name=bytes, place=Py_ssize_t, start=Py_ssize_t)
    cdef int _write_master(self, Py_ssize_t count) except -1
    @cython.locals(at=Py_ssize_t, place=Py_ssize_t, pairs=Py_ssize_t)
    cdef int _write_entry(self, const octet* data) except -1
    @cython.locals(name=bytes, size=Py_ssize_t)
    cdef int _write_same(self, const octet* data, Py_ssize_t pairs) except -1
    @cython.locals(_=Py_ssize_t)
    cdef int _write_own(self, const octet* data, Py_ssize_t pairs) except -1
    @cython.locals(out="octet*", place=Py_ssize_t)
    cdef int _write_start(self, int flags) except -1
    @cython.locals(start=Py_ssize_t)
    cdef int _write_word(self, const octet* data) except -1
