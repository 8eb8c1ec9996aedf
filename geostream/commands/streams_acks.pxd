cimport cython
from cpython.array cimport array

from geostream.commands cimport id_lists
from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.engine.shortcut cimport Shortcut
from geostream.store.effects.pending_removed cimport pending_removed
from geostream.store.group cimport Group
from geostream.store cimport halves
from geostream.store.halves cimport u64
from geostream.store.deliveries cimport packed
from geostream.store.pending cimport Pel
from geostream.store.stream cimport Stream

cdef array _HALVES


@cython.final
cdef class XAck:
    cdef public bytes key
    cdef public bytes group
    cdef public list ids


cdef class AckPending(Shortcut):
    @cython.locals(key=bytes, name=bytes, stream=Stream, group=Group, ids=array, count=Py_ssize_t)
    cdef object take(self, Context ctx, list words)


@cython.locals(number=Py_ssize_t, run=Py_ssize_t)
cdef bint _are_pending(Pel pel, array places) except -1
@cython.locals(ms=u64, before_ms=u64)
cdef bint _ascends_at(array places, Py_ssize_t at) except -1
cpdef parse_xack(Args args)
