cimport cython

from geostream.engine.args cimport Args
from geostream.engine.client cimport Client
from geostream.engine.command cimport Command
from geostream.engine.context cimport Context
from geostream.engine.memory cimport Memory
from geostream.engine.shortcut cimport Shortcut
from geostream.engine.stats cimport CommandStats, Stats
from geostream.engine.stopwatch cimport Stopwatch
from geostream.engine.transactions cimport Watches
from geostream.engine.waiters cimport Ticket, Waiters
from geostream.store cimport lists
from geostream.store.keyspace cimport Keyspace
from geostream.store.lists cimport empty  # named for Cython, which follows no whole module


cdef class Engine:
    cdef public Keyspace keyspace
    cdef public object config
    cdef public object host
    cdef public Stopwatch stopwatch
    cdef public object on_fault
    cdef public dict clients
    cdef public dict monitors
    cdef public list listeners
    cdef public Stats stats
    cdef public object slowlog
    cdef public object latency
    cdef public long long slow_ns
    cdef public Waiters waiters
    cdef public Watches watches
    cdef public object pubsub
    cdef public object events
    cdef public object access
    cdef public Memory memory
    cdef public object disk
    cdef public long long handed_out
    cdef public int limits
    cdef public long long paused_until_ms
    cdef public bint pauses_writes_only
    cdef public bint expires_actively
    cdef public bint is_cron_paused
    cdef Args _args
    cdef Context _ctx
    cdef dict _rows
    cdef bytes _last_name
    cdef Command _last_row
    cdef bytes _name_before
    cdef Command _row_before
    cdef long long _mark_ns

    cpdef start_stopwatch(self)

    @cython.locals(ctx=Context, row=Command, words=Py_ssize_t, was_guarded=bint)
    cpdef execute(self, Client client, list request, long long now_ms)

    @cython.locals(name=bytes, row=Command)
    cdef Command _row_of(self, list request)

    @cython.locals(
        keyspace=Keyspace, client=Client, started_ns="long long", shortcut=Shortcut,
    )
    cpdef call(self, Context ctx, Command row, list request)

    @cython.locals(stats=Stats, counters=CommandStats, elapsed_ns="long long")
    cdef _count(self, Client client, Command row, list request, object reply, long long started_ns)

    @cython.locals(keyspace=Keyspace, journal=list)
    cpdef hand_out(self)

    cdef Ticket _ticket(self, Context ctx, Command row, list request, object block)
    @cython.locals(ticket=Ticket)
    cdef _serve_ready(self, long long now_ms)
    @cython.locals(ctx=Context, keyspace=Keyspace, client=Client, row=Command, started_ns="long long")
    cdef _retry(self, Ticket ticket, long long now_ms)
    cdef _answer(self, Ticket ticket, object reply, long long started_ns)
