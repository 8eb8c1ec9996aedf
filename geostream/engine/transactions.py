"""WATCH: who watches which key, and whether it changed.

The queue of a MULTI is the client's (geostream/engine/client.py); running it is EXEC's
(geostream/commands/transactions.py). Here is only what ties watched keys to effects.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from geostream.engine.client import Client
from geostream.store.effects import DatabaseFlushed, DatabasesSwapped, Effect, KeyCopied, KeyMoved
from geostream.store.keyspace import Keyspace

PlacedKey = tuple[int, bytes]  # database and key


class Watches:
    """All watched keys."""

    def __init__(self) -> None:
        """Start empty."""
        self.by_key: dict[PlacedKey, set[Client]] = {}

    def add(self, client: Client, key: bytes) -> None:
        """Let a client watch a key of its database."""
        placed = (client.database, key)
        client.watched.add(placed)
        self.by_key.setdefault(placed, set()).add(client)

    def forget(self, client: Client) -> None:
        """Let a client watch nothing."""
        for placed in client.watched:
            clients = self.by_key[placed]
            clients.discard(client)
            if not clients:
                del self.by_key[placed]
        client.watched.clear()
        client.is_dirty = False

    def note(self, effects: Iterable[Effect], keyspace: Keyspace) -> None:
        """Mark the clients whose watched keys changed."""
        for effect in effects:
            if effect.touches_watch:
                self._touch((effect.db, effect.key))
            if isinstance(effect, KeyMoved | KeyCopied):
                self._touch((effect.to_db, effect.to_key))
            elif isinstance(effect, DatabaseFlushed):
                self._touch_where({effect.db}, effect.held)
            elif isinstance(effect, DatabasesSwapped) and effect.db != effect.other_db:
                databases = {effect.db, effect.other_db}
                for number in databases:
                    self._touch_where(databases, keyspace.databases[number].values)

    def _touch(self, placed: PlacedKey) -> None:
        """Mark those who watch a key; there is nothing left to watch for them."""
        for client in list(self.by_key.get(placed, ())):
            self.forget(client)
            client.is_dirty = True

    def _touch_where(self, databases: Container[int], held: Container[bytes]) -> None:
        """Mark who watches a key of these databases that is, or was, held."""
        for placed in list(self.by_key):
            if placed[0] in databases and placed[1] in held:
                self._touch(placed)


def discard(client: Client, watches: Watches) -> None:
    """Let a client be in no transaction and watch nothing."""
    client.transaction = None
    watches.forget(client)
    client.update_guard()
