cimport cython
from cpython.array cimport array

from geostream.store cimport halves
from geostream.store.halves cimport u64

cdef array _HALVES


cpdef array packed(list ids)
cpdef list unpacked(array ids)


@cython.final
cdef class Delivery:
    cdef public object consumer
    cdef public long long time_ms
    cdef public object delivery_count
    cdef public u64 first_ms
    cdef public u64 first_seq
    cdef public Py_ssize_t live


@cython.locals(delivery=Delivery)
cpdef Delivery delivery_of(object consumer, long long time_ms, array ids)


@cython.final
cdef class Block:
    cdef public array ms
    cdef public array seq
    cdef public list held
    cdef public Py_ssize_t live
    cdef public bint is_shared

    cpdef own(self)
    cdef give(self, Py_ssize_t place, Delivery delivery)
    cdef bint has(self, Py_ssize_t place, u64 ms, u64 seq) noexcept
    @cython.locals(held=list)
    cdef append(self, array ids, Py_ssize_t start, Py_ssize_t stop, Delivery delivery)
    cpdef insert(self, Py_ssize_t place, tuple entry_id, Delivery delivery)
    cpdef Block split(self)
    @cython.locals(held=list, place=Py_ssize_t)
    cpdef compact(self)
    cpdef absorb(self, Block upper)
