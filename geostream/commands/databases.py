"""Whole databases: KEYS SCAN RANDOMKEY DBSIZE FLUSHDB FLUSHALL SWAPDB.

SCAN goes through the keys in the order of their hashes, which no write changes: see
geostream/store/hash_order.py.

Behaviour: https://redis.io/docs/latest/commands/scan/
"""

from __future__ import annotations

import re

from msgspec import Struct

from geostream import errors
from geostream.commands.keys import INT32_MAX, INT32_MIN
from geostream.engine.args import Args, parse_int64
from geostream.engine.command import Flag, command
from geostream.engine.context import Context
from geostream.engine.glob import glob_matcher
from geostream.reply import OK, Reply
from geostream.store.effects import DatabasesSwapped

UINT64_MAX = 2**64 - 1
DEFAULT_COUNT = 10

FLUSH_TIPS = ("request_policy:all_shards", "response_policy:all_succeeded")
FLUSH_CATEGORIES = ("keyspace", "dangerous")
FLUSH_HISTORY = (
    ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
    ("6.2.0", "Added the `SYNC` flushing mode modifier."),
)

_CURSOR = re.compile(rb"[ \t\n\v\f\r]*\+?[0-9]+")


@command(
    "KEYS",
    arity=2,
    group="generic",
    syntax="pattern",
    flags={Flag.READONLY},
    since="1.0.0",
    tips=("request_policy:all_shards", "nondeterministic_output_order"),
    categories=("dangerous",),
    complexity="O(N) where N is the number of keys in the database.",
    summary="Lists the keys that match a pattern.",
    parse=Args.next,
)
def keys(ctx: Context, pattern: bytes) -> Reply:
    """Reply with the keys, in no order."""
    names = ctx.db.keys()
    return list(names if pattern == b"*" else filter(glob_matcher(pattern), names))


class Scan(Struct):
    """Where to go on, about how many keys to look at, and which of them to show."""

    cursor: int
    count: int
    pattern: bytes
    type_name: bytes  # in lower case; empty: all


def parse_scan(args: Args) -> Scan:
    """Take the cursor, MATCH, COUNT and TYPE."""
    asked = Scan(_parse_cursor(args.next()), DEFAULT_COUNT, b"*", b"")
    while (option := args.option()) is not None:
        if option == b"COUNT":
            asked.count = args.integer()
            if asked.count < 1:
                raise errors.fail(errors.SYNTAX)
        elif option == b"MATCH":
            asked.pattern = args.next()
        elif option == b"TYPE":
            asked.type_name = args.next().lower()
        elif option == b"NOVALUES":
            raise errors.fail(errors.SCAN_NOVALUES)
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


def _parse_cursor(text: bytes) -> int:
    """Return an unsigned 64-bit number. Raises CURSOR_INVALID."""
    if len(text) > 64 or not _CURSOR.fullmatch(text) or int(text) > UINT64_MAX:
        raise errors.fail(errors.CURSOR_INVALID)
    return int(text)


@command(
    "SCAN",
    arity=-2,
    group="generic",
    syntax="cursor [MATCH pattern] [COUNT count] [TYPE type]",
    flags={Flag.READONLY},
    since="2.8.0",
    tips=("nondeterministic_output", "request_policy:special", "response_policy:special"),
    history=(("6.0.0", "Added the `TYPE` subcommand."),),
    complexity="O(COUNT) a call, O(N) for a whole iteration over N keys.",
    summary="Lists the keys of a database page by page.",
    parse=parse_scan,
)
def scan(ctx: Context, asked: Scan) -> Reply:
    """Reply with the next cursor, 0 at the end, and a page of keys."""
    db = ctx.db
    ctx.keyspace.is_reading = False  # this is no looking at a key
    cursor, found = db.scan(asked.cursor, asked.count)
    if asked.pattern != b"*":
        found = list(filter(glob_matcher(asked.pattern), found))
    shown = []
    for key in found:
        value = db.find(key, touch=False)
        if value is not None and asked.type_name in (b"", value.type_name):
            shown.append(key)
    return [b"%d" % cursor, shown]


@command(
    "RANDOMKEY",
    arity=1,
    group="generic",
    flags={Flag.READONLY},
    since="1.0.0",
    tips=("request_policy:all_shards", "response_policy:special", "nondeterministic_output"),
    summary="Tells any key of the database.",
)
def randomkey(ctx: Context, asked: None) -> Reply:
    """Reply with a key, or null if there is none."""
    ctx.keyspace.is_reading = False  # this is no looking at a key
    return ctx.db.random_key()


@command(
    "DBSIZE",
    arity=1,
    group="server",
    flags={Flag.READONLY, Flag.FAST},
    since="1.0.0",
    tips=("request_policy:all_shards", "response_policy:agg_sum"),
    categories=("keyspace",),
    summary="Counts the keys of the database.",
)
def dbsize(ctx: Context, asked: None) -> Reply:
    """Reply with the count."""
    return len(ctx.db)


def parse_flush(args: Args) -> None:
    """Take ASYNC or SYNC, between which there is no difference here."""
    if args and args.option() not in {b"ASYNC", b"SYNC"}:
        raise errors.fail(errors.SYNTAX)
    args.end()


@command(
    "FLUSHDB",
    arity=-1,
    group="server",
    syntax="[ASYNC | SYNC]",
    flags={Flag.WRITE},
    since="1.0.0",
    tips=FLUSH_TIPS,
    history=FLUSH_HISTORY,
    categories=FLUSH_CATEGORIES,
    complexity="O(N) where N is the number of keys in the database.",
    summary="Deletes all keys of the database.",
    parse=parse_flush,
)
def flushdb(ctx: Context, asked: None) -> Reply:
    """Reply OK."""
    if len(ctx.db):
        ctx.keyspace.flush(ctx.db)
    return OK


@command(
    "FLUSHALL",
    arity=-1,
    group="server",
    syntax="[ASYNC | SYNC]",
    flags={Flag.WRITE},
    since="1.0.0",
    tips=FLUSH_TIPS,
    history=FLUSH_HISTORY,
    categories=FLUSH_CATEGORIES,
    complexity="O(N) where N is the number of keys in all databases.",
    summary="Deletes all keys of all databases.",
    parse=parse_flush,
)
def flushall(ctx: Context, asked: None) -> Reply:
    """Reply OK."""
    for database in ctx.keyspace.databases:
        if len(database):
            ctx.keyspace.flush(database)
    return OK


class SwapDb(Struct):
    """Two numbers of databases, which may not exist."""

    first: int
    second: int


def parse_swapdb(args: Args) -> SwapDb:
    """Take both numbers."""
    return SwapDb(
        _parse_index(args.next(), errors.SWAPDB_FIRST),
        _parse_index(args.next(), errors.SWAPDB_SECOND),
    )


def _parse_index(text: bytes, error: str) -> int:
    number = parse_int64(text)
    if number is None or not INT32_MIN <= number <= INT32_MAX:
        raise errors.fail(error)
    return number


@command(
    "SWAPDB",
    arity=3,
    group="server",
    syntax="index1 index2",
    flags={Flag.WRITE, Flag.FAST},
    since="4.0.0",
    categories=("keyspace", "dangerous"),
    complexity="O(N) where N is the number of clients that watch or wait for keys.",
    summary="Lets two databases change places.",
    parse=parse_swapdb,
)
def swapdb(ctx: Context, asked: SwapDb) -> Reply:
    """Reply OK. Raises DB_INDEX_RANGE."""
    databases = range(len(ctx.keyspace.databases))
    if asked.first not in databases or asked.second not in databases:
        raise errors.fail(errors.DB_INDEX_RANGE)
    ctx.commit(DatabasesSwapped(asked.first, b"", asked.second))
    return OK
