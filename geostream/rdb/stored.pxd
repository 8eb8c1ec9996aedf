# Types of stored.py.

cimport cython

from geostream.rdb cimport lock
from geostream.rdb.alike cimport AlikeReader
from geostream.rdb.lzf cimport plain_size, put_plain
from geostream.rdb.strings cimport Cursor
from geostream.store cimport octets
from geostream.store.octets cimport i64, octet, u64
from geostream.store.runs cimport EntryWriter, IdHeads

cdef Py_ssize_t _FULL_ENTRIES
cdef Py_ssize_t _MOST_NODES
cdef Py_ssize_t _MOST_CUTS
cdef Py_ssize_t _NUMBERS
cdef Py_ssize_t _CUT_NUMBERS
cdef Py_ssize_t _KEY_PREFIX
cdef Py_ssize_t _KEY_BYTES
cdef Py_ssize_t _PACKED
cdef Py_ssize_t _PLAIN_BYTES


cdef class StoredReader(AlikeReader):
    cdef readonly list segments
    cdef object _nodes
    cdef Py_ssize_t _place
    cdef Py_ssize_t _begin
    cdef u64 _begin_ms
    cdef u64 _begin_seq
    cdef bint _is_full
    cdef bint _is_packed
    cdef Py_ssize_t _behind
    cdef bytearray _fresh
    cdef octet* _fresh_out
    cdef bytearray _cuts
    cdef octet* _cuts_out
    cdef Py_ssize_t _cut_count
    cdef bytearray _plain
    cdef octet* _plain_out

    @cython.locals(taken=Py_ssize_t, data="const octet*")
    cdef Py_ssize_t _take_stored(self, Cursor cursor, Py_ssize_t most) except -1
    @cython.locals(taken=Py_ssize_t, given=size_t)
    cdef Py_ssize_t _walk_stored(
        self, const octet* data, Py_ssize_t end, Py_ssize_t most
    ) except -1
    cdef int _note_cuts(self, const octet* data) except -1
    cpdef tuple read_back(self, list names, bytes master, bytes data)
    @cython.locals(taken=Py_ssize_t, place=Py_ssize_t)
    cdef Py_ssize_t _take_nodes(
        self, EntryWriter writer, IdHeads ids, const octet* data, Py_ssize_t end, Py_ssize_t most
    ) noexcept nogil
    @cython.locals(
        size=Py_ssize_t, ms=u64, seq=u64, start=Py_ssize_t, stored_bytes=Py_ssize_t,
        node="const octet*", count=Py_ssize_t,
        size_bytes=Py_ssize_t, last_ms=u64, last_seq=u64, length=Py_ssize_t, key_ms=u64,
        key_seq=u64, growth_bytes=i64
    )
    cdef bint _take_next(
        self, EntryWriter writer, IdHeads ids, const octet* data, Py_ssize_t end
    ) noexcept nogil
    @cython.locals(place=Py_ssize_t)
    cdef bint _cut(self, EntryWriter writer) noexcept nogil
    @cython.locals(size=Py_ssize_t, stored_bytes=Py_ssize_t)
    cdef Py_ssize_t _find_node(
        self, const octet* data, Py_ssize_t at, Py_ssize_t end
    ) noexcept nogil
    @cython.locals(at=Py_ssize_t, first=Py_ssize_t)
    cdef Py_ssize_t _stored_length(self, const octet* data) noexcept nogil
    cdef bint _unpack(self, const octet* data, Py_ssize_t size) noexcept nogil
