# Types of node_cuts.py.

cimport cython
from cpython cimport array

from geostream.store cimport columns
from geostream.store.columns cimport u64  # named for Cython, which follows no whole module
from geostream.store.nodes cimport Node, NodeLimits, Nodes
from geostream.store.segment cimport Segment

cdef Py_ssize_t _NUMBERS


@cython.locals(nodes=Nodes, node=Node, at=Py_ssize_t)
cdef Nodes _accounts(array.array numbers)

@cython.locals(
    begins=list, nodes=Nodes, node=Node, segment=Segment, places=list, low=Py_ssize_t,
    place=Py_ssize_t, number=Py_ssize_t, ms=array.array, seq=array.array, starts=array.array,
    ends=array.array,
)
cpdef Nodes cut_nodes(object segments, object first_ids)

@cython.locals(
    begins=list, places=list, segment=Segment, last_id=tuple, next_one=Py_ssize_t,
    count=Py_ssize_t, place=Py_ssize_t,
)
cdef list _begins_at(object segments, list first_ids)
