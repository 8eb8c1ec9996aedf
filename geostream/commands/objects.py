"""What a value is and what it costs: OBJECT and MEMORY with their sub-commands.

Memory here is Python's: sizes are those geostream/engine/memory.py accounts for, not what
an allocator hands out. There is no allocator to purge; MEMORY PURGE lets Python look for
cycles, which is all that could be given back.

Behaviour: https://redis.io/docs/latest/commands/object-encoding/
"""

from __future__ import annotations

import gc
import sys

from geostream import errors
from geostream.engine.args import Args, parse_int64
from geostream.engine.command import Flag, Keys, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import OK, Double, Reply, Verbatim
from geostream.store.value import AS_GIVEN, EDITED, VALUE_BYTES, String, Value

EMBEDDED_BYTES = 44  # Redis keeps a string up to so long together with its header

#: Below this there is nothing MEMORY DOCTOR could say.
SMALL_BYTES = 5 * 2**20
PEAK_RATIO = 1.5
RESIDENT_RATIO = 1.4
NEAR_LIMIT = 0.9

OBJECT_KEY = Keys(("RO",), first=2)
OBJECT_TIPS = ("nondeterministic_output",)
REPORT_TIPS = ("nondeterministic_output", "request_policy:all_shards", "response_policy:special")

container("OBJECT", group="generic", since="2.2.3", summary="Tells about the value of a key.")
container("MEMORY", group="server", since="4.0.0", summary="Tells about the use of memory.")

help_command(
    "OBJECT",
    [
        "ENCODING <key>",
        "    Tell how the value of a <key> is kept.",
        "FREQ <key>",
        "    Tell how often a <key> is used; needs an LFU maxmemory policy.",
        "IDLETIME <key>",
        "    Tell for how many seconds a <key> has not been used.",
        "REFCOUNT <key>",
        "    Tell how many references there are to the value of a <key>.",
    ],
    group="generic",
    since="6.2.0",
)
help_command(
    "MEMORY",
    [
        "DOCTOR",
        "    Say what is wrong with the use of memory.",
        "MALLOC-STATS",
        "    Show the allocator's own numbers.",
        "PURGE",
        "    Give memory back that nothing uses.",
        "STATS",
        "    Show what memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    Tell how many bytes a <key> and its value take. <count> is read and not needed.",
    ],
    group="server",
    since="4.0.0",
)


# OBJECT


def _look_at(ctx: Context, key: bytes) -> Value | None:
    """Return a key's value; a miss is counted but not told."""
    value = ctx.db.find(key, touch=False)
    ctx.keyspace.missed.clear()
    return value


@command(
    "OBJECT ENCODING",
    arity=3,
    group="generic",
    syntax="key",
    flags={Flag.READONLY},
    keys=OBJECT_KEY,
    since="2.2.3",
    tips=OBJECT_TIPS,
    summary="Tells how the value of a key is kept, in Redis' words.",
    parse=Args.next,
)
def object_encoding(ctx: Context, key: bytes) -> Reply:
    """Reply stream, int, embstr, raw, or null if there is no such key."""
    value = _look_at(ctx, key)
    return _string_encoding(value) if isinstance(value, String) else value and value.type_name


def _string_encoding(string: String) -> bytes:
    """Return what Redis would keep such a string as."""
    if string.form == AS_GIVEN and parse_int64(string.content) is not None:
        return b"int"
    if string.form == EDITED or len(string.content) > EMBEDDED_BYTES:
        return b"raw"
    return b"embstr"


@command(
    "OBJECT REFCOUNT",
    arity=3,
    group="generic",
    syntax="key",
    flags={Flag.READONLY},
    keys=OBJECT_KEY,
    since="2.2.3",
    tips=OBJECT_TIPS,
    summary="Tells how many references there are to a value: one.",
    parse=Args.next,
)
def object_refcount(ctx: Context, key: bytes) -> Reply:
    """Reply 1, or null if there is no such key."""
    return None if _look_at(ctx, key) is None else 1


@command(
    "OBJECT IDLETIME",
    arity=3,
    group="generic",
    syntax="key",
    flags={Flag.READONLY},
    keys=OBJECT_KEY,
    since="2.2.3",
    tips=OBJECT_TIPS,
    summary="Tells for how long a key has not been used.",
    parse=Args.next,
)
def object_idletime(ctx: Context, key: bytes) -> Reply:
    """Reply with seconds, or null if there is no such key."""
    value = _look_at(ctx, key)
    return None if value is None else max(ctx.now_ms - value.accessed_ms, 0) // 1000


@command(
    "OBJECT FREQ",
    arity=3,
    group="generic",
    syntax="key",
    flags={Flag.READONLY},
    keys=OBJECT_KEY,
    since="4.0.0",
    tips=OBJECT_TIPS,
    summary="Tells how often a key is used, which is counted under LFU policies only.",
    parse=Args.next,
)
def object_freq(ctx: Context, key: bytes) -> Reply:
    """Reply null if there is no such key. Raises NO_FREQUENCY: nothing is evicted here."""
    if _look_at(ctx, key) is None:
        return None
    raise errors.fail(errors.NO_FREQUENCY)


# MEMORY


def parse_memory_usage(args: Args) -> bytes:
    """Take the key; SAMPLES is checked and not needed, because sizes are known."""
    key = args.next()
    while (option := args.option()) is not None:
        if option != b"SAMPLES" or args.integer() < 0:
            raise errors.fail(errors.SYNTAX)
    return key


@command(
    "MEMORY USAGE",
    arity=-3,
    group="server",
    syntax="key [SAMPLES count]",
    flags={Flag.READONLY},
    keys=OBJECT_KEY,
    since="4.0.0",
    complexity="O(N) where N is the number of the value's parts.",
    summary="Tells about how many bytes a key and its value take.",
    parse=parse_memory_usage,
)
def memory_usage(ctx: Context, key: bytes) -> Reply:
    """Reply with bytes, or null if there is no such key."""
    ctx.keyspace.is_reading = False  # this is no looking at a key
    value = ctx.db.find(key, touch=False)
    return None if value is None else value.size_bytes + len(key)


@command(
    "MEMORY STATS",
    arity=2,
    group="server",
    since="4.0.0",
    tips=REPORT_TIPS,
    summary="Shows what memory is used for.",
)
def memory_stats(ctx: Context, asked: None) -> Reply:
    """Reply with a map of those of Redis' numbers that mean something here."""
    engine, databases = ctx.engine, ctx.keyspace.databases
    data_bytes = engine.memory.data_bytes()
    startup_bytes = engine.memory.baseline_bytes
    used_bytes = engine.memory.used_bytes()
    peak_bytes = engine.memory.peak_bytes
    resident_bytes = engine.host.resident_bytes()
    keys = sum(map(len, databases))
    clients_bytes = sum(
        client.link.pending_bytes + client.link.unsent_bytes for client in engine.clients.values()
    )
    overhead_bytes = keys * VALUE_BYTES
    stats: dict[bytes, Reply] = {
        b"peak.allocated": peak_bytes,
        b"total.allocated": used_bytes,
        b"startup.allocated": startup_bytes,
        b"replication.backlog": 0,
        b"clients.slaves": 0,
        b"clients.normal": clients_bytes,
        b"cluster.links": 0,
        b"aof.buffer": 0,
        b"lua.caches": 0,
        b"functions.caches": 0,
    }
    for database in databases:
        if len(database):
            main_bytes = len(database) * VALUE_BYTES
            stats[b"db.%d" % database.number] = {b"overhead.hashtable.main": main_bytes}
    stats |= {
        b"overhead.total": startup_bytes + overhead_bytes,
        b"keys.count": keys,
        b"keys.bytes-per-key": data_bytes // keys if keys else 0,
        b"dataset.bytes": data_bytes - overhead_bytes,
        b"dataset.percentage": _ratio(100 * (data_bytes - overhead_bytes), data_bytes),
        b"peak.percentage": _ratio(100 * used_bytes, peak_bytes),
        b"allocator.resident": resident_bytes,
        b"fragmentation": _ratio(resident_bytes, used_bytes),
        b"fragmentation.bytes": resident_bytes - used_bytes,
    }
    return stats


def _ratio(part: int, whole: int) -> Double:
    return Double(b"%.17g" % round(part / whole, 4) if whole else b"0")


@command(
    "MEMORY DOCTOR",
    arity=2,
    group="server",
    since="4.0.0",
    tips=REPORT_TIPS,
    summary="Says what is wrong with the use of memory.",
)
def memory_doctor(ctx: Context, asked: None) -> Reply:
    """Reply with a text for people."""
    engine = ctx.engine
    data_bytes = engine.memory.data_bytes()
    used_bytes = engine.memory.used_bytes()
    peak_bytes = engine.memory.peak_bytes
    resident_bytes = engine.host.resident_bytes()
    if data_bytes < SMALL_BYTES:
        return Verbatim(b"There is too little data here to say anything about its memory.\n")
    found = []
    if peak_bytes > PEAK_RATIO * used_bytes:
        found.append(
            b"Peak: %d bytes were once used and %d are now. Python keeps much of what it once"
            b" had, so the process may stay as large as it was." % (peak_bytes, used_bytes)
        )
    if resident_bytes > RESIDENT_RATIO * used_bytes:
        found.append(
            b"Resident: the process holds %d bytes for %d bytes of data and program. A restart"
            b" gives the difference back." % (resident_bytes, used_bytes)
        )
    limit_bytes = engine.config.settings.memory.maxmemory
    if limit_bytes and used_bytes > NEAR_LIMIT * limit_bytes:
        found.append(
            b"Limit: %d of %d bytes (maxmemory) are used. Writes that need memory are refused"
            b" beyond it." % (used_bytes, limit_bytes)
        )
    if not found:
        return Verbatim(b"Nothing is wrong with the use of memory.\n")
    return Verbatim(b"".join(b"* %b\n" % line for line in found))


@command(
    "MEMORY PURGE",
    arity=2,
    group="server",
    since="4.0.0",
    tips=("request_policy:all_shards", "response_policy:all_succeeded"),
    complexity="Depends on how much memory is used; may be slow.",
    summary="Gives memory back that nothing uses.",
)
def memory_purge(ctx: Context, asked: None) -> Reply:
    """Reply OK."""
    gc.collect()
    ctx.engine.host.give_back()
    return OK


@command(
    "MEMORY MALLOC-STATS",
    arity=2,
    group="server",
    since="4.0.0",
    tips=REPORT_TIPS,
    complexity="Depends on how much memory is used; may be slow.",
    summary="Shows the allocator's own numbers.",
)
def memory_malloc_stats(ctx: Context, asked: None) -> Reply:
    """Reply with a text for people."""
    objects = ", ".join(str(count) for count in gc.get_count())
    return Verbatim(
        f"Allocated blocks: {sys.getallocatedblocks()}\n"
        f"Objects since the last collection, by generation: {objects}\n"
        f"Resident bytes: {ctx.engine.host.resident_bytes()}\n".encode()
    )
