cimport cython

from geostream.store cimport octets
from geostream.store.octets cimport u64  # named for Cython, which follows no whole module


cdef long long _MOST_BYTES


cdef class NodeLimits:
    cdef public long long max_bytes
    cdef public long long max_entries


cdef class Node:
    cdef public unsigned long long first_ms
    cdef public unsigned long long first_seq
    cdef public unsigned long long last_ms
    cdef public unsigned long long last_seq
    cdef public long long live
    cdef public long long total
    cdef public long long size_bytes
    cdef public list names

    @cython.locals(
        ms="unsigned long long", seq="unsigned long long", size="long long", pairs=Py_ssize_t,
        first=Py_ssize_t, step=Py_ssize_t,
    )
    cpdef add(self, tuple entry_id, list fields)

    @cython.locals(names=list, place=Py_ssize_t, name=bytes, field=bytes)
    cdef bint _has_names_of(self, list fields) except -1


cdef class Nodes:
    cdef public list all

    @cython.locals(node=Node, max_bytes="long long")
    cpdef bint wants_new(self, long long payload_bytes, NodeLimits limits) except -1

    @cython.locals(node=Node)
    cpdef append(self, tuple entry_id, list fields, bint starts_node)


cdef long long difference_cost(unsigned long long value, unsigned long long base) except -1

cpdef long long integer_cost(long long value) except -1

@cython.locals(length=Py_ssize_t, size=Py_ssize_t, number="long long")
cpdef long long text_cost(bytes text) except -1

cdef bint _is_canonical_integer(bytes text) except -1
