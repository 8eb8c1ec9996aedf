"""Parts of strings and numbers in them: APPEND, SETRANGE, GETRANGE, STRLEN, INCR and its kin.

A number is kept as its digits. All of these leave a key's expiry as it is.

Behaviour: https://redis.io/docs/latest/commands/?group=string
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.strings import GROUP, GROWING, GROWING_FAST, LOOKING, READ_KEY
from geostream.engine.args import INT64_MAX, INT64_MIN, Args, parse_int64
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import Reply
from geostream.store.effects import StringSet

NUMBER_KEY = Keys(("RW", "access", "update"))


def _check_length(ctx: Context, size_bytes: int) -> None:
    """Raise STRING_TOO_LONG if a string may not be so long."""
    if size_bytes > ctx.engine.config.settings.clients.proto_max_bulk_len:
        raise errors.fail(errors.STRING_TOO_LONG)


# Parts


@command(
    "STRLEN",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=LOOKING,
    keys=Keys(("RO",)),
    since="2.2.0",
    summary="Tells how long a string is.",
    parse=Args.next,
)
def strlen(ctx: Context, key: bytes) -> Reply:
    """Reply with the number of bytes, 0 without the key."""
    return len(ctx.db.string(key) or b"")


class KeyAndContent(Struct):
    """A key and bytes for it."""

    key: bytes
    content: bytes


def parse_append(args: Args) -> KeyAndContent:
    """Take the key and what to append."""
    return KeyAndContent(args.next(), args.next())


@command(
    "APPEND",
    arity=3,
    group=GROUP,
    syntax="key value",
    flags=GROWING_FAST,
    keys=Keys(("RW", "insert")),
    since="2.0.0",
    complexity="O(N) where N is the length of the string afterwards.",
    summary="Adds to the end of a string.",
    parse=parse_append,
)
def append(ctx: Context, asked: KeyAndContent) -> Reply:
    """Reply with the length afterwards."""
    old = ctx.db.string(asked.key)
    if old is None:
        content = asked.content
    else:
        _check_length(ctx, len(old) + len(asked.content))
        content = old + asked.content
    ctx.commit(StringSet(ctx.db.number, asked.key, content, "append", old is None))
    return len(content)


class SetRange(Struct):
    """A key, and bytes for a place in its string."""

    key: bytes
    offset: int
    content: bytes


def parse_setrange(args: Args) -> SetRange:
    """Take the key, the offset and the bytes."""
    key, offset = args.next(), args.integer()
    if offset < 0:
        raise errors.fail(errors.OFFSET_OUT_OF_RANGE)
    return SetRange(key, offset, args.next())


@command(
    "SETRANGE",
    arity=4,
    group=GROUP,
    syntax="key offset value",
    flags=GROWING,
    keys=Keys(("RW", "update")),
    since="2.2.0",
    complexity="O(N) where N is the length of the string afterwards.",
    summary="Overwrites a part of a string; what is missing before it becomes zero bytes.",
    parse=parse_setrange,
)
def setrange(ctx: Context, asked: SetRange) -> Reply:
    """Reply with the length afterwards."""
    old = ctx.db.string(asked.key)
    before = old or b""
    if not asked.content:
        return len(before)
    end = asked.offset + len(asked.content)
    _check_length(ctx, end)
    content = before[: asked.offset].ljust(asked.offset, b"\0") + asked.content + before[end:]
    ctx.commit(StringSet(ctx.db.number, asked.key, content, "setrange", old is None))
    return len(content)


class GetRange(Struct):
    """A key, and the places of the first and the last byte; negative ones count from the end."""

    key: bytes
    start: int
    end: int


def parse_getrange(args: Args) -> GetRange:
    """Take the key and both places."""
    return GetRange(args.next(), args.integer(), args.integer())


@command(
    "GETRANGE",
    arity=4,
    group=GROUP,
    syntax="key start end",
    flags={Flag.READONLY},
    keys=READ_KEY,
    since="2.4.0",
    complexity="O(N) where N is the length of the part.",
    summary="Tells a part of a string.",
    parse=parse_getrange,
)
def getrange(ctx: Context, asked: GetRange) -> Reply:
    """Reply with the part, empty without the key."""
    content = ctx.db.string(asked.key) or b""
    start, end = asked.start, asked.end
    if start < 0 and end < 0 and start > end:
        return b""
    if start < 0:
        start = max(start + len(content), 0)
    if end < 0:
        end = max(end + len(content), 0)
    return content[start : end + 1]


@command(
    "SUBSTR",
    arity=4,
    group=GROUP,
    syntax="key start end",
    flags={Flag.READONLY},
    keys=READ_KEY,
    since="1.0.0",
    complexity="O(N) where N is the length of the part.",
    summary="Tells a part of a string; the same as GETRANGE.",
    parse=parse_getrange,
)
def substr(ctx: Context, asked: GetRange) -> Reply:
    """Reply as GETRANGE."""
    return getrange(ctx, asked)


# Numbers


class Increment(Struct):
    """A key and what to add to its number."""

    key: bytes
    amount: int


def parse_incr(args: Args) -> Increment:
    """Take the key."""
    return Increment(args.next(), 1)


def parse_decr(args: Args) -> Increment:
    """Take the key."""
    return Increment(args.next(), -1)


def parse_incrby(args: Args) -> Increment:
    """Take the key and the number."""
    return Increment(args.next(), args.integer())


def parse_decrby(args: Args) -> Increment:
    """Take the key and the number, whose opposite must be a number too."""
    key, amount = args.next(), args.integer()
    if amount == INT64_MIN:
        raise errors.fail(errors.DECREMENT_OVERFLOW)
    return Increment(key, -amount)


def _increment(ctx: Context, asked: Increment) -> Reply:
    """Add to the number a key holds, 0 without the key; reply with the sum."""
    old = ctx.db.string(asked.key)
    number = 0 if old is None else parse_int64(old)
    if number is None:
        raise errors.fail(errors.NOT_AN_INTEGER)
    number += asked.amount
    if not INT64_MIN <= number <= INT64_MAX:
        raise errors.fail(errors.INCREMENT_OVERFLOW)
    ctx.commit(StringSet(ctx.db.number, asked.key, b"%d" % number, "incrby", old is None))
    return number


@command(
    "INCR",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=GROWING_FAST,
    keys=NUMBER_KEY,
    since="1.0.0",
    summary="Adds one to the number in a string.",
    parse=parse_incr,
)
def incr(ctx: Context, asked: Increment) -> Reply:
    """Reply with the sum."""
    return _increment(ctx, asked)


@command(
    "DECR",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=GROWING_FAST,
    keys=NUMBER_KEY,
    since="1.0.0",
    summary="Takes one from the number in a string.",
    parse=parse_decr,
)
def decr(ctx: Context, asked: Increment) -> Reply:
    """Reply with the difference."""
    return _increment(ctx, asked)


@command(
    "INCRBY",
    arity=3,
    group=GROUP,
    syntax="key increment",
    flags=GROWING_FAST,
    keys=NUMBER_KEY,
    since="1.0.0",
    summary="Adds to the number in a string.",
    parse=parse_incrby,
)
def incrby(ctx: Context, asked: Increment) -> Reply:
    """Reply with the sum."""
    return _increment(ctx, asked)


@command(
    "DECRBY",
    arity=3,
    group=GROUP,
    syntax="key decrement",
    flags=GROWING_FAST,
    keys=NUMBER_KEY,
    since="1.0.0",
    summary="Takes from the number in a string.",
    parse=parse_decrby,
)
def decrby(ctx: Context, asked: Increment) -> Reply:
    """Reply with the difference."""
    return _increment(ctx, asked)


@command(
    "INCRBYFLOAT",
    arity=3,
    group=GROUP,
    syntax="key increment-float",
    flags=GROWING_FAST,
    keys=NUMBER_KEY,
    since="2.6.0",
    summary="Adds to the floating point number in a string.",
    parse=parse_append,
)
def incrbyfloat(ctx: Context, asked: KeyAndContent) -> Reply:
    """Reply with the sum. Raises NOT_A_FLOAT, FLOAT_OVERFLOW."""
    old = ctx.db.string(asked.key)
    # Imported here: exact fractions come with much that no start need wait for.
    from geostream.commands import long_double  # noqa: PLC0415

    try:
        content = long_double.add(b"0" if old is None else old, asked.content)
    except long_double.NotANumber:
        raise errors.fail(errors.NOT_A_FLOAT) from None
    except long_double.TooLarge:
        raise errors.fail(errors.FLOAT_OVERFLOW) from None
    ctx.commit(StringSet(ctx.db.number, asked.key, content, "incrbyfloat", old is None))
    return content
