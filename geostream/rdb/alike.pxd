# Types of alike.py.

cimport cython

from geostream.rdb.listpack cimport end_of, integer, is_text
from geostream.store cimport octets
from geostream.store.octets cimport i64, octet, u64
from geostream.store.runs cimport EntryWriter, IdHeads, put_number

cdef u64 _MASK
cdef int _SAME_FIELDS
cdef Py_ssize_t _FULL_BYTES
cdef Py_ssize_t _FULL_ENTRIES
cdef Py_ssize_t _USUAL_BYTES
cdef Py_ssize_t _SHORT
cdef Py_ssize_t _HEADER_BYTES
cdef Py_ssize_t _MAX_BYTES
cdef Py_ssize_t _UNCOUNTED
cdef i64 _GROWTH_FACTOR
cdef bytearray _SHORT_HEADS


cdef class AlikeReader:
    cdef readonly Py_ssize_t length
    cdef u64 _last_ms
    cdef u64 _last_seq
    cdef i64 _growth_bytes
    cdef EntryWriter _writer
    cdef IdHeads _ids
    cdef u64 _key_ms
    cdef u64 _key_seq
    cdef Py_ssize_t _at
    cdef Py_ssize_t _end
    cdef Py_ssize_t _elements
    cdef Py_ssize_t _live
    cdef Py_ssize_t _size_bytes
    cdef list _names
    cdef bytes _master
    cdef const octet* _master_out
    cdef Py_ssize_t _master_bytes
    cdef Py_ssize_t _fields
    cdef octet* _heads_out
    cdef bytearray _leads
    cdef octet* _leads_out
    cdef bytearray _lead_ends
    cdef octet* _lead_ends_out
    cdef Py_ssize_t _limit_bytes
    cdef u64 _ms
    cdef u64 _seq

    cdef int _note_names(self, list names, bytes master) except -1
    @cython.locals(announced=Py_ssize_t, live=i64, deleted=i64, found=i64)
    cdef bint _take_node(
        self, EntryWriter writer, IdHeads ids, const octet* data, Py_ssize_t at, Py_ssize_t size,
        Py_ssize_t stored_bytes
    ) noexcept nogil
    @cython.locals(at=Py_ssize_t)
    cdef i64 _usual_counter(self, const octet* data) noexcept nogil
    @cython.locals(at=Py_ssize_t)
    cdef bint _begins_at_key(self, const octet* data) noexcept nogil
    @cython.locals(
        out="octet*", place=Py_ssize_t, count=Py_ssize_t, end=Py_ssize_t, behind=Py_ssize_t,
        stop=Py_ssize_t, at=Py_ssize_t, taken=Py_ssize_t
    )
    cdef Py_ssize_t _take_alike(
        self, EntryWriter writer, IdHeads ids, const octet* data
    ) noexcept nogil
    @cython.locals(
        at=Py_ssize_t, end=Py_ssize_t, step=Py_ssize_t, behind=Py_ssize_t, is_small=bint, ms=u64,
        seq=u64
    )
    cdef bint _take_alike_id(self, const octet* data) noexcept nogil
    @cython.locals(
        at=Py_ssize_t, end=Py_ssize_t, number=Py_ssize_t, size=Py_ssize_t, start=Py_ssize_t
    )
    cdef Py_ssize_t _put_values(
        self, const octet* data, octet* out, Py_ssize_t place
    ) noexcept nogil
