"""Accepting clients, and what all connections share.

A gevent StreamServer spawns a greenlet for each client. Connections that have something to
send are flushed together, once a turn of the hub (turn.py). A ticker greenlet does
what has to be done now and then: active expiry, idle clients, paused clients.

Stopping: accept nobody, unblock and close every client once its replies are sent, wait
until the greenlets are gone, but not for ever.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from typing import TYPE_CHECKING, Any

import gevent
from gevent import socket as gevent_socket
from gevent.pool import Pool
from gevent.server import StreamServer

from geostream.clock import Clock
from geostream.engine.client import Client
from geostream.engine.dispatch import Engine
from geostream.server.connection import Connection
from geostream.server.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from geostream.config import Config

NO_SUCH_ADDRESS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}
MAX_CLIENTS_LINE = b"-ERR max number of clients reached\r\n"

CLOSING_S = 10.0  # how long a client that is to go may read none of its last replies
NOT_LOOKED_AT = -1  # in place of a number of bytes


class Server:
    """All listeners and connections of one engine."""

    def __init__(
        self,
        engine: Engine,
        config: Config,
        clock: Clock,
        on_fault: Callable[[str, BaseException], None],
        log_dropped: Callable[[Client, int], None],
    ) -> None:
        """Serve an engine; nothing is bound yet.

        on_fault    -- told where, and what was raised, when something of ours went wrong
        log_dropped -- told of a client dropped with so many bytes of replies unread
        """
        self.engine = engine
        self.stats = engine.stats
        self.config = config
        self.clock = clock
        self.on_fault = on_fault
        self.log_dropped = log_dropped
        self.connections: dict[Connection, None] = {}
        self.turn = Turn(gevent.get_hub().loop)
        self._held: dict[Connection, None] = {}
        self.on_step: Callable[[], None] | None = None  # called with every step
        self._closing: dict[Connection, tuple[int, float]] = {}  # bytes sent, since when
        self._listeners: list[StreamServer] = []
        self._unix_path = ""  # of the socket that is ours
        self._pool = Pool()
        self._last_id = 0
        self._ticker: gevent.Greenlet | None = None
        for name in ("proto-max-bulk-len", "max-pending-bytes", "max-unsent-bytes"):
            config.on_change(name, self._spread_limits)

    # Life

    def start(self) -> list[tuple[str, int]]:
        """Bind and accept; return the addresses. Raises OSError naming the address."""
        settings = self.config.settings.server
        try:
            for host in settings.bind:
                try:
                    sock = _bound(host.removeprefix("-"), settings.port, settings.tcp_backlog)
                except OSError as error:
                    if not host.startswith("-") or error.errno not in NO_SUCH_ADDRESS:
                        raise
                    continue  # a minus says: if this machine has it
                self._listen(sock)
            if settings.unixsocket:
                self._listen(
                    _bound_unix(settings.unixsocket, settings.unixsocketperm, settings.tcp_backlog)
                )
                self._unix_path = settings.unixsocket
        except BaseException:
            self._close_listeners()
            raise
        self._ticker = gevent.spawn(self._tick)
        # Two parts of it: an IPv6 address comes with a flow label and a scope.
        addresses = [server.address for server in self._listeners]
        return [address[:2] for address in addresses if isinstance(address, tuple)]

    def _listen(self, sock: socket.socket) -> None:
        listener = StreamServer(sock, handle=self._handle, spawn=self._pool)
        listener.start()
        self._listeners.append(listener)

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        if self._unix_path and os.path.exists(self._unix_path):
            os.unlink(self._unix_path)
        self._listeners.clear()

    def stop(self, timeout_s: float) -> bool:
        """Close everything; tell whether all clients were gone in time."""
        self._close_listeners()
        if self._ticker is not None:
            self._ticker.kill()
        for connection in list(self.connections):
            self.engine.unblock(connection.client)
            connection.close()
        self.turn.end()
        is_empty = bool(self._pool.join(timeout=timeout_s))
        if not is_empty:
            for connection in list(self.connections):
                connection.drop()
            self._pool.join(timeout=1)
        return is_empty

    # Clients

    def _handle(self, sock: Any, address: object) -> None:
        """Serve one client; the greenlet's main function."""
        raw: socket.socket = sock._sock  # the plain one below gevent's: we wait ourselves
        settings = self.config.settings
        if len(self.connections) >= settings.clients.maxclients:
            self.stats.connections_rejected += 1
            _try_send(raw, MAX_CLIENTS_LINE)
            return
        _set_options(raw, settings.server.tcp_keepalive)
        self._last_id += 1
        connection = Connection(raw, self, self._last_id)
        connection.client.is_authenticated = not settings.security.requirepass
        connection.client.update_guard()
        self.connections[connection] = None
        self.engine.connect(connection.client, self.clock.now_ms())
        connection.serve()

    def _spread_limits(self, _: object) -> None:
        for connection in self.connections:
            connection.take_limits()

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is closed."""
        self.connections.pop(connection, None)
        self._held.pop(connection, None)
        self.turn.forget(connection)
        self._closing.pop(connection, None)

    def note_closing(self, connection: Connection) -> None:
        """Remember a connection that is to go once its peer has taken the last replies."""
        self._closing[connection] = (NOT_LOOKED_AT, 0.0)

    # Pausing (CLIENT PAUSE)

    def hold(self, connection: Connection, request: list[bytes]) -> bool:
        """Tell whether a request has to wait for the pause to end; then it will be poked."""
        if self.engine.pauses_writes_only and not self.engine.may_write(connection.client, request):
            return False
        self._held[connection] = None
        return True

    # Now and then

    def _tick(self) -> None:
        while True:
            gevent.sleep(1 / self.config.settings.server.hz)
            try:
                self.step()
            except Exception as fault:  # ours: the next tick may do better
                self.on_fault("ticker", fault)

    def step(self) -> None:
        """Do what is due; some ten times a second."""
        now_ms = self.clock.now_ms()
        self.engine.step(now_ms)
        if self.on_step is not None:
            self.on_step()
        if self._held and self.engine.paused_until_ms <= now_ms:
            held, self._held = self._held, {}
            for connection in held:
                connection.client.last_active_ms = now_ms  # it was not idle, it was held
                connection.poke()
        self._close_idle(now_ms)
        self._drop_stuck()
        self.turn.end()  # for what changed without a client

    def _close_idle(self, now_ms: int) -> None:
        """Close clients that did nothing for too long."""
        timeout_ms = self.config.settings.clients.timeout * 1000
        for connection in self.connections if timeout_ms else ():
            client = connection.client
            waits = client.ticket is not None or connection in self._held
            is_busy = waits or client.is_subscriber or client.is_monitor
            if not is_busy and now_ms - client.last_active_ms > timeout_ms:
                connection.close()

    def _drop_stuck(self) -> None:
        """Drop clients that are to go but do not take their last replies."""
        now_s = self.clock.monotonic_s()
        for connection, (bytes_out, since_s) in self._closing.items():
            if bytes_out != connection.bytes_out:
                self._closing[connection] = (connection.bytes_out, now_s)
            elif now_s - since_s > CLOSING_S:
                connection.drop()


def _bound(host: str, port: int, backlog: int) -> socket.socket:
    """Return a listening TCP socket."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock: socket.socket = gevent_socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(({"*": "", "::*": "::"}.get(host, host), port))
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock


def _bound_unix(path: str, permissions: int, backlog: int) -> socket.socket:
    """Return a listening Unix socket; one that a server left behind is replaced."""
    sock: socket.socket = gevent_socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)
        sock.bind(path)
        if permissions:
            os.chmod(path, permissions)
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        reason = error.strerror or error  # a path that is too long has no number
        raise OSError(error.errno, f"cannot listen on {path}: {reason}") from error
    return sock


def _set_options(sock: socket.socket, keepalive_s: int) -> None:
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if keepalive_s:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive_s)


def _try_send(sock: socket.socket, line: bytes) -> None:
    """Send a last line to somebody who may be gone already."""
    with contextlib.suppress(OSError):
        sock.send(line)
