"""INFO's sections about clients and keys: how many there are of each kind."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from geostream.store.keyspace import Database

if TYPE_CHECKING:
    from geostream.engine.dispatch import Engine
    from geostream.engine.info import Line

SAMPLED_EXPIRIES = 1000  # keys whose time to live makes the average


def clients(engine: Engine, now_ms: int) -> list[Line]:
    """Return how many clients there are, and what they wait for."""
    connected = engine.clients.values()
    tickets = engine.waiters.tickets
    needing = {
        (ticket.database, key) for ticket in tickets if ticket.needs_keys for key in ticket.keys
    }
    return [
        ("connected_clients", len(connected)),
        ("cluster_connections", 0),
        ("maxclients", engine.config.settings.clients.maxclients),
        (
            "client_recent_max_input_buffer",
            max((client.link.pending_bytes for client in connected), default=0),
        ),
        (
            "client_recent_max_output_buffer",
            max((client.link.unsent_bytes for client in connected), default=0),
        ),
        ("blocked_clients", len(tickets)),
        ("tracking_clients", 0),
        ("pubsub_clients", sum(client.is_subscriber for client in connected)),
        ("watching_clients", sum(bool(client.watched) for client in connected)),
        ("clients_in_timeout_table", sum(ticket.deadline_ms is not None for ticket in tickets)),
        ("total_watched_keys", len(engine.watches.by_key)),
        ("total_blocking_keys", len(engine.waiters.by_key)),
        ("total_blocking_keys_on_nokey", len(needing)),
    ]


def keyspace(engine: Engine, now_ms: int) -> list[Line]:
    """Return how many keys each database has, empty ones left out."""
    return [
        (
            f"db{database.number}",
            f"keys={len(database)},expires={len(database.expiries)},"
            f"avg_ttl={average_ttl_ms(database, now_ms)},subexpiry=0",
        )
        for database in engine.keyspace.databases
        if len(database)
    ]


def average_ttl_ms(database: Database, now_ms: int) -> int:
    """Return the mean time to live of some keys that have one, 0 if none has."""
    sample = list(islice(database.expiries.values(), SAMPLED_EXPIRIES))
    if not sample:
        return 0
    return sum(max(0, at_ms - now_ms) for at_ms in sample) // len(sample)
