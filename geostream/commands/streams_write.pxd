cimport cython

from geostream.commands.streams_add cimport add_to
from geostream.commands.trimming cimport TrimOptions, trim, usual_trim
from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.store cimport octets
from geostream.store.ids cimport choose_id, id_bytes
from geostream.store.octets cimport u64  # named for Cython, which follows no whole module
from geostream.store.stream cimport Stream
from geostream.store.wire cimport payload_bytes


@cython.final
cdef class XAdd:
    cdef public bytes key
    cdef public object id
    cdef public list fields
    cdef public TrimOptions trim
    cdef public bint create
    cdef public bytes pid
    cdef public bytes iid


@cython.locals(asked=XAdd)
cdef XAdd _asked(bytes key, object entry_id)

cpdef parse_xadd(Args args)
cdef bint _is_usual_trim(Args args) except -1
cdef _parse_options(Args args, XAdd asked)
cdef _parse_idmp(Args args, XAdd asked, bytes word)
