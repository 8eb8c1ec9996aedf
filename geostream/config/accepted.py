"""Parameters of Redis that are taken and shown, and change nothing here.

Tools, test suites and redis.conf files set them as a matter of course: how
lists are packed, how a snapshot is compressed. There is nothing for them to act
on, so they are checked as Redis checks them, kept, and answered by CONFIG GET.

What would be a promise is not taken but refused with the reason: clusters, TLS,
protected mode.
"""

from __future__ import annotations

from geostream.config.kinds import (
    Boolean,
    BufferLimits,
    Choice,
    Integer,
    Kind,
    Only,
    Size,
    Text,
    Value,
)
from geostream.config.settings import IMMUTABLE, Parameter

_NO_PROTECTED_MODE = "protected mode is not served: bind to a loopback address or set requirepass"
_NO_CLUSTER = "clusters are not served"
_NO_TLS = "TLS is not served"
_NO_SYSLOG = "logging to syslog is not served: use logfile or the standard output"
_ONE_THREAD = "commands run in one thread here"

_COUNT = Integer(0, 2**31 - 1)
_NUMBER = Integer(-(2**63))
_LIMIT_TABLE = {
    "normal": (0, 0, 0),
    "slave": (256 * 2**20, 64 * 2**20, 60),
    "pubsub": (32 * 2**20, 8 * 2**20, 60),
}

# name: kind, default, why CONFIG SET may not change it
_ROWS: dict[str, tuple[Kind, Value, str | None]] = {
    # The process. geostream-server acts on the first two.
    "daemonize": (Boolean(), False, IMMUTABLE),
    "pidfile": (Text(), "", IMMUTABLE),
    "supervised": (Choice("no", "auto", "upstart", "systemd"), "no", IMMUTABLE),
    "syslog-enabled": (Only(Boolean(), False, _NO_SYSLOG), False, IMMUTABLE),
    "syslog-ident": (Text(), "redis", IMMUTABLE),
    "syslog-facility": (Text(), "local0", IMMUTABLE),
    "always-show-logo": (Boolean(), False, IMMUTABLE),
    "set-proc-title": (Boolean(), True, IMMUTABLE),
    "proc-title-template": (Text(), "{title} {listen-addr} {server-mode}", None),
    "locale-collate": (Text(), "", None),
    "io-threads": (Only(Integer(1, 128), 1, _ONE_THREAD), 1, IMMUTABLE),
    "oom-score-adj": (Choice("no", "yes", "relative", "absolute"), "no", None),
    "oom-score-adj-values": (Text(), "0 200 800", None),
    "disable-thp": (Boolean(), True, IMMUTABLE),
    "jemalloc-bg-thread": (Boolean(), True, None),
    "dynamic-hz": (Boolean(), True, None),
    "activerehashing": (Boolean(), True, None),
    "activedefrag": (Boolean(), False, None),
    "crash-log-enabled": (Boolean(), True, None),
    "shutdown-timeout": (_COUNT, 10, None),
    # Who may connect.
    "protected-mode": (Only(Boolean(), False, _NO_PROTECTED_MODE), False, None),
    "enable-protected-configs": (Choice("no", "yes", "local"), "no", IMMUTABLE),
    "enable-module-command": (Choice("no", "yes", "local"), "no", IMMUTABLE),
    "acl-pubsub-default": (Choice("allchannels", "resetchannels"), "resetchannels", None),
    "acllog-max-len": (Integer(), 128, None),
    "tls-port": (Only(Integer(0, 65535), 0, _NO_TLS), 0, IMMUTABLE),
    "cluster-enabled": (Only(Boolean(), False, _NO_CLUSTER), False, IMMUTABLE),
    # Buffers; what is really kept to is max-pending-bytes and max-unsent-bytes.
    "client-output-buffer-limit": (
        BufferLimits(_LIMIT_TABLE),
        BufferLimits(_LIMIT_TABLE).parse(""),
        None,
    ),
    "maxmemory-clients": (Text(), "0", None),
    "tracking-table-max-keys": (Integer(), 1_000_000, None),
    # Eviction and expiry.
    "maxmemory-samples": (Integer(1, 64), 5, None),
    "maxmemory-eviction-tenacity": (Integer(0, 100), 10, None),
    "lfu-log-factor": (_COUNT, 10, None),
    "lfu-decay-time": (_COUNT, 1, None),
    "active-expire-effort": (Integer(1, 10), 1, None),
    "lazyfree-lazy-eviction": (Boolean(), False, None),
    "lazyfree-lazy-expire": (Boolean(), False, None),
    "lazyfree-lazy-server-del": (Boolean(), False, None),
    "lazyfree-lazy-user-del": (Boolean(), False, None),
    "lazyfree-lazy-user-flush": (Boolean(), False, None),
    # Types and scripts that are not served.
    "hash-max-listpack-entries": (Integer(), 512, None),
    "hash-max-listpack-value": (Integer(), 64, None),
    "list-max-listpack-size": (_NUMBER, -2, None),
    "list-compress-depth": (_COUNT, 0, None),
    "set-max-intset-entries": (Integer(), 512, None),
    "set-max-listpack-entries": (Integer(), 128, None),
    "set-max-listpack-value": (Integer(), 64, None),
    "zset-max-listpack-entries": (Integer(), 128, None),
    "zset-max-listpack-value": (Integer(), 64, None),
    "hll-sparse-max-bytes": (Size(), 3000, None),
    "busy-reply-threshold": (Integer(), 5000, None),
    "latency-tracking-info-percentiles": (Text(), "50 99 99.9", None),
    # Files on disk.
    "rdb-del-sync-files": (Boolean(), False, None),
    "rdb-save-incremental-fsync": (Boolean(), True, None),
    "sanitize-dump-payload": (Choice("no", "yes", "clients"), "no", None),
    "no-appendfsync-on-rewrite": (Boolean(), False, None),
    "aof-rewrite-incremental-fsync": (Boolean(), True, None),
    # Replicas, of which there are none.
    "replica-serve-stale-data": (Boolean(), True, None),
    "replica-read-only": (Boolean(), True, None),
    "replica-lazy-flush": (Boolean(), False, None),
    "replica-priority": (_COUNT, 100, None),
    "min-replicas-to-write": (Only(_COUNT, 0, "there are no replicas"), 0, None),
    "min-replicas-max-lag": (_COUNT, 10, None),
    "repl-diskless-sync": (Boolean(), True, None),
    "repl-diskless-sync-delay": (_COUNT, 5, None),
    "repl-diskless-sync-max-replicas": (_COUNT, 0, None),
    "repl-diskless-load": (
        Choice("disabled", "on-empty-db", "swapdb", "flushdb", "always"),
        "disabled",
        None,
    ),
    "repl-disable-tcp-nodelay": (Boolean(), False, None),
    "repl-timeout": (Integer(1, 2**31 - 1), 60, None),
    "repl-backlog-size": (Size(1, unsigned=False), 2**20, None),
}

#: The same as rows of ``PARAMETERS``, which belong to no section.
ACCEPTED_PARAMETERS: dict[str, Parameter] = {
    name: Parameter(
        name=name,
        section="",
        attribute="",
        kind=kind,
        default=default,
        summary="",
        refusal=refusal,
        is_secret=False,
    )
    for name, (kind, default, refusal) in _ROWS.items()
}

#: What CONFIG GET shows of them until they are set.
ACCEPTED: dict[str, str] = {
    name: parameter.render(parameter.default) for name, parameter in ACCEPTED_PARAMETERS.items()
}

#: Other names that Redis or its older versions have for the same thing.
ALIASES: dict[str, str] = {
    "fsync": "appendfsync",
    "client-query-buffer-limit": "max-pending-bytes",
    "lua-time-limit": "busy-reply-threshold",
    "list-max-ziplist-size": "list-max-listpack-size",
    "hash-max-ziplist-entries": "hash-max-listpack-entries",
    "hash-max-ziplist-value": "hash-max-listpack-value",
    "zset-max-ziplist-entries": "zset-max-listpack-entries",
    "zset-max-ziplist-value": "zset-max-listpack-value",
    "slave-priority": "replica-priority",
    "slave-read-only": "replica-read-only",
    "slave-serve-stale-data": "replica-serve-stale-data",
    "slave-lazy-flush": "replica-lazy-flush",
    "min-slaves-to-write": "min-replicas-to-write",
    "min-slaves-max-lag": "min-replicas-max-lag",
}
