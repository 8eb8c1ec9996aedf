cimport cython

from geostream.commands cimport id_lists
from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.store.effects.pending_removed cimport PendingRemoved
from geostream.store.group cimport Group
from geostream.store.halves cimport u64
from geostream.store.pending cimport Delivery, Pel
from geostream.store.stream cimport Stream


@cython.final
cdef class XAck:
    cdef public bytes key
    cdef public bytes group
    cdef public list ids


cpdef parse_xack(Args args)
@cython.locals(stream=Stream, group=Group, typed=list, ids=list)
cdef _acknowledge(Context ctx, XAck asked)
@cython.locals(entry_id=tuple, ms=u64, seq=u64, last_ms=u64, last_seq=u64, ascends=bint, found=list)
cpdef list pending_among(Pel pel, list ids)
