# Types of entry_json.py.

cimport cython

from geostream.store cimport octets
from geostream.store.effects.entry_added cimport EntryAdded
from geostream.store.octets cimport octet, u64
from geostream.store.row_pages cimport RowPages

cdef int _STAR
cdef int _LINE_END
cdef int _NOT_ASCII
cdef Py_ssize_t _ID_AT
cdef u64 _HALF
cdef Py_ssize_t _BUFFER_BYTES
cdef bytes _END
cdef Py_ssize_t _AT_ONCE


@cython.final
cdef class AddedEntries:
    cdef public int db
    cdef public bytes key
    cdef public list entries


@cython.locals(found=list, run=AddedEntries, nothing=AddedEntries, added=EntryAdded)
cpdef list gathered(list effects)
cpdef tuple id_of(bytes entry)
@cython.locals(at=Py_ssize_t, middle=Py_ssize_t, end=Py_ssize_t)
cdef (u64, u64) _halves_of(bytes entry) except *  # a pair in C: no object is made


@cython.final
cdef class Shape:
    cdef list _names
    cdef list _heads
    cdef Py_ssize_t _count
    cdef Py_ssize_t _largest_bytes
    cdef Py_ssize_t _head_bytes
    cdef Py_ssize_t _room
    cdef bytearray _buffer
    cdef octet* _out

    @cython.locals(
        first=Py_ssize_t,
        end=Py_ssize_t,
        ms=u64,
        seq=u64,
        entry=bytes,
        size=Py_ssize_t,
    )
    cpdef Py_ssize_t add_rows(
        self, list entries, Py_ssize_t place, owner, list values, RowPages pages=*
    ) except -1
    @cython.locals(size=Py_ssize_t)
    cpdef text(self, bytes entry)
    @cython.locals(
        stop=Py_ssize_t, at=Py_ssize_t, digits=Py_ssize_t, words=Py_ssize_t, size=Py_ssize_t
    )
    cdef Py_ssize_t _put_object(self, bytes entry) except -2
    @cython.locals(out="octet*", bits=int, place=Py_ssize_t)
    cdef bint _is_text(self, Py_ssize_t size) except -1
    @cython.locals(
        out="octet*",
        to=Py_ssize_t,
        place=Py_ssize_t,
        name=bytes,
        head=bytes,
        digits=Py_ssize_t,
        size=Py_ssize_t,
    )
    cdef Py_ssize_t _put_fields(self, const octet* entry, Py_ssize_t at, Py_ssize_t stop)
