"""A key's value as one binary string, to be kept or taken elsewhere: DUMP and RESTORE.

A payload is a value as an RDB file has it, with a version and a checksum behind. DUMP takes
the oldest version that keeps everything, so that as many servers as possible take it: version
11, which every Redis from 7.2 on and every Valkey reads, unless the stream remembers messages
of producers (13) or holds released entries (14). Those servers know nothing of either.

RESTORE believes nothing: a payload is decoded and checked as a whole before anything changes.

Behaviour: https://redis.io/docs/latest/commands/restore/
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.engine.args import INT64_MAX, Args, parse_int64
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.rdb.dump import dump_value, restore_value
from geostream.rdb.errors import BadValue, BadVersion
from geostream.reply import OK, Reply
from geostream.store.effects import (
    ExpiryRemoved,
    ExpirySet,
    KeyDeleted,
    StreamRestored,
    StringSet,
)
from geostream.store.images import IdmpImage, StreamImage, image_of
from geostream.store.stream import Stream
from geostream.store.value import String, Value, replacement

GROUP = "generic"
MOST_READ_VERSION = 11  # by every Redis from 7.2 on and every Valkey
IDMP_VERSION = 13  # has messages of producers
RELEASED_VERSION = 14  # has released entries too
FREQ_MAX = 255
SECOND_MS = 1000


# DUMP


@command(
    "DUMP",
    arity=2,
    group=GROUP,
    syntax="key",
    flags={Flag.READONLY},
    keys=Keys(("RO", "access")),
    since="2.6.0",
    tips=("nondeterministic_output",),
    complexity="O(N) where N is how much the value holds.",
    summary="Returns a key's value as a binary string that RESTORE takes.",
    parse=Args.next,
)
def dump(ctx: Context, key: bytes) -> Reply:
    """Reply with the payload, or null if there is no such key."""
    value = ctx.db.find(key)
    if value is None:
        return None
    content = _content(value)
    compresses = ctx.engine.config.settings.persistence.rdbcompression
    return dump_value(content, payload_version(content), compresses)


def _content(value: Value) -> bytes | StreamImage:
    if isinstance(value, String):
        return value.content
    assert isinstance(value, Stream)
    return image_of(value)


def payload_version(content: bytes | StreamImage) -> int:
    """Return the oldest RDB version that keeps all of a value. O(groups)."""
    if isinstance(content, bytes):
        return MOST_READ_VERSION
    if any(group.released for group in content.groups):
        return RELEASED_VERSION
    return MOST_READ_VERSION if content.idmp == IdmpImage() else IDMP_VERSION


# RESTORE


class Restore(Struct):
    """What RESTORE is asked for; the time to live is judged after the key was looked for."""

    key: bytes
    ttl: bytes
    payload: bytes
    replaces: bool = False
    ttl_is_absolute: bool = False
    idle_s: int | None = None
    frequency: int | None = None


def parse_restore(args: Args) -> Restore:
    """Take key, time to live, payload and options."""
    asked = Restore(args.next(), args.next(), args.next())
    while (option := args.option()) is not None:
        if option == b"REPLACE":
            asked.replaces = True
        elif option == b"ABSTTL":
            asked.ttl_is_absolute = True
        elif option == b"IDLETIME" and args and asked.frequency is None:
            asked.idle_s = args.integer()
            if asked.idle_s < 0:
                raise errors.fail(errors.RESTORE_IDLETIME_NEGATIVE)
        elif option == b"FREQ" and args and asked.idle_s is None:
            asked.frequency = args.integer()
            if not 0 <= asked.frequency <= FREQ_MAX:
                raise errors.fail(errors.RESTORE_FREQ_RANGE)
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


@command(
    "RESTORE",
    arity=-4,
    group=GROUP,
    syntax="key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    flags={Flag.WRITE, Flag.DENYOOM},
    keys=Keys(("OW", "update")),
    since="2.6.0",
    categories=("dangerous",),
    history=(
        ("3.0.0", "Added the `REPLACE` modifier."),
        ("5.0.0", "Added the `ABSTTL` modifier."),
        ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
    ),
    complexity="O(N) where N is how much the value holds.",
    summary="Lets a key hold what DUMP returned, here or elsewhere.",
    parse=parse_restore,
)
def restore(ctx: Context, asked: Restore) -> Reply:
    """Reply OK, also if the time to live is over already: then there is no such key after it.

    FREQ is checked and not kept: how often a key is used is not counted here.
    Raises RESTORE_KEY_EXISTS, RESTORE_VERSION, RESTORE_FORMAT.
    """
    db, key = ctx.db, asked.key
    old = db.find(key)
    if old is not None and not asked.replaces:
        raise errors.fail(errors.RESTORE_KEY_EXISTS)
    at_ms = _expiry_ms(asked, ctx.now_ms)
    content = _decoded(asked.payload)
    if at_ms is not None and _is_over(ctx, at_ms):
        if old is not None:
            ctx.commit(KeyDeleted(db.number, key))
        return OK
    if isinstance(content, bytes):
        replaced = replacement(old, String)
        ctx.commit(StringSet(db.number, key, content, "restore", old is None, replaced))
    else:
        ctx.commit(StreamRestored(db.number, key, content, replacement(old, Stream)))
    if at_ms is not None:
        ctx.commit(ExpirySet(db.number, key, at_ms, changes=0, told=False))
    elif key in db.expiries:
        ctx.commit(ExpiryRemoved(db.number, key, told=False))
    if asked.idle_s is not None:  # no change of data: looking at a key sets it too
        db.values[key].accessed_ms = max(ctx.now_ms - asked.idle_s * SECOND_MS, 0)
    return OK


def _expiry_ms(asked: Restore, now_ms: int) -> int | None:
    """Return the Unix time at which the key is to go, None for never; may be past or absurd."""
    ttl_ms = parse_int64(asked.ttl)
    if ttl_ms is None:
        raise errors.fail(errors.NOT_AN_INTEGER)
    if ttl_ms < 0:
        raise errors.fail(errors.RESTORE_TTL_NEGATIVE)
    if ttl_ms == 0:
        return None
    return ttl_ms if asked.ttl_is_absolute else now_ms + ttl_ms


def _is_over(ctx: Context, at_ms: int) -> bool:
    """Tell whether a time has passed, or is too far away to be one."""
    if ctx.keyspace.is_loading:  # a log says itself when the key went
        return at_ms > INT64_MAX
    return not ctx.now_ms < at_ms <= INT64_MAX


def _decoded(payload: bytes) -> bytes | StreamImage:
    try:
        return restore_value(payload)
    except BadVersion:
        raise errors.fail(errors.RESTORE_VERSION) from None
    except BadValue:
        raise errors.fail(errors.RESTORE_FORMAT) from None
