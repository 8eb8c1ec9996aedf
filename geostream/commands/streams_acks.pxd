cimport cython
from cpython.array cimport array

from geostream.commands cimport id_lists
from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.store.effects.pending_removed cimport PendingRemoved
from geostream.store.group cimport Group
from geostream.store cimport halves
from geostream.store.halves cimport u64
from geostream.store.pending cimport Delivery, Pel, packed, unpacked
from geostream.store.stream cimport Stream

cdef array _HALVES


@cython.final
cdef class XAck:
    cdef public bytes key
    cdef public bytes group
    cdef public list ids


cpdef parse_xack(Args args)
@cython.locals(stream=Stream, group=Group, typed=array, places=array, count=Py_ssize_t)
cdef _acknowledge(Context ctx, XAck asked)
@cython.locals(
    place=Py_ssize_t, ms=u64, seq=u64, last_ms=u64, last_seq=u64, is_above=bint,
)
cpdef array pending_among(Pel pel, array places)
