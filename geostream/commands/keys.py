"""Keys of any type: DEL UNLINK EXISTS TOUCH TYPE RENAME RENAMENX COPY MOVE.

Behaviour: https://redis.io/docs/latest/commands/?group=generic
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import OK, Reply, Simple
from geostream.store.effects import KeyCopied, KeyDeleted, KeyMoved
from geostream.store.keyspace import Database
from geostream.store.value import replacement

GROUP = "generic"
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
COUNTED_TIPS = ("request_policy:multi_shard", "response_policy:agg_sum")


# One key after the other


@command(
    "DEL",
    arity=-2,
    group=GROUP,
    syntax="key [key ...]",
    flags={Flag.WRITE},
    keys=Keys(("RM", "delete"), last=-1),
    since="1.0.0",
    tips=COUNTED_TIPS,
    complexity="O(N) where N is the number of keys.",
    summary="Deletes keys.",
    parse=Args.rest,
)
def delete(ctx: Context, keys: list[bytes]) -> Reply:
    """Reply with how many there were."""
    db = ctx.db
    deleted = 0
    for key in keys:
        if db.find(key, touch=False) is not None:
            ctx.commit(KeyDeleted(db.number, key))
            deleted += 1
    return deleted


@command(
    "UNLINK",
    arity=-2,
    group=GROUP,
    syntax="key [key ...]",
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RM", "delete"), last=-1),
    since="4.0.0",
    tips=COUNTED_TIPS,
    complexity="O(N) where N is the number of keys.",
    summary="Deletes keys; the same as DEL here.",
    parse=Args.rest,
)
def unlink(ctx: Context, keys: list[bytes]) -> Reply:
    """Reply with how many there were."""
    return delete(ctx, keys)


@command(
    "EXISTS",
    arity=-2,
    group=GROUP,
    syntax="key [key ...]",
    flags={Flag.READONLY, Flag.FAST},
    keys=Keys(("RO",), last=-1),
    since="1.0.0",
    tips=COUNTED_TIPS,
    history=(("3.0.3", "Accepts multiple `key` arguments."),),
    complexity="O(N) where N is the number of keys.",
    summary="Counts which of the keys there are.",
    parse=Args.rest,
)
def exists(ctx: Context, keys: list[bytes]) -> Reply:
    """Reply with the count; a key named twice counts twice."""
    find = ctx.db.find
    return sum([find(key, touch=False) is not None for key in keys])


@command(
    "TOUCH",
    arity=-2,
    group=GROUP,
    syntax="key [key ...]",
    flags={Flag.READONLY, Flag.FAST},
    keys=Keys(("RO",), last=-1),
    since="3.2.1",
    tips=COUNTED_TIPS,
    complexity="O(N) where N is the number of keys.",
    summary="Counts which of the keys there are, and takes them for used just now.",
    parse=Args.rest,
)
def touch(ctx: Context, keys: list[bytes]) -> Reply:
    """Reply with the count."""
    find = ctx.db.find
    return sum([find(key) is not None for key in keys])


@command(
    "TYPE",
    arity=2,
    group=GROUP,
    syntax="key",
    flags={Flag.READONLY, Flag.FAST},
    keys=Keys(("RO",)),
    since="1.0.0",
    summary="Tells what type of value a key holds.",
    parse=Args.next,
)
def type_(ctx: Context, key: bytes) -> Reply:
    """Reply +stream, +string, or +none if there is no such key."""
    value = ctx.db.find(key, touch=False)
    return Simple(b"none" if value is None else value.type_name)


# From one key to another


def parse_rename(args: Args) -> list[bytes]:
    """Take both keys."""
    return args.take(2)


@command(
    "RENAME",
    arity=3,
    group=GROUP,
    syntax="key newkey",
    flags={Flag.WRITE},
    keys=(Keys(("RW", "access", "delete")), Keys(("OW", "update"), first=2)),
    since="1.0.0",
    summary="Gives a key another name; a key that had it is gone.",
    parse=parse_rename,
)
def rename(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply OK, also if both names are the same. Raises NO_SUCH_KEY."""
    key, new_key = asked
    value = ctx.db.find(key)
    if value is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    if new_key != key:
        replaced = replacement(ctx.db.find(new_key, touch=False), type(value))
        ctx.commit(KeyMoved(ctx.db.number, key, ctx.db.number, new_key, replaced))
    return OK


@command(
    "RENAMENX",
    arity=3,
    group=GROUP,
    syntax="key newkey",
    flags={Flag.WRITE, Flag.FAST},
    keys=(Keys(("RW", "access", "delete")), Keys(("OW", "insert"), first=2)),
    since="1.0.0",
    history=(
        (
            "3.2.0",
            "The command no longer returns an error when source and destination names are the"
            " same.",
        ),
    ),
    summary="Gives a key another name, if that name is free.",
    parse=parse_rename,
)
def renamenx(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply 1 or 0. Raises NO_SUCH_KEY."""
    key, new_key = asked
    if ctx.db.find(key) is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    if ctx.db.find(new_key, touch=False) is not None:
        return 0
    ctx.commit(KeyMoved(ctx.db.number, key, ctx.db.number, new_key))
    return 1


def _take_database(args: Args, ctx: Context) -> Database:
    """Take the number of a database."""
    number = args.integer()
    if not INT32_MIN <= number <= INT32_MAX:
        raise errors.fail(errors.NOT_A_32_BIT_INTEGER)
    if not 0 <= number < len(ctx.keyspace.databases):
        raise errors.fail(errors.DB_INDEX_RANGE)
    return ctx.keyspace.databases[number]


class Copy(Struct):
    """Both keys, and options as words: how many databases there are the store knows."""

    key: bytes
    to_key: bytes
    options: Args


def parse_copy(args: Args) -> Copy:
    """Take both keys."""
    return Copy(args.next(), args.next(), args)


@command(
    "COPY",
    arity=-3,
    group=GROUP,
    syntax="source destination [DB destination-db] [REPLACE]",
    flags={Flag.WRITE, Flag.DENYOOM},
    keys=(Keys(("RO", "access")), Keys(("OW", "update"), first=2)),
    since="6.2.0",
    complexity="O(N) where N is how much the value holds; entries are shared.",
    summary="Copies a key's value and expiry to another key.",
    parse=parse_copy,
)
def copy(ctx: Context, asked: Copy) -> Reply:
    """Reply 1, or 0 if there is nothing to copy or the other key exists. Raises SAME_OBJECT."""
    source = target = ctx.db
    replaces = False
    while (option := asked.options.option()) is not None:
        if option == b"REPLACE":
            replaces = True
        elif option == b"DB" and asked.options:
            target = _take_database(asked.options, ctx)
        else:
            raise errors.fail(errors.SYNTAX)
    if source is target and asked.key == asked.to_key:
        raise errors.fail(errors.SAME_OBJECT)
    keyspace = ctx.keyspace
    keyspace.is_reading = True  # only looking at the source counts as a hit or a miss
    value = source.find(asked.key)
    keyspace.is_reading = False
    if value is None:
        return 0
    old = target.find(asked.to_key, touch=False)
    if old is not None and not replaces:
        return 0
    replaced = replacement(old, type(value))
    ctx.commit(KeyCopied(source.number, asked.key, target.number, asked.to_key, replaced))
    return 1


class Move(Struct):
    """A key, and the number of a database as a word."""

    key: bytes
    database: Args


def parse_move(args: Args) -> Move:
    """Take the key."""
    return Move(args.next(), args)


@command(
    "MOVE",
    arity=3,
    group=GROUP,
    syntax="key db",
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "access", "update")),
    since="1.0.0",
    summary="Moves a key to another database, if it has no such key.",
    parse=parse_move,
)
def move(ctx: Context, asked: Move) -> Reply:
    """Reply 1, or 0 if there is no such key or the other database has one. Raises SAME_OBJECT."""
    target = _take_database(asked.database, ctx)
    if target is ctx.db:
        raise errors.fail(errors.SAME_OBJECT)
    key = asked.key
    if ctx.db.find(key) is None or target.find(key, touch=False) is not None:
        return 0
    ctx.commit(KeyMoved(ctx.db.number, key, target.number, key))
    return 1
