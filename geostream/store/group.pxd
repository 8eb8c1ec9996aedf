cimport cython
from cpython.array cimport array

from geostream.store cimport halves, lists
from geostream.store.halves cimport u64
from geostream.store.lists cimport empty  # named for Cython, which follows no whole module
from geostream.store.own_ids cimport OwnIds
from geostream.store.deliveries cimport Delivery, delivery_of, packed, unpacked
from geostream.store.pending cimport Pel


cdef Py_ssize_t _STALE


@cython.final
cdef class Consumer:
    cdef public bytes name
    cdef public long long seen_ms
    cdef public long long active_ms
    cdef public OwnIds pending


cdef class Group:
    cdef public u64 last_ms
    cdef public u64 last_seq
    cdef public Py_ssize_t near_segment
    cdef public Py_ssize_t near_place
    cdef public object entries_read
    cdef public dict consumers
    cdef public Pel pending
    cdef public dict released
    cdef list _log
    cdef public bint is_changing
    cdef public bint is_gone
    cdef Consumer _reader

    @cython.locals(found=Consumer)
    cpdef Consumer reader(self, bytes name)

    @cython.locals(delivery=Delivery, before=Delivery, pending=Pel, entry_id=tuple)
    cpdef deliver(self, array places, Consumer consumer, long long time_ms)

    @cython.locals(places=array, delivery=Delivery, before=Delivery)
    cpdef assign(self, tuple entry_id, Consumer consumer, long long time_ms, object count)

    @cython.locals(
        pending=Pel, held=Delivery, owner=Consumer, count=Py_ssize_t, number=Py_ssize_t,
        run=Py_ssize_t,
    )
    cpdef remove(self, array places)

    @cython.locals(consumer=Consumer)
    cdef _take_from(self, tuple entry_id, Delivery held)

    @cython.locals(log=list, last=Delivery)
    cdef _note(self, Delivery delivery)

    @cython.locals(pending=Pel, delivery=Delivery)
    cdef _forget_stale(self)
