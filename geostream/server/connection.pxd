cimport cython

from geostream.engine.client cimport Client
from geostream.engine.dispatch cimport Engine
from geostream.resp.reader cimport RequestReader


cdef class Connection:
    cdef object _sock
    cdef object _server
    cdef Engine _engine
    cdef public int fd
    cdef public long long bytes_in
    cdef public long long bytes_out
    cdef public Client client
    cdef RequestReader _reader
    cdef object _requests
    cdef bytearray _unread
    cdef list _out
    cdef object _unsent
    cdef object _held
    cdef bint _is_open
    cdef bint _is_dirty
    cdef object _greenlet
    cdef object _readable
    cdef object _writable
    cdef object _timer
    cdef long long _max_unsent_bytes
    cdef long long _max_pending_bytes

    @cython.locals(size=Py_ssize_t)
    cdef bint _receive(self) except -1

    cdef _feed(self, data)
    @cython.locals(client=Client, engine=Engine, out=list, now_ms="long long")
    cdef _work(self)

    cdef _mark_dirty(self)
    @cython.locals(out=list)
    cpdef flush(self)
    cdef _hand_over(self, pieces)
