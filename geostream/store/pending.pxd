cimport cython
from cpython.array cimport array

from geostream.store cimport halves
from geostream.store.halves cimport u64

cdef Py_ssize_t _BLOCK_IDS
cdef Py_ssize_t _STALE
cdef array _HALVES


cpdef array packed(list ids)
cpdef list unpacked(array ids)


@cython.final
cdef class Delivery:
    cdef public object consumer
    cdef public long long time_ms
    cdef public object delivery_count
    cdef public array ids
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


@cython.final
cdef class Pel:
    cdef object __weakref__
    cdef list _blocks
    cdef readonly Py_ssize_t count
    cdef Py_ssize_t _number
    cdef Py_ssize_t _place

    cpdef Delivery get(self, tuple entry_id)

    @cython.locals(place=Py_ssize_t, block=Block)
    cpdef Delivery find(self, u64 ms, u64 seq)

    @cython.locals(blocks=list, block=Block, place=Py_ssize_t, size=Py_ssize_t)
    cdef Py_ssize_t _seek(self, u64 ms, u64 seq) except -2

    @cython.locals(
        blocks=list, block=Block, low=Py_ssize_t, high=Py_ssize_t, middle=Py_ssize_t, first_ms=u64,
    )
    cdef Py_ssize_t _block_of(self, u64 ms, u64 seq) except -1

    cpdef bint is_below(self, u64 ms, u64 seq) except -1

    @cython.locals(blocks=list, block=Block, last=Py_ssize_t, last_ms=u64)
    cdef bint _ends_below(self, u64 ms, u64 seq) except -1

    @cython.locals(
        ids=array, blocks=list, block=Block, count=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t,
    )
    cpdef put_above(self, Delivery delivery)

    cdef bint _is_full(self, Block last) except -1

    @cython.locals(blocks=list, block=Block, place=Py_ssize_t, before=Delivery)
    cpdef Delivery put(self, tuple entry_id, Delivery delivery)

    @cython.locals(place=Py_ssize_t, block=Block, held=Delivery)
    cpdef Delivery drop(self, u64 ms, u64 seq)

    @cython.locals(block=Block, pictures=list)
    cpdef list pictures(self)

    @cython.locals(blocks=list, below=Block, size=Py_ssize_t)
    cdef _tidy(self, Py_ssize_t number, Block block)
