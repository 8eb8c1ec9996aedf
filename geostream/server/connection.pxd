cimport cython

from geostream.clock cimport Clock
from geostream.engine.client cimport Client
from geostream.engine.dispatch cimport Engine
from geostream.engine.stats cimport Stats
from geostream.engine.waiters cimport Ticket
from geostream.resp.reader cimport RequestReader
from geostream.resp.writer cimport encode
from geostream.server cimport transfer
from geostream.server.transfer cimport receive  # named for Cython, which follows no whole module
from geostream.server.held cimport HeldReplies, HeldTurn
from geostream.server.turn cimport Sender, Turn
from geostream.server.unsent cimport Unsent, gathered


cdef bytearray _RECEIVED
cdef Py_ssize_t FLUSH_BYTES
cdef Py_ssize_t FLUSH_PIECES
cdef Py_ssize_t _SENT_AT_ONCE_BYTES


cdef class Connection(Sender):
    cdef object _sock
    cdef object _server
    cdef Engine _engine
    cdef Turn _turn
    cdef Clock _clock
    cdef Stats _stats
    cdef public int fd
    cdef public long long bytes_in
    cdef public long long bytes_out
    cdef public Client client
    cdef RequestReader _reader
    cdef list _requests
    cdef bytearray _unread
    cdef list _out
    cdef Unsent _unsent
    cdef HeldReplies _held
    cdef bint _is_open
    cdef bint _is_dirty
    cdef object _greenlet
    cdef object _readable
    cdef object _timer
    cdef long long _max_unsent_bytes
    cdef long long _max_pending_bytes

    @cython.locals(size=Py_ssize_t, received="char *")
    cdef bint _receive(self) except -1

    @cython.locals(requests=list)
    cdef _feed(self, data)
    @cython.locals(
        client=Client, requests=list, engine=Engine, now_ms="long long", handed_out="long long",
        done=Py_ssize_t, held=HeldReplies,
    )
    cdef _work(self)
    @cython.locals(out=list)
    cdef _answer(self, reply)

    cdef _mark_dirty(self)
    cpdef flush(self)
    @cython.locals(out=list, pieces=list)
    cpdef send_or_keep(self, long long number)
    cdef _give_up(self, fault)
    cdef _keep(self, long long number, list pieces)
    @cython.locals(turn=HeldTurn)
    cpdef bint release(self, long long number) except -1
    @cython.locals(turn=HeldTurn, pieces=list)
    cpdef refuse_held(self, bytes line)
    @cython.locals(sent=Py_ssize_t)
    cpdef Py_ssize_t send(self, pieces) except? -2
    cdef Py_ssize_t _send_long(self, pieces) except? -2
    cpdef push(self, reply)
    @cython.locals(ticket=Ticket)
    cpdef set_timer(self)
    cdef _drop_if_empty(self)
    @cython.locals(unsent=Unsent)
    cdef _hand_over(self, list pieces)
