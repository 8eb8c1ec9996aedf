# Types of node_reader.py.

cimport cython

from geostream.rdb.listpack cimport check_frame, element_end, integer, is_text, text_size, text_start
from geostream.rdb.stored cimport StoredReader
from geostream.rdb.strings cimport Cursor
from geostream.store cimport octets
from geostream.store.octets cimport i64, octet, u64
from geostream.store.runs cimport EntryWriter

cdef u64 _MASK
cdef int _DELETED
cdef int _SAME_FIELDS


@cython.final
cdef class NodeReader(StoredReader):
    @cython.locals(
        at=Py_ssize_t, number=Py_ssize_t, taken=Py_ssize_t, key=bytes, ms=u64, seq=u64, blob=bytes
    )
    cpdef bint add_stored(self, Cursor cursor, Py_ssize_t count) except -1
    @cython.locals(length=Py_ssize_t, announced=Py_ssize_t, live=Py_ssize_t)
    cdef int _add(self, bytes blob, Py_ssize_t stored_bytes) except -1
    @cython.locals(live=i64, deleted=i64, live_found=i64, found=i64, size=Py_ssize_t)
    cdef int _walk(self, const octet* data) except -1
    @cython.locals(
        _=i64, count=i64, at=Py_ssize_t, start=Py_ssize_t, size=Py_ssize_t, text=bytes
    )
    cdef int _read_names(self, const octet* data) except -1
    @cython.locals(_=i64, flags=i64, ms=u64, seq=u64, pairs=i64)
    cdef int _read_entry(self, const octet* data, bint is_first) except -1
    @cython.locals(_=Py_ssize_t, writer=EntryWriter, name=bytes)
    cdef int _write_entry(
        self, const octet* data, u64 ms, u64 seq, Py_ssize_t pairs, int same
    ) except -1
    cdef int _look_at_room(self) except -1
    @cython.locals(at=Py_ssize_t, size=Py_ssize_t)
    cdef int _write_word(self, const octet* data) except -1
    cdef int _check_order(self, u64 ms, u64 seq, bint is_first) except -1
    @cython.locals(at=Py_ssize_t)
    cdef Py_ssize_t _step(self, const octet* data) except -1
    @cython.locals(at=Py_ssize_t)
    cdef Py_ssize_t _number(self, const octet* data) except? -1
    @cython.locals(value=i64)
    cdef Py_ssize_t _counter(self, const octet* data) except? -1
