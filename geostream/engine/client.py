"""What is remembered about one client, without its socket.

The socket is somebody else's; through ``Link`` the engine can send something out of
turn, hang up, and ask for the numbers CLIENT LIST shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from geostream.reply import Reply

if TYPE_CHECKING:
    from geostream.engine.command import Command
    from geostream.engine.waiters import Ticket


class Link(Protocol):
    """The connection of a client, as the engine sees it."""

    fd: int
    bytes_in: int
    bytes_out: int

    @property
    def pending_bytes(self) -> int:
        """Bytes of requests not yet complete, or not yet looked at."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """Bytes of replies the peer has not taken yet."""
        ...

    def push(self, reply: Reply) -> None:
        """Send something that is not the reply to the request being executed."""
        ...

    def set_timer(self) -> None:
        """Wake the engine at the ``wake_ms`` of the client's ticket, which has changed."""
        ...

    def close(self) -> None:
        """Hang up once what was written before is sent; nothing more is read."""
        ...


class Transaction:
    """What MULTI has queued."""

    __slots__ = ("failed", "queue", "size_bytes")

    def __init__(self) -> None:
        """Start empty."""
        self.queue: list[tuple[Command, list[bytes]]] = []
        self.failed = False  # an error while queueing: EXEC will refuse
        self.size_bytes = 0


class Client:
    """One client."""

    def __init__(self, client_id: int, link: Link, address: str, local_address: str) -> None:
        """Start as every connection starts: database 0, RESP2, no name."""
        self.id = client_id
        self.link = link
        self.address = address  # ip:port
        self.local_address = local_address
        self.connected_ms = 0  # Unix time
        self.last_active_ms = 0
        self.commands = 0
        self.last_command = "NULL"
        self.lib_name = b""
        self.lib_version = b""
        self.is_authenticated = True
        self.ticket: Ticket | None = None  # what it waits for
        self.is_closing = False  # the link is told to hang up
        self.is_monitor = False
        self.is_guarded = False
        self.watched: set[tuple[int, bytes]] = set()
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}
        self.reset()

    def reset(self) -> None:
        """Forget what RESET forgets, but for what engine tables also know (see there)."""
        self.name = b""
        self.database = 0
        self.protocol = 2
        self.transaction: Transaction | None = None
        self.is_dirty = False  # a watched key changed: EXEC will do nothing
        self.no_evict = False
        self.no_touch = False  # its looking at keys is no use of them
        self.replies_off = False  # CLIENT REPLY OFF
        self.skip_replies = 0  # CLIENT REPLY SKIP: 2 while it runs, 1 for the command after
        self.update_guard()

    @property
    def subscriptions(self) -> int:
        """Channels and patterns, as SUBSCRIBE's replies count them."""
        return len(self.channels) + len(self.patterns)

    @property
    def is_subscriber(self) -> bool:
        """Whether it is subscribed to anything."""
        return bool(self.channels or self.patterns or self.shard_channels)

    @property
    def hears(self) -> bool:
        """Whether its own requests can make it hear something: messages, or what it monitors."""
        return self.is_monitor or self.is_subscriber

    def update_guard(self) -> None:
        """Work out whether its requests need more than the usual checks.

        To be called when one of the things named here changes.
        """
        self.is_guarded = (
            not self.is_authenticated
            or self.transaction is not None
            or self.hears
            or self.no_touch
            or self.replies_off
            or self.skip_replies > 0
        )
