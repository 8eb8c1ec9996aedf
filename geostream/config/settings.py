"""Settings: what the server can be told, each said once.

A section of config.yaml is a frozen struct and a setting one of its fields: the
type is what code sees, the ``Setting`` beside it is how text becomes that value,
what CONFIG SET may do, and a line for people. The names are redis.conf's where
the meaning is the same. ``PARAMETERS`` is the same table by dashed name, made
from the structs; CONFIG, the flags, the environment and the file all read it.

Annotations are looked at when this is imported, so they are real ones: as texts, which
``from __future__ import annotations`` makes of them, each would have to be compiled.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Struct

from geostream.config.kinds import (
    Addresses,
    Boolean,
    Choice,
    EventClasses,
    FileMode,
    Integer,
    Kind,
    PluginList,
    SavePoints,
    Size,
    Text,
    Value,
)

IMMUTABLE = "can't set immutable config"
PROTECTED = "can't set protected config"

_INT32_MAX = 2**31 - 1
_UINT32_MAX = 2**32 - 1


class Setting(Struct, frozen=True):
    """What is known of a setting besides its type and its default."""

    kind: Kind
    summary: str
    refusal: str | None = None  # why CONFIG SET may not change it; None: it may
    is_secret: bool = False  # never printed


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of config.yaml."""


class Server(Section, frozen=True):
    """Where the server listens and works."""

    bind: Annotated[tuple[str, ...], Setting(Addresses(), "addresses to listen on", IMMUTABLE)] = (
        "127.0.0.1",
    )
    port: Annotated[int, Setting(Integer(0, 65535), "TCP port; 0 is any free one", IMMUTABLE)] = (
        6379
    )
    unixsocket: Annotated[
        str, Setting(Text(), "path of a Unix socket to listen on as well; empty: none", IMMUTABLE)
    ] = ""
    unixsocketperm: Annotated[
        int, Setting(FileMode(), "its permissions in octal; 0 leaves the umask's", IMMUTABLE)
    ] = 0
    tcp_backlog: Annotated[
        int, Setting(Integer(0, _INT32_MAX), "connections waiting to be accepted", IMMUTABLE)
    ] = 511
    tcp_keepalive: Annotated[
        int,
        Setting(Integer(0, _INT32_MAX, unit="s"), "idle time before a peer is probed; 0: never"),
    ] = 300
    databases: Annotated[
        int, Setting(Integer(1, _INT32_MAX), "number of databases for SELECT", IMMUTABLE)
    ] = 16
    dir: Annotated[str, Setting(Text(), "directory the server works in", PROTECTED)] = "."
    hz: Annotated[
        int,
        Setting(
            Integer(0, _INT32_MAX, clamp=(1, 500)),
            "how often a second housekeeping looks for expired keys; 1 to 500",
        ),
    ] = 10


class Clients(Section, frozen=True):
    """What one client, and all together, may take."""

    maxclients: Annotated[
        int,
        Setting(
            Integer(1, _UINT32_MAX, unsigned=True), "clients at once; over it: an error, hang up"
        ),
    ] = 10_000
    timeout: Annotated[
        int,
        Setting(Integer(0, _INT32_MAX, unit="s"), "an idle client is hung up on after; 0: never"),
    ] = 0
    proto_max_bulk_len: Annotated[
        int, Setting(Size(2**20, unsigned=False), "longest single argument")
    ] = 512 * 2**20
    max_pending_bytes: Annotated[
        int,
        Setting(Size(2**20, unsigned=False), "of requests that wait; over it: hang up"),
    ] = 2**30
    max_unsent_bytes: Annotated[
        int, Setting(Size(2**16), "of replies the client does not read; over it: hang up")
    ] = 256 * 2**20


class Security(Section, frozen=True):
    """Who may do what."""

    requirepass: Annotated[
        str, Setting(Text(), "password of the default user; empty: none", is_secret=True)
    ] = ""
    enable_debug_command: Annotated[
        str,
        Setting(Choice("no", "yes", "local"), "may DEBUG be used; local: from here", IMMUTABLE),
    ] = "no"


class Memory(Section, frozen=True):
    """How much the data may take."""

    maxmemory: Annotated[int, Setting(Size(), "over it writes are refused; 0: no limit")] = 0
    maxmemory_policy: Annotated[
        str, Setting(Choice("noeviction"), "streams are never evicted: only noeviction")
    ] = "noeviction"


class Streams(Section, frozen=True):
    """How streams are kept and trimmed."""

    stream_node_max_bytes: Annotated[
        int, Setting(Size(), "size of a node, the unit of approximate trimming; 0: no limit")
    ] = 4096
    stream_node_max_entries: Annotated[
        int, Setting(Integer(), "entries in a node; 0: no limit")
    ] = 100
    stream_idmp_duration: Annotated[
        int, Setting(Integer(1, 86400, unit="s"), "how long XADD's idempotent IDs are remembered")
    ] = 100
    stream_idmp_maxsize: Annotated[
        int, Setting(Integer(1, 10_000), "idempotent IDs remembered for each producer")
    ] = 100
    stream_pack_after: Annotated[
        int,
        Setting(Integer(0, 86400, unit="s"), "entries nobody reads are packed after; 0: never"),
    ] = 5
    stream_unpacked_max_bytes: Annotated[
        int, Setting(Size(), "of packed entries kept unpacked for who reads them step by step")
    ] = 64 * 2**20


class Persistence(Section, frozen=True):
    """What is kept on disk, and how soon."""

    directory: Annotated[
        str, Setting(Text(), "where files go, below dir unless absolute", PROTECTED)
    ] = "data"
    plugins: Annotated[
        tuple[str, ...],
        Setting(PluginList(), "what writes to disk; none: memory only", IMMUTABLE),
    ] = ("sqlite",)
    appendfsync: Annotated[
        str,
        Setting(
            Choice("everysec", "always", "no"),
            "always: before the reply; everysec; no: when the system likes",
        ),
    ] = "everysec"
    save: Annotated[
        str, Setting(SavePoints(), "a snapshot after so many seconds, if so much changed")
    ] = "3600 1 300 100 60 10000"
    stop_writes_on_bgsave_error: Annotated[
        bool, Setting(Boolean(), "refuse writes while snapshots fail")
    ] = True
    dbfilename: Annotated[str, Setting(Text(), "name of the RDB file", PROTECTED)] = "dump.rdb"
    rdbcompression: Annotated[bool, Setting(Boolean(), "compress values in RDB files")] = True
    rdbchecksum: Annotated[
        bool, Setting(Boolean(), "write a checksum behind an RDB file", IMMUTABLE)
    ] = True
    appendonly: Annotated[
        bool, Setting(Boolean(), "write an append-only file, whatever plugins says")
    ] = False
    appendfilename: Annotated[
        str, Setting(Text(), "begin of the names of the append-only file's parts", IMMUTABLE)
    ] = "appendonly.aof"
    appenddirname: Annotated[
        str, Setting(Text(), "directory of the append-only file's parts", IMMUTABLE)
    ] = "appendonlydir"
    auto_aof_rewrite_percentage: Annotated[
        int, Setting(Integer(0, _INT32_MAX), "rewrite the file when it grew by so much; 0: never")
    ] = 100
    auto_aof_rewrite_min_size: Annotated[
        int, Setting(Size(unsigned=False), "but not before it is so large")
    ] = 64 * 2**20
    aof_load_truncated: Annotated[
        bool, Setting(Boolean(), "load a file whose end is torn off, without the torn command")
    ] = True
    aof_use_rdb_preamble: Annotated[
        bool, Setting(Boolean(), "begin a rewritten file as an RDB, not as commands")
    ] = True
    aof_timestamp_enabled: Annotated[
        bool, Setting(Boolean(), "write the time between the commands")
    ] = False


class Events(Section, frozen=True):
    """What is published about keys."""

    notify_keyspace_events: Annotated[
        str, Setting(EventClasses(), "classes of keyspace events to publish; empty: none")
    ] = ""


class Observe(Section, frozen=True):
    """What is measured and remembered."""

    slowlog_log_slower_than: Annotated[
        int, Setting(Integer(-1, unit="us"), "a command this slow is remembered; -1: none")
    ] = 10_000
    slowlog_max_len: Annotated[int, Setting(Integer(), "slow commands remembered")] = 128
    latency_monitor_threshold: Annotated[
        int, Setting(Integer(unit="ms"), "LATENCY notes events this slow; 0: none")
    ] = 0
    latency_tracking: Annotated[
        bool, Setting(Boolean(), "keep latency percentiles of every command")
    ] = True


class Log(Section, frozen=True):
    """What is logged, where and how."""

    loglevel: Annotated[
        str,
        Setting(Choice("debug", "verbose", "notice", "warning", "nothing"), "least weight logged"),
    ] = "notice"
    logfile: Annotated[str, Setting(Text(), "a file to log to; empty: stdout", IMMUTABLE)] = ""
    log_format: Annotated[
        str,
        Setting(
            Choice("auto", "text", "json"), "auto: text on a terminal, else JSON lines", IMMUTABLE
        ),
    ] = "auto"


class Settings(Section, frozen=True):
    """All of config.yaml."""

    server: Server = Server()
    clients: Clients = Clients()
    security: Security = Security()
    memory: Memory = Memory()
    streams: Streams = Streams()
    persistence: Persistence = Persistence()
    events: Events = Events()
    observe: Observe = Observe()
    log: Log = Log()


class Parameter(Struct, frozen=True):
    """A setting as CONFIG, the flags and the files see it."""

    name: str  # Redis' spelling, with dashes
    section: str  # empty for a parameter that is only accepted
    attribute: str
    kind: Kind
    default: Value
    summary: str
    refusal: str | None
    is_secret: bool

    def parse(self, text: str) -> Value:
        """Return the value as Redis reads it; ValueError with Redis' reason."""
        return self.kind.parse(text)

    def render(self, value: Value) -> str:
        """Return what CONFIG GET shows."""
        return self.kind.render(value)


def _parameters_of(section: str, struct: type[Section]) -> list[Parameter]:
    found = []
    for name, default in zip(struct.__struct_fields__, struct.__struct_defaults__, strict=True):
        (setting,) = struct.__annotations__[name].__metadata__
        assert isinstance(setting, Setting)
        found.append(
            Parameter(
                name=name.replace("_", "-"),
                section=section,
                attribute=name,
                kind=setting.kind,
                default=default,
                summary=setting.summary,
                refusal=setting.refusal,
                is_secret=setting.is_secret,
            )
        )
    return found


#: The sections of config.yaml, in their order.
SECTIONS: dict[str, type[Section]] = {
    name: Settings.__annotations__[name] for name in Settings.__struct_fields__
}

#: Every setting by the name CONFIG knows it by.
PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for section, struct in SECTIONS.items()
    for parameter in _parameters_of(section, struct)
}


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema of config.yaml, for editors."""
    schema = msgspec.json.schema(Settings)
    definitions = schema["$defs"]
    for parameter in PARAMETERS.values():
        struct = SECTIONS[parameter.section].__name__
        definitions[struct]["properties"][parameter.attribute] = {
            "description": parameter.summary,
            "default": msgspec.to_builtins(parameter.default),
            **parameter.kind.schema(),
        }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
