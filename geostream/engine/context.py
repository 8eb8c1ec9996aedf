"""What a handler is given beside its parsed arguments.

There is one Context an engine; nothing can switch while a command runs, so it is set up
anew for each command instead of being made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geostream.engine.client import Client
from geostream.store.effects import Effect
from geostream.store.keyspace import Database, Keyspace

if TYPE_CHECKING:
    from geostream.engine.dispatch import Engine


class Context:
    """The client, the selected database, the time."""

    __slots__ = ("client", "commit", "db", "engine", "in_transaction", "keyspace", "now_ms")

    def __init__(self, engine: Engine, keyspace: Keyspace, client: Client) -> None:
        """Stand ready; the engine sets client, database and time for each command."""
        self.engine = engine
        self.keyspace = keyspace
        self.commit: Callable[[Effect], None] = keyspace.commit  # carry out a change and note it
        self.db: Database = keyspace.databases[0]
        self.client = client
        self.now_ms = 0  # Unix time; the same for a whole transaction
        self.in_transaction = False  # inside EXEC: nothing may block
