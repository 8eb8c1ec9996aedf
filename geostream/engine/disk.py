"""What the engine knows of what is kept on disk.

The core does no I/O. SAVE, WAITAOF, SHUTDOWN, INFO and the check before every write ask this
object; it is told nothing, because what changed reaches the disk through the engine's
listeners. This base class is a server that keeps its data in memory only; the real one is in
geostream/persistence.
"""

from __future__ import annotations

from collections.abc import Sequence

from geostream import errors
from geostream.reply import OK, Reply, Simple


class Disk:
    """Nothing is kept."""

    #: Names of the plugins, the one that is loaded at start first.
    plugins: Sequence[str] = ()

    #: Whether there is something that every change is appended to (WAITAOF).
    appends = False

    #: Why writes are refused now, as the whole error line, or None.
    refusal: bytes | None = None

    def info(self, now_ms: int) -> list[tuple[str, object]]:
        """Return the fields of INFO persistence that stand for what is on disk."""
        return list(NOTHING.items())

    def last_save_s(self) -> int | None:
        """Return the Unix time of the last snapshot; None if there was none."""
        return None

    def save(self) -> Reply:
        """Write everything and return when it is on disk. Raises CommandError."""
        raise errors.fail(errors.NO_PERSISTENCE)

    def bgsave(self, *, may_wait: bool) -> Reply:
        """Begin a snapshot, now or, if ``may_wait``, after another. Raises CommandError."""
        raise errors.fail(errors.NO_PERSISTENCE)

    def bgrewrite(self) -> Reply:
        """Begin to rewrite the append-only file. Raises CommandError."""
        raise errors.fail(errors.NO_PERSISTENCE)

    def reload_log(self) -> Reply:
        """Load the append-only file anew (DEBUG LOADAOF). Raises CommandError."""
        raise errors.fail(errors.NO_PERSISTENCE)

    def prepare_shutdown(self, saves: bool | None, is_forced: bool) -> None:
        """Do what must succeed before the server goes; None: as configured. Raises CommandError."""
        if saves and not is_forced:
            raise errors.fail(errors.NO_PERSISTENCE)

    def position(self) -> int:
        """Return a number that stands for everything changed so far."""
        return 0

    def synced_position(self) -> int:
        """Return the position up to which everything would survive a power cut."""
        return 0

    def request_sync(self) -> None:
        """Have everything so far synced soon, whatever the policy says."""


SAVING_STARTED = Simple(b"Background saving started")
SAVING_SCHEDULED = Simple(b"Background saving scheduled")
REWRITE_STARTED = Simple(b"Background append only file rewriting started")
REWRITE_SCHEDULED = Simple(b"Background append only file rewriting scheduled")
SAVED = OK

#: INFO persistence of a server that keeps nothing; whoever keeps something fills some of it in.
NOTHING: dict[str, object] = {
    "loading": 0,
    "async_loading": 0,
    "current_cow_peak": 0,
    "current_cow_size": 0,
    "current_cow_size_age": 0,
    "current_fork_perc": "0.00",
    "current_save_keys_processed": 0,
    "current_save_keys_total": 0,
    "rdb_changes_since_last_save": 0,
    "rdb_bgsave_in_progress": 0,
    "rdb_last_save_time": 0,
    "rdb_last_bgsave_status": "ok",
    "rdb_last_bgsave_time_sec": -1,
    "rdb_current_bgsave_time_sec": -1,
    "rdb_saves": 0,
    "rdb_last_cow_size": 0,
    "rdb_last_load_keys_expired": 0,
    "rdb_last_load_keys_loaded": 0,
    "aof_enabled": 0,
    "aof_rewrite_in_progress": 0,
    "aof_rewrite_scheduled": 0,
    "aof_last_rewrite_time_sec": -1,
    "aof_current_rewrite_time_sec": -1,
    "aof_last_bgrewrite_status": "ok",
    "aof_rewrites": 0,
    "aof_rewrites_consecutive_failures": 0,
    "aof_last_write_status": "ok",
    "aof_last_cow_size": 0,
    "module_fork_in_progress": 0,
    "module_fork_last_cow_size": 0,
}
