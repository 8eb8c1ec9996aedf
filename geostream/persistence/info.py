"""INFO persistence: Redis' fields as far as they mean something here, and our own.

``aof_*`` tell of the plugin aof, ``rdb_*`` of snapshots taken by rule or command. Our own begin
with ``persistence_``; those of one plugin go on with its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geostream.engine.disk import NOTHING
from geostream.persistence.writer import Writer

if TYPE_CHECKING:
    from geostream.persistence.disk import KeptDisk


class Told:
    """What happened so far, as far as INFO tells it."""

    def __init__(self) -> None:
        self.loaded_keys = 0
        self.loaded_expired = 0
        self.refusing_since_ms = 0
        self.saves = 0
        self.last_save_took_s = -1
        self.last_save_status = "ok"
        self.rewrites = 0
        self.last_rewrite_took_s = -1
        self.last_rewrite_status = "ok"
        self.rewrite_failures = 0  # since one succeeded

    def note_snapshot(self, writer: Writer, took_s: float, error: BaseException | None) -> None:
        """Count one."""
        status = "ok" if error is None else "err"
        if not writer.plugin.appends:
            self.last_save_took_s, self.last_save_status = int(took_s), status
            self.saves += error is None
        else:
            self.last_rewrite_took_s, self.last_rewrite_status = int(took_s), status
            self.rewrites += error is None
            self.rewrite_failures = 0 if error is None else self.rewrite_failures + 1


def info_lines(disk: KeptDisk, now_ms: int) -> list[tuple[str, object]]:
    """Return the fields of INFO persistence."""
    lines = {
        **NOTHING,
        "loading": int(disk.loading is not None),
        "rdb_last_load_keys_expired": disk.told.loaded_expired,
        "rdb_last_load_keys_loaded": disk.told.loaded_keys,
        "aof_enabled": int("aof" in disk.plugins),
        "aof_last_write_status": "ok" if disk.journal.failing is None else "err",
        **_snapshot_lines(disk, now_ms),
        **_loading_lines(disk, now_ms),
        **_own_lines(disk),
    }
    return list(lines.items())


def _snapshot_lines(disk: KeptDisk, now_ms: int) -> dict[str, object]:
    told, snapshots = disk.told, disk.snapshots
    running = snapshots.running
    running_s = (now_ms - snapshots.started_ms) // 1000
    is_save = running is not None and not running.plugin.appends
    is_rewrite = running is not None and running.plugin.appends
    return {
        "current_save_keys_processed": snapshots.keys_done if running else 0,
        "current_save_keys_total": snapshots.keys_total if running else 0,
        "rdb_bgsave_in_progress": int(is_save),
        "rdb_last_bgsave_status": told.last_save_status,
        "rdb_last_bgsave_time_sec": told.last_save_took_s,
        "rdb_current_bgsave_time_sec": running_s if is_save else -1,
        "rdb_saves": told.saves,
        "aof_rewrite_in_progress": int(is_rewrite),
        "aof_rewrite_scheduled": int(any(w.plugin.appends for w in snapshots.waiting)),
        "aof_last_rewrite_time_sec": told.last_rewrite_took_s,
        "aof_current_rewrite_time_sec": running_s if is_rewrite else -1,
        "aof_last_bgrewrite_status": told.last_rewrite_status,
        "aof_rewrites": told.rewrites,
        "aof_rewrites_consecutive_failures": told.rewrite_failures,
    }


def _own_lines(disk: KeptDisk) -> dict[str, object]:
    journal = disk.journal
    lines: dict[str, object] = {
        "persistence_plugins": ",".join(disk.plugins),
        "persistence_fsync": disk.fsync,
        "persistence_batches_not_written": journal.position() - journal.written_position(),
        "persistence_batches_not_synced": journal.position() - journal.synced_position(),
        "persistence_status": "ok" if disk.refusal is None else "err",
    }
    if disk.refusal is not None:
        lines["persistence_failing_since"] = disk.told.refusing_since_ms // 1000
        lines["persistence_failing_reason"] = disk.refusal.decode("utf-8", "replace")
    for writer in journal.writers:
        lines |= writer.plugin.info()
        if writer.plugin.appends:
            lines[f"persistence_{writer.plugin.name}_syncs"] = writer.syncs
    return lines


def _loading_lines(disk: KeptDisk, now_ms: int) -> dict[str, object]:
    report = disk.loading
    if report is None:
        return {}
    elapsed_s = max(0.001, (now_ms - disk.loading_since_ms) / 1000)
    done, total = report.loaded_bytes, max(report.total_bytes, report.loaded_bytes)
    eta_s = int((total - done) * elapsed_s / done) if done else 1
    return {
        "loading_start_time": disk.loading_since_ms // 1000,
        "loading_total_bytes": total,
        "loading_rdb_used_mem": 0,
        "loading_loaded_bytes": done,
        "loading_loaded_perc": f"{100 * done / total if total else 0:.2f}",
        "loading_eta_seconds": eta_s,
    }
