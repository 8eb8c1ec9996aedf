"""The one path every request takes: look up, check, run, hand out what changed, wake.

``Engine.execute`` takes a request and returns the reply, or ``NO_REPLY`` where the client
has to wait (``client.ticket`` is then set) or wants none. What changed is in the
keyspace's journal after the handler returned; it is counted, shown to WATCH, waiters and
listeners, and emptied. Then the requests that waited for it run again.

Nothing here switches, so a command is atomic. The engine is told the time. How long a command
took it measures with a stopwatch, once a command: from the end of the one before. Order of
checks and texts: those of Redis, compared in tests/differential.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geostream import errors
from geostream.engine.access import Access
from geostream.engine.args import Args
from geostream.engine.client import Client
from geostream.engine.command import LOADING_LIMIT, TABLE, Command, Flag
from geostream.engine.context import Context
from geostream.engine.disk import Disk
from geostream.engine.events import KeyspaceEvents
from geostream.engine.guard import SHOWN_NAME_BYTES, check, refuse, settle, unknown_command
from geostream.engine.latency import LatencyMonitor
from geostream.engine.memory import Memory
from geostream.engine.monitor import monitor_line
from geostream.engine.pubsub import PubSub
from geostream.engine.slowlog import SlowLog
from geostream.engine.stats import Stats
from geostream.engine.stopwatch import Stopwatch
from geostream.engine.transactions import Watches
from geostream.engine.waiters import Ticket, Waiters
from geostream.errors import CommandError
from geostream.reply import NO_REPLY, Block, Reply
from geostream.store import errors as store_errors
from geostream.store import lists
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace

if TYPE_CHECKING:
    from geostream.config import Config
    from geostream.engine.host import Host

EXPIRED_PER_STEP = 200  # keys deleted in one go when their time has come

#: The line for each error of the store.
STORE_TEXTS = {
    store_errors.WrongType: errors.WRONG_TYPE,
    store_errors.IdNotIncreasing: errors.ID_TOO_SMALL,
    store_errors.IdsExhausted: errors.IDS_EXHAUSTED,
    store_errors.EntryTooLarge: errors.ENTRY_TOO_LARGE,
}


class Engine:
    """Commands on a keyspace, for any number of clients."""

    def __init__(
        self,
        keyspace: Keyspace,
        config: Config,
        host: Host,
        stopwatch: Stopwatch | None = None,
        on_fault: Callable[[Command, BaseException], None] | None = None,
    ) -> None:
        """Serve a keyspace.

        config       -- the parameters, as CONFIG GET knows them
        host         -- what the process around can do: see geostream/engine/host.py
        stopwatch    -- a running one, for statistics and the slow log
        on_fault     -- told of exceptions that are nobody's mistake but ours
        """
        self.keyspace = keyspace
        self.config = config
        self.host = host
        self.stopwatch = stopwatch or Stopwatch()
        self._mark_ns = 0  # where the stopwatch stood when the last command ended
        self.on_fault = on_fault
        self.clients: dict[int, Client] = {}
        self.monitors: dict[Client, None] = {}
        self.listeners: list[Callable[[list[Effect]], None]] = []
        self.stats = Stats()
        self.slowlog = SlowLog()
        self.latency = LatencyMonitor()
        self.slow_ns = self.slowlog.threshold_ns  # what takes longer interests one of these two
        self.waiters = Waiters()
        self.watches = Watches()
        self.pubsub = PubSub()
        self.events = KeyspaceEvents(keyspace, self.pubsub, self.listeners)
        self.access = Access(config)
        self.memory = Memory(keyspace)
        self.disk = Disk()  # what is kept; whoever keeps something puts another here
        self.handed_out = 0  # how often something that changed was
        self.limits = 0  # those that are in force, as bits: see command.py
        self.paused_until_ms = 0  # CLIENT PAUSE: connections hold their next command back
        self.pauses_writes_only = False
        self.expires_actively = True  # False: expired keys go when somebody looks (DEBUG)
        self.is_cron_paused = False  # DEBUG PAUSE-CRON: nothing is done now and then
        self._args = Args([], "", 0)  # of the command that is parsed: nothing keeps it
        self._ctx = Context(self, keyspace, Client(0, host.no_link, "", ""))
        self._rows: dict[bytes, Command] = {}
        self._last_name = self._name_before = b""  # of the two rows that were asked for last
        self._last_row: Command | None = None
        self._row_before: Command | None = None
        for name, row in TABLE.items():
            if "|" not in name and not row.subcommands:
                self._rows[name.encode()] = self._rows[name.upper().encode()] = row

    # Clients

    def connect(self, client: Client, now_ms: int) -> None:
        """Enter a client, before its first request."""
        client.connected_ms = client.last_active_ms = now_ms
        self.clients[client.id] = client
        self.stats.connections_received += 1

    def disconnect(self, client: Client) -> None:
        """Forget a client and everything it waits for or listens to."""
        self.clients.pop(client.id, None)
        self.monitors.pop(client, None)
        self.watches.forget(client)
        self.pubsub.forget(client)
        if client.ticket is not None:
            self.waiters.withdraw(client.ticket)

    # Requests

    def start_stopwatch(self) -> None:
        """Let the time of the next command begin now. Before each run of requests."""
        self._mark_ns = self.stopwatch.read_ns()

    def execute(self, client: Client, request: list[bytes], now_ms: int) -> Reply:
        """Run one request of a client that does not wait; return its reply.

        now_ms -- Unix time in milliseconds; callers read it once for many requests
        """
        ctx = self._ctx
        ctx.client = client
        ctx.now_ms = self.keyspace.now_ms = now_ms
        try:
            row = self._row_of(request)
            words = len(request)
            if (words != row.arity) if row.arity >= 0 else (words < -row.arity):
                raise self.rejected(row, errors.fail(errors.ARITY, command=row.name))
            was_guarded = client.is_guarded
            if was_guarded or row.limits & self.limits:
                held = check(self, client, row, request)
                if held is not None:
                    return settle(self, client, held)
        except CommandError as error:
            error = refuse(self, client, request, error)
            return settle(self, client, error) if client.is_guarded else error
        reply = self.call(ctx, row, request)
        if type(reply) is Block:
            self.waiters.park(self._ticket(ctx, row, request, reply))
            reply = NO_REPLY
        if self.waiters.has_ready():
            self._serve_ready(now_ms)
        return settle(self, client, reply) if was_guarded or client.is_guarded else reply

    def _row_of(self, request: list[bytes]) -> Command:
        name = request[0]
        row = self._last_row
        if row is not None and name == self._last_name:  # in a pipeline: no need to hash it
            return row
        row = self._row_before
        if row is not None and name == self._name_before:  # a reader acknowledges, and reads on
            return row
        row = self._rows.get(name)
        if row is None:
            return self._find(request)
        self._name_before, self._row_before = self._last_name, self._last_row
        self._last_name, self._last_row = name, row
        return row

    def _find(self, request: list[bytes]) -> Command:
        """Return the row for a request whose name is not spelled in the usual ways."""
        row = TABLE.get(request[0].lower().decode("latin-1"))
        if row is None or "|" in row.name:
            raise unknown_command(request)
        if not row.subcommands or (len(request) == 1 and row.arity != -2):
            return row
        if len(request) == 1:
            raise self.rejected(row, errors.fail(errors.ARITY, command=row.name))
        child = row.subcommands.get(request[1].upper())
        if child is None:
            raise errors.fail(
                errors.UNKNOWN_SUBCOMMAND,
                name=request[1][:SHOWN_NAME_BYTES],
                container=row.name.upper(),
            )
        return child

    def rejected(self, row: Command, error: CommandError) -> CommandError:
        """Count a command as refused before it ran; return the error, to be raised."""
        counters = self.stats.of(row.name)
        counters.rejected += 1
        return error

    def limit(self, limit: int, applies: bool) -> None:
        """Put one of the limits of command.py into force, or lift it."""
        self.limits = self.limits | limit if applies else self.limits & ~limit

    def is_full(self) -> bool:
        """Tell whether the data takes more than maxmemory."""
        return self.memory.used_bytes() > self.config.settings.memory.maxmemory

    def call(self, ctx: Context, row: Command, request: list[bytes]) -> Reply:
        """Parse and run a command that passed its checks; hand out what it changed.

        An error becomes a reply, counted. ``Block`` is passed on.
        """
        keyspace = self.keyspace
        client = ctx.client
        ctx.db = keyspace.databases[client.database]
        keyspace.is_reading = row.counts_lookups
        started_ns = self._mark_ns
        shortcut = row.shortcut
        try:
            reply = NotImplemented if shortcut is None else shortcut.take(ctx, request)
            if reply is NotImplemented:
                self._args.begin(request, row.name, row.first_argument)
                reply = row.run(ctx, row.parse(self._args))
        except Exception as error:
            reply = self._error_reply(row, error)
        if keyspace.journal or keyspace.missed:
            self.hand_out()
        if self.monitors:
            self._show(ctx, row, request)
        if type(reply) is Block:
            if not ctx.in_transaction:
                return reply
            reply = reply.on_timeout  # nothing waits inside a transaction
        self._count(client, row, request, reply, started_ns)
        return reply

    def _error_reply(self, row: Command, error: Exception) -> CommandError:
        """Turn what a handler raised into a reply."""
        if isinstance(error, CommandError):
            return error
        if isinstance(error, store_errors.StoreError):
            return errors.fail(STORE_TEXTS[type(error)])
        self.stats.faults += 1  # ours: logged, counted, answered
        if self.on_fault is None:
            raise error
        self.on_fault(row, error)
        return errors.fail(errors.FAULT)

    def _count(
        self, client: Client, row: Command, request: list[bytes], reply: Reply, started_ns: int
    ) -> None:
        self._mark_ns = self.stopwatch.read_ns()
        elapsed_ns = self._mark_ns - started_ns
        stats = self.stats
        client.commands += 1
        client.last_command = row.name
        counters = stats.of(row.name)
        counters.record(elapsed_ns)
        if type(reply) is CommandError:
            counters.failed += 1
            stats.count_error(reply.line)
        if elapsed_ns >= self.slow_ns:
            self._note_slow(client, row, request, elapsed_ns)

    def _note_slow(
        self, client: Client, row: Command, request: list[bytes], elapsed_ns: int
    ) -> None:
        now_ms = self.keyspace.now_ms
        if elapsed_ns >= self.slowlog.threshold_ns:
            self.slowlog.add(client, row, request, elapsed_ns, now_ms)
        if elapsed_ns >= self.latency.threshold_ns:
            self.latency.add(row, elapsed_ns, now_ms)

    # Effects

    def hand_out(self) -> None:
        """Show what changed to everybody who goes by it, and empty the journal."""
        keyspace = self.keyspace
        journal = keyspace.journal
        if journal:
            self.handed_out += 1
            self.stats.note(journal)
            self.memory.note(journal)
            if self.watches.by_key:
                self.watches.note(journal, keyspace)
            if self.waiters.by_key:
                self.waiters.note(journal, keyspace)
        for listener in self.listeners:
            listener(journal)
        lists.empty(journal)
        if keyspace.missed:
            keyspace.missed.clear()

    # Waiting

    def _ticket(self, ctx: Context, row: Command, request: list[bytes], block: Block) -> Ticket:
        if block.again is None:
            block.again = row.parse(Args(request, row.name, row.first_argument))
        return Ticket(ctx.client, row, request, block, ctx.now_ms)

    def _serve_ready(self, now_ms: int) -> None:
        """Run again what waits for keys that changed, until nothing changes any more."""
        while self.waiters.has_ready():
            for tickets, only_needing in self.waiters.take_ready(self.keyspace):
                for ticket in tickets:
                    if ticket.client.ticket is ticket and (ticket.needs_keys or not only_needing):
                        self._retry(ticket, now_ms)
            for ticket in self.waiters.take_rechecks():
                if ticket.client.ticket is ticket:
                    self._retry(ticket, now_ms)

    def _retry(self, ticket: Ticket, now_ms: int) -> None:
        """Run a waiting request again; answer it if it is served now, or refused."""
        ctx, keyspace, client, row = self._ctx, self.keyspace, ticket.client, ticket.row
        ctx.client = client
        ctx.now_ms = keyspace.now_ms = now_ms
        ctx.db = keyspace.databases[ticket.database]
        ctx.in_transaction = False
        keyspace.is_reading = row.counts_lookups
        started_ns = self._mark_ns
        try:
            reply = row.run(ctx, ticket.asked)
        except Exception as error:
            reply = self._error_reply(row, error)
        if keyspace.journal or keyspace.missed:
            self.hand_out()
        if type(reply) is Block:
            ticket.on_timeout = reply.on_timeout
            if ticket.recheck_ms != reply.recheck_ms:
                ticket.recheck_ms = reply.recheck_ms
                client.link.set_timer()
        else:
            self._answer(ticket, reply, started_ns)

    def _answer(self, ticket: Ticket, reply: Reply, started_ns: int) -> None:
        self.waiters.withdraw(ticket)
        self._count(ticket.client, ticket.row, ticket.request, reply, started_ns)
        ticket.client.link.push(NO_REPLY if ticket.is_silent else reply)

    def wake(self, ticket: Ticket, now_ms: int) -> None:
        """Look at a ticket whose ``wake_ms`` has come: answer it, or run it again."""
        if ticket.client.ticket is not ticket:
            return
        self.start_stopwatch()
        if ticket.deadline_ms is not None and ticket.deadline_ms <= now_ms:
            self._answer(ticket, ticket.on_timeout, self._mark_ns)
        else:
            self._retry(ticket, now_ms)
            self._serve_ready(now_ms)

    def may_write(self, client: Client, request: list[bytes]) -> bool:
        """Tell whether a request may change something (CLIENT PAUSE ... WRITE)."""
        row = self._rows.get(request[0]) or TABLE.get(request[0].lower().decode("latin-1"))
        if row is None:
            return False
        if row.name == "exec" and client.transaction is not None:
            return any(queued.is_write for queued, _ in client.transaction.queue)
        child = row.subcommands.get(request[1].upper()) if len(request) > 1 else None
        return (child or row).is_write or Flag.PUBSUB in row.flags

    def unblock(self, client: Client, reply: Reply | None = None) -> bool:
        """Answer a waiting client as if time were up, or with a reply; False if it waits not."""
        ticket = client.ticket
        if ticket is None:
            return False
        self._answer(ticket, ticket.on_timeout if reply is None else reply, self._mark_ns)
        return True

    # Time

    def step(self, now_ms: int) -> None:
        """Do what has to be done now and then: to be called some ten times a second."""
        if self.is_cron_paused or self.limits & LOADING_LIMIT:
            return
        keyspace = self.keyspace
        keyspace.now_ms = now_ms
        keyspace.is_reading = False
        self.stats.sample(now_ms)
        if keyspace.expires_keys and self.expires_actively:
            for database in keyspace.databases:
                for key in database.due(EXPIRED_PER_STEP):
                    keyspace.expire(database.number, key)
        self.memory.messages.expire(now_ms)
        self.start_stopwatch()
        self.hand_out()
        self.memory.used_bytes()
        self._serve_ready(now_ms)

    # Looking on

    def _show(self, ctx: Context, row: Command, request: list[bytes]) -> None:
        if Flag.SKIP_MONITOR in row.flags or Flag.ADMIN in row.flags:
            return
        line = monitor_line(ctx.client, request, ctx.now_ms)
        for client in list(self.monitors):
            self.pubsub.send(client, line)
