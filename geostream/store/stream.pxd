cimport cython

from geostream.store cimport columns
from geostream.store.columns cimport u64  # named for Cython, which follows no whole module
from geostream.store.group cimport Group
from geostream.store.ids cimport successor
from geostream.store.nodes cimport Nodes
from geostream.store.segment cimport Segment
from geostream.store.selection cimport Part, Selection, part_of
from geostream.store.tail cimport Tail
from geostream.store.value cimport Value


cdef Py_ssize_t _INDEX_BYTES


cdef class Stream(Value):
    cdef public list _segments
    cdef public list _firsts
    cdef public list _saved
    cdef public long long _wire_bytes
    cdef public long long saved_bytes
    cdef public long long length
    cdef public object entries_added
    cdef public tuple last_id
    cdef public tuple max_deleted_id
    cdef public Nodes nodes
    cdef public bint is_attached
    cdef public object groups
    cdef public object idempotency
    cdef Group _group
    cdef bytes _group_name

    @cython.locals(
        segments=list, parts=list, segment=Segment, low=Py_ssize_t, high=Py_ssize_t,
        number=Py_ssize_t, found=Py_ssize_t, behind=Py_ssize_t,
    )
    cpdef Selection select(self, tuple start, tuple end, Py_ssize_t count=*)

    @cython.locals(last=Segment)
    cpdef Selection select_after(self, tuple position, Py_ssize_t count=*)

    @cython.locals(
        segments=list, parts=list, segment=Segment, low=Py_ssize_t, high=Py_ssize_t,
        number=Py_ssize_t, found=Py_ssize_t, first=Py_ssize_t,
    )
    cpdef Selection select_last(self, tuple start, tuple end, Py_ssize_t count=*)

    @cython.locals(segment=Segment)
    cpdef tuple oldest_id(self)

    @cython.locals(found=Group)
    cpdef Group group(self, bytes name)

    @cython.locals(
        segments=list, segment=Segment, number=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t,
    )
    cpdef Part next_part(self, Group group, Py_ssize_t count)

    @cython.locals(number=Py_ssize_t, segment=Segment)
    cpdef tuple _locate(self, tuple entry_id)

    @cython.locals(tail=Tail)
    cpdef append(self, tuple entry_id, bytes entry, list fields, bint new_node)
