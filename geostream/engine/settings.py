"""What the configuration means for a running engine, also when it changes."""

from __future__ import annotations

from geostream.config import Config
from geostream.engine.dispatch import Engine


def apply_settings(engine: Engine, config: Config) -> None:
    """Let an engine work as configured, now and after every change."""

    def apply(_: object = None) -> None:
        streams = config.settings.streams
        engine.keyspace.node_limits.max_bytes = streams.stream_node_max_bytes
        engine.keyspace.node_limits.max_entries = streams.stream_node_max_entries
        engine.is_limited = config.settings.memory.maxmemory > 0

    for name in ("stream-node-max-bytes", "stream-node-max-entries", "maxmemory"):
        config.on_change(name, apply)
    apply()
