"""An engine with one client, a manual clock and no connection, for unit tests."""

from __future__ import annotations

from typing import Any

import geostream.commands  # noqa: F401  fills the command table
from geostream.config import Config
from geostream.engine.client import Client
from geostream.engine.dispatch import Engine
from geostream.engine.host import Host
from geostream.engine.settings import apply_settings
from geostream.reply import Reply
from geostream.store.keyspace import Keyspace
from tests.support.clock import ManualClock


class PushingLink:
    """A link that keeps what is pushed."""

    fd = -1
    bytes_in = 0
    bytes_out = 0
    pending_bytes = 0
    unsent_bytes = 0

    def __init__(self) -> None:
        self.pushed: list[Reply] = []
        self.is_closed = False

    def push(self, reply: Reply) -> None:
        self.pushed.append(reply)

    def set_timer(self) -> None:
        """Tests look at tickets themselves."""

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """The engine, its first client and the clock."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock
        self.client = self.connect()

    def connect(self) -> Client:
        """Return one more client; its link keeps what is pushed to it."""
        number = len(self.engine.clients) + 1
        client = Client(number, PushingLink(), f"127.0.0.1:{number}", "127.0.0.1:6379")
        self.engine.connect(client, self.clock.now_ms())
        return client

    def execute(self, *words: bytes | str | int, client: Client | None = None) -> Any:
        """Run a request; an error is returned, not raised. One string is split at blanks."""
        if len(words) == 1 and isinstance(words[0], str):
            words = tuple(words[0].split())
        request = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.engine.start_stopwatch()
        return self.engine.execute(client or self.client, request, self.clock.now_ms())

    def advance(self, milliseconds: int) -> None:
        """Let time pass and the engine notice."""
        self.clock.advance(milliseconds)
        self.engine.step(self.clock.now_ms())


def make_engine(
    now_ms: int = 1_000_000, settings: dict[str, str] | None = None, host: Host | None = None
) -> Bench:
    """Return an engine with an empty keyspace and one client."""
    config = Config()
    config.set_many(settings or {})
    keyspace = Keyspace(config.settings.server.databases)
    engine = Engine(keyspace, config, host or Host())
    engine.stats.started_ms = keyspace.now_ms = now_ms
    apply_settings(engine, config)
    return Bench(engine, ManualClock(now_ms))
