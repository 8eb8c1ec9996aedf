"""One client: its requests are received and executed when the hub finds its socket readable.

Nothing between a request and its reply waits, so the hub calls ``_on_readable`` itself and
no greenlet has to be switched to and back: it takes what arrived in one ``recv`` and executes
every complete request. The client's greenlet has its life: it begins and ends the
connection, and sleeps in between. Replies are sent when the hub has seen to all sockets that
were readable (turn.py). The read watcher stays armed for the life of the connection, also
while the client is parked in a blocking command: so a peer that hangs up is noticed at once
and its ticket withdrawn.

Sending never waits. What the socket does not take is kept and sent when it becomes
writable; requests go on being read meanwhile, because a client may well send a long
pipeline before it reads the first reply. A client that already has more than
``max_unsent_bytes`` of replies unread when the next one comes is dropped. See unsent.py.

Where changes have to be on disk before they are told, replies wait: what was written in a turn
of the hub is kept with the number that the gate (gate.py) gives, and leaves in its order when
the server says that the number is reached.

What comes out of turn (an unblocked read, pub/sub, MONITOR) leaves with the others: ``push``.

What arrives while requests of the client have to wait is kept as it came and read later,
so that it takes no more memory than was sent, and no more than ``max_pending_bytes``.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gevent import get_hub, getcurrent

from geostream.engine.client import Client
from geostream.engine.stats import Stats
from geostream.reply import NO_REPLY, Reply
from geostream.resp.reader import RequestReader
from geostream.resp.writer import encode
from geostream.server import transfer
from geostream.server.addresses import addresses
from geostream.server.held import HeldReplies
from geostream.server.turn import Ready, Sender
from geostream.server.unsent import Piece, Unsent, gathered

if TYPE_CHECKING:
    from geostream.server.listener import Server

RECEIVE_BYTES = 64 * 1024
#: What recv fills, for all connections: nothing switches before it is copied out, and a
#: buffer made for each recv would have the allocator split and join large blocks.
_RECEIVED = bytearray(RECEIVE_BYTES)
FLUSH_BYTES = 256 * 1024  # replies are sent before the batch is done when they are so large
FLUSH_PIECES = 1024
_SENT_AT_ONCE_BYTES = 64 * 1024  # no other thread runs meanwhile
MAX_TIMER_S = 3600.0  # longer waits are looked at in between
_READ, _WRITE = 1, 2


class Connection(Sender):
    """A client's socket; also its ``Link`` for the engine."""

    def __init__(self, sock: socket.socket, server: Server, client_id: int) -> None:
        """Serve a connected, non-blocking socket."""
        self._sock = sock
        self._server = server
        self._engine = server.engine
        self._turn = server.turn
        self._clock = server.clock
        self._stats: Stats = server.stats
        self.fd = sock.fileno()
        self.bytes_in = 0
        self.bytes_out = 0
        self.client = Client(client_id, self, *addresses(sock))
        self._reader = RequestReader()
        self.take_limits()
        self._requests: list[list[bytes]] = []  # complete, not executed yet
        self._unread = bytearray()  # what arrived behind requests that wait
        self._out: list[Any] = []  # pieces of replies not handed to the socket yet
        self._held = HeldReplies()  # what waits for the disk
        self._is_open = True
        self._is_dirty = False  # will be flushed at the end of this turn
        self._greenlet = getcurrent()
        loop = get_hub().loop
        self._readable = loop.io(self.fd, _READ)
        self._unsent = Unsent(self, loop.io(self.fd, _WRITE), self._turn)  # what it did not take
        self._timer = loop.timer(0)

    def take_limits(self) -> None:
        """Go by the limits that are in force now."""
        limits = self._server.config.settings.clients
        self._max_unsent_bytes = limits.max_unsent_bytes
        self._max_pending_bytes = limits.max_pending_bytes
        self._reader.limit(limits.proto_max_bulk_len, limits.max_pending_bytes)

    # The greenlet

    def serve(self) -> None:
        """Serve the client until one of the two hangs up: the main function of its greenlet."""
        self._readable.start(self._on_readable)
        try:
            while self._is_open:
                get_hub().switch()  # the one place where this greenlet waits
        finally:
            self._tear_down()

    def _on_readable(self) -> None:
        """Take what the socket has and execute what is complete; runs in the hub."""
        is_alone = self._turn.begin()
        try:
            if self._is_open and self._receive():
                self._work()
        except Exception as fault:
            self._give_up(fault)
        if is_alone:
            self._turn.end()

    def _look(self) -> None:
        """Go on where requests had to wait, or with hanging up; runs in the hub."""
        try:
            if self.client.is_closing:
                self.flush()
            elif self._is_open:
                self._work()
        except Exception as fault:
            self._give_up(fault)

    def _give_up(self, fault: Exception) -> None:
        """Tell of a fault, which is ours: this client is lost, the others are not."""
        self._server.on_fault(f"connection of {self.client.address}", fault)
        self.drop()

    def _receive(self) -> bool:
        """Take what the socket has; tell whether to go on."""
        size = transfer.receive(self.fd, _RECEIVED)
        if size < 0:  # somebody said readable, and it was not
            return self._is_open
        if not size:  # gone: whoever comes in the same turn finds its place free
            self._is_open = False
            self._greenlet.switch()
            return False
        self.bytes_in += size
        self._stats.bytes_in += size
        received = _RECEIVED
        if self._requests:
            return self._keep_unread(received[:size])
        self._feed(received[:size])
        return True

    def _feed(self, data: bytes | bytearray) -> None:
        """Read what is complete by now; who has not logged in has narrower limits."""
        self._reader.authenticated = self.client.is_authenticated
        requests = self._reader.feed(data)
        self._requests = self._requests + requests if self._requests else requests

    def _keep_unread(self, data: bytes | bytearray) -> bool:
        """Keep what arrived behind requests that wait; tell whether to go on."""
        self._unread += data
        if len(self._unread) > self._max_pending_bytes:
            self.drop()
        return self._is_open

    def _read_on(self) -> None:
        """Read some of what was kept; the rest has its turn after other clients."""
        unread, reader = self._unread, self._reader
        while unread and not self._requests and reader.error is None:
            self._feed(unread[:RECEIVE_BYTES])
            del unread[:RECEIVE_BYTES]
        if self._requests:
            self.poke()
        elif reader.error is not None:
            self._refuse()

    def _work(self) -> None:
        """Execute what is complete, as far as the client need not wait."""
        client, requests, engine = self.client, self._requests, self._engine
        engine.start_stopwatch()
        now_ms = self._clock.now_ms()
        client.last_active_ms = now_ms
        handed_out = engine.handed_out
        done = 0
        while client.ticket is None and not client.is_closing and self._is_open:
            if done == len(requests):
                if not self._reader.held_back:
                    break
                self._feed(b"")
                requests = self._requests
                continue
            if engine.paused_until_ms > now_ms and self._server.hold(self, requests[done]):
                break
            done += 1
            self._answer(engine.execute(client, requests[done - 1], now_ms))
        self._requests = requests = requests[done:] if done < len(requests) else []
        held = self._held
        held.tells_change = held.tells_change or engine.handed_out != handed_out
        if client.is_guarded and client.hears:
            held.has_messages = True
        if client.ticket is not None:
            self.set_timer()
        elif not requests and (self._unread or self._reader.error is not None):
            self._read_on()
        self._mark_dirty()

    def _answer(self, reply: Reply) -> None:
        if reply is NO_REPLY:
            return
        out = self._out
        encode(reply, out, self.client.protocol)
        self._held.replies += 1
        if len(out) > FLUSH_PIECES or (out and len(out[-1]) > FLUSH_BYTES):
            self.flush()

    def _refuse(self) -> None:
        """Answer a breach of the protocol and hang up."""
        error = self._reader.error
        if error is not None and error.line and not self.client.is_closing:
            self._out.append(b"-" + error.line + b"\r\n")
            self._stats.count_error(error.line)
        self.close()

    # Link

    @property
    def pending_bytes(self) -> int:
        """Bytes of requests not yet complete, or not yet looked at."""
        return self._reader.pending_bytes + len(self._unread)

    @property
    def unsent_bytes(self) -> int:
        """Bytes of replies that the peer has not taken."""
        return self._unsent.size_bytes

    def push(self, reply: Reply) -> None:
        """Send something that is not the reply to the request being executed.

        When it is the reply to a request that waited, the client's next requests go on.
        """
        if not self._is_open:
            return
        encode(reply, self._out, self.client.protocol)
        self._held.note_pushed(reply)
        self._mark_dirty()
        if self.client.ticket is None and self._timer.active:
            self._timer.stop()
        if self._requests or self._reader.error is not None:
            self.poke()

    def close(self) -> None:
        """Hang up once what was written before is sent; nothing more is read."""
        if not self.client.is_closing:
            self.client.is_closing = True
            self._requests.clear()
            self._unread.clear()
            self._readable.stop()
            self._server.note_closing(self)
            self._mark_dirty()
            self.poke()

    def poke(self) -> None:
        """Go on soon: requests need not wait any more, or the client is to go."""
        get_hub().loop.run_callback(self._look)

    # Sending

    def _mark_dirty(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            self._turn.enter(self)

    def flush(self) -> None:
        """Hand the replies to the socket; keep what it does not take, or what has to wait."""
        self.send_or_keep(self._turn.gate.waits_for())

    def send_or_keep(self, number: int) -> None:
        self._is_dirty = False
        try:
            if self._out and self._is_open:
                out, self._out = self._out, []
                pieces = gathered(out)
                if number:
                    self._keep(number, pieces)
                else:
                    self._held.end_turn()
                    self._hand_over(pieces)
            if self.client.is_closing:
                self._drop_if_empty()
        except Exception as fault:
            self._give_up(fault)

    def _drop_if_empty(self) -> None:
        """Hang up if nothing is left to be sent."""
        if self._unsent.is_empty() and self._held.is_empty():
            self.drop()

    def _keep(self, number: int, pieces: list[Piece]) -> None:
        """Keep replies until a number is reached. The rest of a pipeline may wait for another."""
        self._held.keep(number, pieces)
        self._turn.note_kept(self)
        if self._held.size_bytes > self._max_unsent_bytes:
            self._drop_unread(self._held.size_bytes)

    def release(self, number: int) -> bool:
        for turn in self._held.take(number):
            if self._is_open:
                self._hand_over(turn.pieces)
        if self.client.is_closing:
            self._drop_if_empty()
        return self._held.is_empty()

    def refuse_held(self, line: bytes) -> None:
        for turn in self._held.take_all():
            pieces = turn.with_errors(line)
            if pieces is None:
                self.drop()
            elif self._is_open:
                self._hand_over(pieces)
        if self.client.is_closing:
            self._drop_if_empty()

    def _hand_over(self, pieces: list[Piece]) -> None:
        unsent = self._unsent
        if unsent.size_bytes > self._max_unsent_bytes:
            self._drop_unread(unsent.size_bytes)
            return
        unsent.hand_over(pieces)

    def _drop_unread(self, size_bytes: int) -> None:
        self._stats.clients_dropped_unread += 1
        self._server.log_dropped(self.client, size_bytes)
        self.drop()

    def send(self, pieces: Sequence[Ready]) -> int:
        first = pieces[0]
        if type(first) is bytes and len(pieces) == 1 and len(first) <= _SENT_AT_ONCE_BYTES:
            sent = transfer.send_piece(self.fd, first)
        else:
            sent = self._send_long(pieces)
        if sent < 0:
            self.drop()
            return -1
        self.bytes_out += sent
        self._stats.bytes_out += sent
        return sent

    def _send_long(self, pieces: Sequence[Ready]) -> int:
        """Do the same where it takes long enough to let other threads run."""
        try:
            return self._sock.send(pieces[0]) if len(pieces) == 1 else self._sock.sendmsg(pieces)
        except BlockingIOError:
            return 0
        except OSError:
            return -1

    def note_taken(self, is_all: bool) -> None:
        """Who takes its replies is not idle."""
        self.client.last_active_ms = self._clock.now_ms()
        if is_all and self.client.is_closing:
            self._drop_if_empty()

    def drop(self) -> None:
        """Hang up now; what is not sent yet is lost."""
        if self._is_open:
            self._is_open = False
            get_hub().loop.run_callback(self._greenlet.switch)

    # Waiting

    def set_timer(self) -> None:
        """Have the engine look at the client's ticket in time."""
        ticket = self.client.ticket
        self._timer.stop()
        if ticket is None or ticket.wake_ms is None:
            return
        wait_s = max(0.001, (ticket.wake_ms - self._clock.now_ms()) / 1000)
        self._timer = get_hub().loop.timer(min(wait_s, MAX_TIMER_S))
        self._timer.start(self._on_timer, update=True)

    def _on_timer(self) -> None:
        """Let the engine look at the ticket; runs in the hub."""
        if self.client.ticket is not None:
            self._engine.wake(self.client.ticket, self._clock.now_ms())
            self.set_timer()

    def _tear_down(self) -> None:
        self._is_open = False
        for watcher in (self._readable, self._timer):
            watcher.stop()
            watcher.close()
        self._engine.disconnect(self.client)
        self._server.forget(self)
        self._unsent.close()
        self._held.clear()
        self._out.clear()
        self._sock.close()
        self.client.link = self._engine.host.no_link  # no cycle: what it kept is freed now
