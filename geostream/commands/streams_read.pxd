cimport cython

from geostream.commands.stream_ids cimport parse_high_bound, parse_id, parse_low_bound
from geostream.commands.stream_options cimport ReadOptions, parse_read
from geostream.engine.args cimport Args
from geostream.engine.context cimport Context
from geostream.reply cimport PairArrays
from geostream.store.ids cimport id_bytes, predecessor
from geostream.store.selection cimport Selection
from geostream.store.stream cimport Stream


@cython.final
cdef class XRange:
    cdef public bytes key
    cdef public tuple start
    cdef public tuple end
    cdef public Py_ssize_t count


cdef Py_ssize_t _parse_count(Args args) except? -1
cpdef parse_xrange(Args args)
cpdef parse_xrevrange(Args args)
cpdef parse_xread(Args args)
cdef tuple _position(Stream stream, bytes asked)
