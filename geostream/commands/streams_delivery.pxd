cimport cython
from cpython.array cimport array

from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.engine.shortcut cimport Shortcut
from geostream.reply cimport wire_of
from geostream.store cimport octets, progress
from geostream.store.effects.delivered cimport delivered
from geostream.store.octets cimport small_number  # named for Cython, which follows no whole module
from geostream.store.progress cimport entries_read_after
from geostream.store.group cimport Consumer, Group
from geostream.store.selection cimport Part, Selection
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


cdef class ReadNext(Shortcut):
    cdef bytes _key
    cdef Py_ssize_t _count
    cdef int _protocol
    cdef bytes _head

    @cython.locals(
        at=Py_ssize_t, count=Py_ssize_t, key=bytes, name=bytes, stream=Stream, group=Group,
        consumer=Consumer, part=Part, head=bytes, reply=list, places=array,
    )
    cdef object take(self, Context ctx, list words)
    cdef bytes _head_for(self, bytes key, Py_ssize_t count, int protocol)


@cython.locals(place=Py_ssize_t, number="long long", count=Py_ssize_t)
cdef Py_ssize_t _usual_count(list words, Py_ssize_t at) except -2
cpdef parse_xreadgroup(Args args)
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
cdef _deliver(
    Context ctx, bytes key, bytes name, Stream stream, Group group, Consumer consumer, array places,
    bint noack
)
@cython.locals(selection=Selection)
cdef Selection _pick_new(Place place, long long count, object caps, Py_ssize_t extra_bytes)
