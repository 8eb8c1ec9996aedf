cimport cython
from cpython.array cimport array

from geostream.store cimport halves
from geostream.store.deliveries cimport Block, Delivery
from geostream.store.halves cimport u64

cdef Py_ssize_t _BLOCK_IDS
cdef Py_ssize_t _STALE


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
        blocks=list, block=Block, count=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t,
    )
    cpdef put_above(self, array ids, Delivery delivery)

    cdef bint _is_full(self, Block last) except -1

    @cython.locals(blocks=list, block=Block, place=Py_ssize_t, before=Delivery)
    cpdef Delivery put(self, tuple entry_id, Delivery delivery)

    @cython.locals(
        place=Py_ssize_t, block=Block, held=list, delivery=object, count=Py_ssize_t,
        most=Py_ssize_t,
    )
    cpdef Py_ssize_t run(self, array ids, Py_ssize_t first) except -1

    @cython.locals(
        block=Block, held=list, place=Py_ssize_t, last=Py_ssize_t, delivery=Delivery,
    )
    cpdef Delivery drop_run(self, Py_ssize_t count)

    @cython.locals(block=Block, pictures=list)
    cpdef list pictures(self)

    @cython.locals(blocks=list, below=Block, size=Py_ssize_t)
    cdef _tidy(self, Py_ssize_t number, Block block)
