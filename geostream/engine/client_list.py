"""Clients as CLIENT LIST shows them: one line each, and the filters that choose among them.

Fields stand in Redis' order, because people and tools read them by eye. What this server
does not have (a shared reply buffer, threads that do I/O) is shown as zero.

Behaviour: https://redis.io/docs/latest/commands/client-list/
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from geostream.engine.client import Client

CLIENT_BYTES = 2048  # what a client without anything pending takes, about

#: The types CLIENT LIST and CLIENT KILL know. There are no replicas and no master here.
CLIENT_TYPES = {
    b"normal": "normal",
    b"pubsub": "pubsub",
    b"master": "master",
    b"replica": "replica",
    b"slave": "replica",
}


def client_type(client: Client) -> str:
    """Return the type a client is filtered by."""
    return "pubsub" if client.is_subscriber else "normal"


class ClientFilter(Struct):
    """What CLIENT KILL asks for; None does not matter."""

    id: int | None = None
    address: str | None = None
    local_address: str | None = None
    type: str | None = None
    max_age_s: int | None = None
    skips_caller: bool = True

    def takes(self, client: Client, caller: Client, now_ms: int) -> bool:
        """Tell whether a client is one of those meant."""
        return (
            self.id in (None, client.id)
            and self.address in (None, client.address)
            and self.local_address in (None, client.local_address)
            and self.type in (None, client_type(client))
            and (self.max_age_s is None or now_ms - client.connected_ms >= self.max_age_s * 1000)
            and not (self.skips_caller and client is caller)
        )


def client_flags(client: Client) -> str:
    """Return the letters that say what a client is doing."""
    letters = (
        ("O", client.is_monitor),
        ("P", client.is_subscriber),
        ("x", client.transaction is not None),
        ("b", client.ticket is not None),
        ("d", client.is_dirty),
        ("c", client.is_closing),
        ("e", client.no_evict),
        ("T", client.no_touch),
    )
    return "".join(letter for letter, is_so in letters if is_so) or "N"


def client_line(client: Client, now_ms: int) -> bytes:
    """Return the line for a client, without its end."""
    link, transaction = client.link, client.transaction
    fields: Iterable[tuple[str, object]] = (
        ("id", client.id),
        ("addr", client.address),
        ("laddr", client.local_address),
        ("fd", link.fd),
        ("name", client.name.decode("latin-1")),
        ("age", max(0, now_ms - client.connected_ms) // 1000),
        ("idle", max(0, now_ms - client.last_active_ms) // 1000),
        ("flags", client_flags(client)),
        ("db", client.database),
        ("sub", len(client.channels)),
        ("psub", len(client.patterns)),
        ("ssub", len(client.shard_channels)),
        ("multi", len(transaction.queue) if transaction is not None else -1),
        ("watch", len(client.watched)),
        *_buffers(client),
        ("events", "rw" if link.unsent_bytes else "r"),
        ("cmd", _command(client)),
        ("user", "default"),
        ("redir", -1),
        ("resp", client.protocol),
        ("lib-name", client.lib_name.decode("latin-1")),
        ("lib-ver", client.lib_version.decode("latin-1")),
        ("io-thread", 0),
        ("tot-net-in", link.bytes_in),
        ("tot-net-out", link.bytes_out),
        ("tot-cmds", client.commands),
    )
    return " ".join([f"{name}={value}" for name, value in fields]).encode("latin-1", "replace")


def _buffers(client: Client) -> Iterable[tuple[str, int]]:
    pending, unsent = client.link.pending_bytes, client.link.unsent_bytes
    queued_bytes = client.transaction.size_bytes if client.transaction is not None else 0
    return (
        ("qbuf", pending),
        ("qbuf-free", 0),
        ("argv-mem", 0),
        ("multi-mem", queued_bytes),
        ("rbs", 0),
        ("rbp", 0),
        ("obl", 0),
        ("oll", 1 if unsent else 0),
        ("omem", unsent),
        ("tot-mem", CLIENT_BYTES + pending + queued_bytes + unsent),
    )


def _command(client: Client) -> str:
    """Return the name of the command a client sent last."""
    if client.ticket is not None:
        return client.ticket.row.name
    if client.transaction is not None and client.transaction.queue:
        return client.transaction.queue[-1][0].name
    return client.last_command
