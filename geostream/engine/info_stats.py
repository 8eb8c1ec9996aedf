"""INFO's sections of counters: all together, by command, by error, by how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geostream.engine.stats import CommandStats

if TYPE_CHECKING:
    from geostream.engine.dispatch import Engine
    from geostream.engine.info import Line

PERCENTILES = (50, 99, 99.9)

#: What does not happen here: forks, moving keys to other servers, client-side caching.
NEVER = (
    "latest_fork_usec",
    "total_forks",
    "migrate_cached_sockets",
    "slave_expires_tracked_keys",
    "tracking_total_keys",
    "tracking_total_items",
    "tracking_total_prefixes",
    "unexpected_error_replies",
)


def stats(engine: Engine, now_ms: int) -> list[Line]:
    """Return what was counted since the start or CONFIG RESETSTAT."""
    counted, keyspace, pubsub = engine.stats, engine.keyspace, engine.pubsub
    return [
        ("total_connections_received", counted.connections_received),
        ("total_commands_processed", counted.commands_processed),
        ("instantaneous_ops_per_sec", round(counted.commands_rate.per_second)),
        ("total_net_input_bytes", counted.bytes_in),
        ("total_net_output_bytes", counted.bytes_out),
        ("total_net_repl_input_bytes", 0),
        ("total_net_repl_output_bytes", 0),
        ("instantaneous_input_kbps", f"{counted.in_rate.per_second / 1024:.2f}"),
        ("instantaneous_output_kbps", f"{counted.out_rate.per_second / 1024:.2f}"),
        ("instantaneous_input_repl_kbps", "0.00"),
        ("instantaneous_output_repl_kbps", "0.00"),
        ("rejected_connections", counted.connections_rejected),
        ("sync_full", 0),
        ("sync_partial_ok", 0),
        ("sync_partial_err", 0),
        ("expired_subkeys", 0),
        ("expired_keys", keyspace.expired),
        ("evicted_keys", 0),
        ("evicted_clients", 0),
        ("evicted_scripts", 0),
        ("total_eviction_exceeded_time", 0),
        ("current_eviction_exceeded_time", 0),
        ("keyspace_hits", keyspace.hits),
        ("keyspace_misses", keyspace.misses),
        ("pubsub_channels", len(pubsub.channels)),
        ("pubsub_patterns", len(pubsub.patterns)),
        ("pubsubshard_channels", len(pubsub.shard_channels)),
        *((name, 0) for name in NEVER),
        ("total_error_replies", counted.error_replies),
        ("dump_payload_sanitizations", 0),
        ("client_output_buffer_limit_disconnections", counted.clients_dropped_unread),
        ("internal_faults", counted.faults),
    ]


def commandstats(engine: Engine, now_ms: int) -> list[Line]:
    """Return the calls of each command that was called or refused."""
    return [
        (f"cmdstat_{name}", _calls(counted))
        for name, counted in sorted(engine.stats.commands.items())
        if counted.calls or counted.rejected
    ]


def _calls(counted: CommandStats) -> str:
    elapsed_us = counted.ticks_ns // 1000
    each_us = counted.ticks_ns / 1000 / counted.calls if counted.calls else 0
    return (
        f"calls={counted.calls},usec={elapsed_us},usec_per_call={each_us:.2f},"
        f"rejected_calls={counted.rejected},failed_calls={counted.failed}"
    )


def errorstats(engine: Engine, now_ms: int) -> list[Line]:
    """Return how often each kind of error was answered."""
    return [
        (f"errorstat_{code}", f"count={count}")
        for code, count in sorted(engine.stats.errors.items())
    ]


def latencystats(engine: Engine, now_ms: int) -> list[Line]:
    """Return for each command how long the faster 50, 99 and 99.9 percent of calls took at most.

    Known to the next power of two: see CommandStats.
    """
    if not engine.config.settings.observe.latency_tracking:
        return []
    return [
        (
            f"latency_percentiles_usec_{name}",
            ",".join(f"p{share:g}={percentile_us(counted, share):.3f}" for share in PERCENTILES),
        )
        for name, counted in sorted(engine.stats.commands.items())
        if counted.calls
    ]


def percentile_us(counted: CommandStats, share: float) -> int:
    """Return a time that so many percent of the calls did not exceed, rounded up."""
    wanted = counted.calls * share / 100
    seen = 0
    for power, calls in enumerate(counted.buckets):
        seen += calls
        if seen >= wanted:
            return 1 << power
    return 1 << len(counted.buckets)
