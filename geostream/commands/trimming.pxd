cimport cython

from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.store.nodes cimport Node
from geostream.store.stream cimport Stream


cdef long long _DEFAULT_LIMIT
cdef long long _MAX_DEFAULT_LIMIT
cdef long long _NOT_GIVEN


cdef class TrimOptions:
    cdef public long long max_len
    cdef public tuple min_id
    cdef public bint approximate
    cdef public long long limit
    cdef public str policy

    cpdef bint has_strategy(self)
    cpdef bint take(self, bytes word, Args args) except -1
    cdef _take_strategy(self, bytes word, Args args)
    @cython.locals(has_limit=bint)
    cpdef check(self, Args args, bint strategy_required=*)
    @cython.locals(limit="long long")
    cpdef long long limit_entries(self, long long node_max_entries) except -1


@cython.locals(options=TrimOptions)
cpdef TrimOptions usual_trim(long long max_len)

@cython.locals(limit="long long", count="long long", whole_nodes="long long", left="long long")
cpdef long long trim(
    Context ctx, bytes key, Stream stream, TrimOptions options, bint counts
) except -1

@cython.locals(
    node=Node, has_max_len=bint, wanted="long long", is_exact=bint, count="long long",
    whole_nodes="long long", may_go_whole=bint,
)
cdef tuple _measure(Stream stream, TrimOptions options, long long limit)
