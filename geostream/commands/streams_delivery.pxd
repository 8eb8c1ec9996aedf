cimport cython
from cpython.array cimport array

from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.store cimport octets
from geostream.store.effects.delivered cimport Delivered
from geostream.store.octets cimport small_number  # named for Cython, which follows no whole module
from geostream.store.group cimport Consumer, Group
from geostream.store.selection cimport Selection
from geostream.store.stream cimport Stream


@cython.final
cdef class Place:
    cdef public bytes key
    cdef public Stream stream
    cdef public Group group
    cdef public tuple after


@cython.final
cdef class GroupRead:
    cdef public bytes group
    cdef public bytes consumer
    cdef public list keys
    cdef public list ids
    cdef public long long count
    cdef public object block_ms
    cdef public object claim_ms
    cdef public bint noack
    cdef public object limits


cpdef parse_xreadgroup(Args args)
@cython.locals(at=Py_ssize_t, asked=GroupRead)
cdef GroupRead _parse_usual(list words)
cdef bint _is(bytes word, bytes name) except -1
cdef GroupRead _parse_any(Args args)
@cython.locals(stream=Stream, group=Group)
cdef Place _place(Context ctx, bytes key, bytes name, bytes asked_id)
@cython.locals(
    places=list, place=Place, served=list, consumer=Consumer, number=Py_ssize_t, keys=list, ids=list,
)
cdef _read(Context ctx, GroupRead asked)
@cython.locals(count="long long", claimed=list, records=list, selection=Selection, pieces=list)
cdef _read_new(
    Context ctx, Place place, GroupRead asked, Consumer consumer, object caps, object claim_ms
)
cdef _deliver(Context ctx, Place place, GroupRead asked, Consumer consumer, array places)
@cython.locals(selection=Selection)
cdef Selection _pick_new(Place place, long long count, object caps, Py_ssize_t extra_bytes)
