"""INFO's sections about the process: what runs, what it takes, what it keeps and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geostream import REDIS_VERSION, __version__, build

if TYPE_CHECKING:
    from geostream.engine.client import Client
    from geostream.engine.dispatch import Engine
    from geostream.engine.info import Line

_UNITS = ((2**40, "T"), (2**30, "G"), (2**20, "M"), (2**10, "K"))
_LRU_BITS = 24


def human(size_bytes: int) -> str:
    """Return a size as people read it: 701.91K."""
    for unit, name in _UNITS:
        if size_bytes >= unit:
            return f"{size_bytes / unit:.2f}{name}"
    return f"{size_bytes}B"


def _with_human(name: str, size_bytes: int) -> tuple[Line, Line]:
    return (name, size_bytes), (f"{name}_human", human(size_bytes))


def server(engine: Engine, now_ms: int) -> list[Line]:
    """Return what runs, where, since when."""
    host, hz = engine.host, engine.config.settings.server.hz
    uptime_s = max(0, now_ms - engine.stats.started_ms) // 1000
    return [
        ("redis_version", REDIS_VERSION),
        ("geostream_version", __version__),
        ("geostream_build", build.CURRENT.kind),
        ("redis_git_sha1", "00000000"),
        ("redis_git_dirty", 0),
        ("redis_build_id", 0),
        ("redis_mode", "standalone"),
        ("os", host.system),
        ("arch_bits", host.arch_bits),
        ("multiplexing_api", host.event_loop),
        ("process_id", host.process_id),
        ("process_supervised", "no"),
        ("run_id", host.run_id),
        ("tcp_port", host.tcp_port),
        ("server_time_usec", now_ms * 1000),
        ("uptime_in_seconds", uptime_s),
        ("uptime_in_days", uptime_s // 86400),
        ("hz", hz),
        ("configured_hz", hz),
        ("lru_clock", now_ms // 1000 % 2**_LRU_BITS),
        ("executable", host.executable),
        ("config_file", host.config_file),
        ("io_threads_active", 0),
    ]


def memory(engine: Engine, now_ms: int) -> list[Line]:
    """Return what is used, at most was used, and may be used."""
    used = engine.memory.used_bytes()
    data = engine.memory.data_bytes()
    resident = engine.host.resident_bytes()
    settings = engine.config.settings.memory
    total, peak = engine.host.total_memory_bytes, engine.memory.peak_bytes
    return [
        *_with_human("used_memory", used),
        *_with_human("used_memory_rss", resident),
        *_with_human("used_memory_peak", peak),
        ("used_memory_peak_time", engine.memory.peak_ms // 1000),
        ("used_memory_peak_perc", f"{_percent(used, peak)}%"),
        ("used_memory_overhead", used - data),
        ("used_memory_startup", engine.memory.baseline_bytes),
        ("used_memory_dataset", data),
        ("used_memory_dataset_perc", f"{_percent(data, used)}%"),
        *_with_human("total_system_memory", total),
        *_with_human("used_memory_lua", 0),
        *_with_human("used_memory_scripts", 0),
        ("number_of_cached_scripts", 0),
        ("number_of_functions", 0),
        ("number_of_libraries", 0),
        *_with_human("maxmemory", settings.maxmemory),
        ("maxmemory_policy", settings.maxmemory_policy),
        ("mem_fragmentation_ratio", f"{resident / used if used else 0:.2f}"),
        ("mem_fragmentation_bytes", resident - used),
        ("mem_not_counted_for_evict", 0),
        ("mem_replication_backlog", 0),
        ("mem_total_replication_buffers", 0),
        ("mem_clients_slaves", 0),
        ("mem_clients_normal", sum(map(_buffered_bytes, engine.clients.values()))),
        ("mem_cluster_links", 0),
        ("mem_aof_buffer", 0),
        ("mem_allocator", "python"),
        ("active_defrag_running", 0),
        ("lazyfree_pending_objects", 0),
        ("lazyfreed_objects", 0),
        *_packing(engine),
    ]


def _packing(engine: Engine) -> list[Line]:
    unpacked = engine.memory.unpacked
    return [
        ("stream_packed_segments", engine.memory.packed_segments()),
        ("stream_packed_saved_bytes", engine.memory.saved_bytes()),
        ("stream_unpacked_bytes", unpacked.size_bytes),
        ("stream_unpackings", unpacked.unpackings),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole if whole else 0:.2f}"


def _buffered_bytes(client: Client) -> int:
    return client.link.pending_bytes + client.link.unsent_bytes


def persistence(engine: Engine, now_ms: int) -> list[Line]:
    """Return what is kept on disk, and how that goes."""
    lines = dict(engine.disk.info(now_ms))
    lines["rdb_changes_since_last_save"] = engine.stats.changes_since_save
    lines["rdb_last_save_time"] = engine.disk.last_save_s() or engine.stats.started_ms // 1000
    return list(lines.items())


def replication(engine: Engine, now_ms: int) -> list[Line]:
    """Return the role: a master without replicas."""
    return [
        ("role", "master"),
        ("connected_slaves", 0),
        ("master_failover_state", "no-failover"),
        ("master_replid", engine.host.run_id),
        ("master_replid2", "0" * 40),
        ("master_repl_offset", 0),
        ("second_repl_offset", -1),
        ("repl_backlog_active", 0),
        ("repl_backlog_size", engine.config.get("repl-backlog-size")),
        ("repl_backlog_first_byte_offset", 0),
        ("repl_backlog_histlen", 0),
    ]


def cpu(engine: Engine, now_ms: int) -> list[Line]:
    """Return the CPU time used."""
    system_s, user_s = engine.host.cpu_s()
    return [
        ("used_cpu_sys", f"{system_s:.6f}"),
        ("used_cpu_user", f"{user_s:.6f}"),
        ("used_cpu_sys_children", "0.000000"),
        ("used_cpu_user_children", "0.000000"),
    ]


def modules(engine: Engine, now_ms: int) -> list[Line]:
    """Return nothing: there are no modules."""
    return []


def cluster(engine: Engine, now_ms: int) -> list[Line]:
    """Return that there is no cluster."""
    return [("cluster_enabled", 0)]
