"""What the configuration means for a running engine, also when it changes.

Most settings are read where they are needed, from ``config.settings``, which is always
the one in force. Here are those that something keeps a copy of. Others that keep one
register themselves where they are built (the log its level).
"""

from __future__ import annotations

from geostream.config import Config
from geostream.engine.command import MEMORY_LIMIT
from geostream.engine.dispatch import Engine


def apply_settings(engine: Engine, config: Config) -> None:
    """Let an engine work as configured, now and after every change."""

    def apply_streams(_: object = None) -> None:
        streams = config.settings.streams
        engine.keyspace.node_limits.max_bytes = streams.stream_node_max_bytes
        engine.keyspace.node_limits.max_entries = streams.stream_node_max_entries

    def apply_memory(_: object = None) -> None:
        engine.limit(MEMORY_LIMIT, config.settings.memory.maxmemory > 0)

    def apply_slowlog(_: object = None) -> None:
        observe = config.settings.observe
        engine.slowlog.configure(observe.slowlog_log_slower_than, observe.slowlog_max_len)
        engine.latency.configure(observe.latency_monitor_threshold)
        engine.slow_ns = min(engine.slowlog.threshold_ns, engine.latency.threshold_ns)

    def apply_events(_: object = None) -> None:
        engine.events.configure(config.settings.events.notify_keyspace_events)

    def admit(password: object) -> None:
        """Let those in who are still outside when no password is needed any more."""
        if not password:
            for client in engine.clients.values():
                client.is_authenticated = True
                client.update_guard()

    for apply, names in (
        (apply_streams, ("stream-node-max-bytes", "stream-node-max-entries")),
        (apply_memory, ("maxmemory",)),
        (
            apply_slowlog,
            ("slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold"),
        ),
        (apply_events, ("notify-keyspace-events",)),
    ):
        for name in names:
            config.on_change(name, apply)
        apply()
    config.on_change("requirepass", admit)
    engine.memory.baseline_bytes = engine.host.baseline_bytes
