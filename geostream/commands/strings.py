"""Strings as a whole: SET and GET with all their kin, MSET, MGET.

Stream users keep checkpoints, locks and counters in strings. Writing one replaces whatever
the key held and lets it stay for ever, unless the command says otherwise. What changes a
part of a string is in strings_edit.py.

Behaviour: https://redis.io/docs/latest/commands/?group=string
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.expiry import (
    ExpiryOption,
    is_expiry_option,
    take_expiry_option,
)
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import OK, Reply
from geostream.store.effects import ExpiryRemoved, ExpirySet, KeyDeleted, StringSet
from geostream.store.value import String, replacement

GROUP = "string"
GROWING = frozenset({Flag.WRITE, Flag.DENYOOM})
GROWING_FAST = GROWING | {Flag.FAST}
LOOKING = frozenset({Flag.READONLY, Flag.FAST})
READ_KEY = Keys(("RO", "access"))


def look_up(ctx: Context, key: bytes) -> bytes | None:
    """Return a key's string; in a command that writes too, count this as a hit or a miss."""
    keyspace = ctx.keyspace
    keyspace.is_reading = True
    try:
        return ctx.db.string(key)
    finally:
        keyspace.is_reading = False


def _put(
    ctx: Context, key: bytes, content: bytes, at_ms: int | None = None, keeps_ttl: bool = False
) -> None:
    """Let a key hold a string and nothing else."""
    db = ctx.db
    old = db.find(key, touch=False)
    ctx.commit(StringSet(db.number, key, content, "set", old is None, replacement(old, String)))
    if at_ms is not None:
        ctx.commit(ExpirySet(db.number, key, at_ms, changes=0))
    elif not keeps_ttl and key in db.expiries:
        ctx.commit(ExpiryRemoved(db.number, key, told=False))


# SET


class Set(Struct):
    """What SET is asked for."""

    key: bytes
    content: bytes
    expiry: ExpiryOption | None = None
    keeps_ttl: bool = False
    if_missing: bool = False
    if_there: bool = False
    wants_old: bool = False


def parse_set(args: Args) -> Set:
    """Take key, content and options; the number of an expiry is judged after all words."""
    asked = Set(args.next(), args.next())
    while (option := args.option()) is not None:
        if option == b"NX" and not asked.if_there:
            asked.if_missing = True
        elif option == b"XX" and not asked.if_missing:
            asked.if_there = True
        elif option == b"GET":
            asked.wants_old = True
        elif option == b"KEEPTTL" and asked.expiry is None:
            asked.keeps_ttl = True
        elif is_expiry_option(option) and not asked.keeps_ttl:
            asked.expiry = take_expiry_option(args, option, asked.expiry)
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


@command(
    "SET",
    arity=-3,
    group=GROUP,
    syntax="key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds |"
    " PXAT unix-time-milliseconds | KEEPTTL]",
    flags=GROWING,
    keys=Keys(
        ("RW", "access", "update", "variable_flags"),
        notes="RW and ACCESS due to the optional `GET` argument",
    ),
    since="1.0.0",
    history=(
        ("2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
        ("6.0.0", "Added the `KEEPTTL` option."),
        ("6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
        ("7.0.0", "Allowed the `NX` and `GET` options to be used together."),
    ),
    summary="Lets a key hold a string, whatever it held before.",
    parse=parse_set,
)
def set_(ctx: Context, asked: Set) -> Reply:
    """Reply OK, or null if NX or XX forbids it; with GET the old string or null."""
    key, at_ms, old = asked.key, None, None
    if asked.expiry is not None:
        at_ms = asked.expiry.at_ms(ctx.now_ms, "set")
    if asked.wants_old:
        old = look_up(ctx, key)
    if asked.if_missing or asked.if_there:
        is_there = ctx.db.find(key, touch=False) is not None
        if is_there != asked.if_there:
            return old
    _put(ctx, key, asked.content, at_ms, asked.keeps_ttl)
    return old if asked.wants_old else OK


@command(
    "SETNX",
    arity=3,
    group=GROUP,
    syntax="key value",
    flags=GROWING_FAST,
    keys=Keys(("OW", "insert")),
    since="1.0.0",
    summary="Lets a key hold a string, if there is no such key.",
    parse=parse_set,
)
def setnx(ctx: Context, asked: Set) -> Reply:
    """Reply 1 or 0."""
    if ctx.db.find(asked.key, touch=False) is not None:
        return 0
    _put(ctx, asked.key, asked.content)
    return 1


def parse_setex(args: Args) -> Set:
    """Take key, seconds and content."""
    key, amount, content = args.take(3)
    return Set(key, content, ExpiryOption(b"EX", amount))


@command(
    "SETEX",
    arity=4,
    group=GROUP,
    syntax="key seconds value",
    flags=GROWING,
    keys=Keys(("OW", "update")),
    since="2.0.0",
    summary="Lets a key hold a string for some seconds.",
    parse=parse_setex,
)
def setex(ctx: Context, asked: Set) -> Reply:
    """Reply OK."""
    assert asked.expiry is not None
    _put(ctx, asked.key, asked.content, asked.expiry.at_ms(ctx.now_ms, "setex"))
    return OK


def parse_psetex(args: Args) -> Set:
    """Take key, milliseconds and content."""
    key, amount, content = args.take(3)
    return Set(key, content, ExpiryOption(b"PX", amount))


@command(
    "PSETEX",
    arity=4,
    group=GROUP,
    syntax="key milliseconds value",
    flags=GROWING,
    keys=Keys(("OW", "update")),
    since="2.6.0",
    summary="Lets a key hold a string for some milliseconds.",
    parse=parse_psetex,
)
def psetex(ctx: Context, asked: Set) -> Reply:
    """Reply OK."""
    assert asked.expiry is not None
    _put(ctx, asked.key, asked.content, asked.expiry.at_ms(ctx.now_ms, "psetex"))
    return OK


@command(
    "GETSET",
    arity=3,
    group=GROUP,
    syntax="key value",
    flags=GROWING_FAST,
    keys=Keys(("RW", "access", "update")),
    since="1.0.0",
    summary="Lets a key hold a string and tells the one before.",
    parse=parse_set,
)
def getset(ctx: Context, asked: Set) -> Reply:
    """Reply with the old string, or null."""
    old = look_up(ctx, asked.key)
    _put(ctx, asked.key, asked.content)
    return old


# GET


@command(
    "GET",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=LOOKING,
    keys=READ_KEY,
    since="1.0.0",
    summary="Tells the string a key holds.",
    parse=Args.next,
)
def get(ctx: Context, key: bytes) -> Reply:
    """Reply with the string, or null."""
    return ctx.db.string(key)


@command(
    "GETDEL",
    arity=2,
    group=GROUP,
    syntax="key",
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "access", "delete")),
    since="6.2.0",
    summary="Tells the string a key holds and deletes the key.",
    parse=Args.next,
)
def getdel(ctx: Context, key: bytes) -> Reply:
    """Reply with the string, or null."""
    content = look_up(ctx, key)
    if content is not None:
        ctx.commit(KeyDeleted(ctx.db.number, key))
    return content


class GetEx(Struct):
    """A key and what is to become of its expiry: nothing, a time, or none (PERSIST)."""

    key: bytes
    expiry: ExpiryOption | None = None
    persists: bool = False


def parse_getex(args: Args) -> GetEx:
    """Take the key and at most one kind of option."""
    asked = GetEx(args.next())
    while (option := args.option()) is not None:
        if option == b"PERSIST" and asked.expiry is None:
            asked.persists = True
        elif is_expiry_option(option) and not asked.persists:
            asked.expiry = take_expiry_option(args, option, asked.expiry)
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


@command(
    "GETEX",
    arity=-2,
    group=GROUP,
    syntax="key [EX seconds | PX milliseconds | EXAT unix-time-seconds |"
    " PXAT unix-time-milliseconds | PERSIST]",
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "access", "update"), notes="RW and UPDATE because it changes the TTL"),
    since="6.2.0",
    summary="Tells the string a key holds and sets when the key goes away.",
    parse=parse_getex,
)
def getex(ctx: Context, asked: GetEx) -> Reply:
    """Reply with the string, or null; the number is judged only if there is a string."""
    key, db = asked.key, ctx.db
    content = look_up(ctx, key)
    if content is None:
        return None
    if asked.expiry is not None:
        at_ms = asked.expiry.at_ms(ctx.now_ms, "getex")
        if at_ms <= ctx.now_ms:
            ctx.commit(KeyDeleted(db.number, key))
        else:
            ctx.commit(ExpirySet(db.number, key, at_ms))
    elif asked.persists and key in db.expiries:
        ctx.commit(ExpiryRemoved(db.number, key, told=True))
    return content


# Several


@command(
    "MGET",
    arity=-2,
    group=GROUP,
    syntax="key [key ...]",
    flags=LOOKING,
    keys=Keys(("RO", "access"), last=-1),
    since="1.0.0",
    tips=("request_policy:multi_shard",),
    complexity="O(N) where N is the number of keys.",
    summary="Tells the strings that keys hold.",
    parse=Args.rest,
)
def mget(ctx: Context, keys: list[bytes]) -> Reply:
    """Reply with each string; null where there is no key, or no string in it."""
    found = map(ctx.db.find, keys)
    return [value.content if type(value) is String else None for value in found]


def parse_mset(args: Args) -> list[tuple[bytes, bytes]]:
    """Take keys and contents in turn."""
    words = args.rest()
    if len(words) % 2:
        raise args.wrong_count()
    return list(zip(words[::2], words[1::2], strict=True))


@command(
    "MSET",
    arity=-3,
    group=GROUP,
    syntax="key value [key value ...]",
    flags=GROWING,
    keys=Keys(("OW", "update"), last=-1, step=2),
    since="1.0.1",
    tips=("request_policy:multi_shard", "response_policy:all_succeeded"),
    complexity="O(N) where N is the number of keys.",
    summary="Lets each of some keys hold a string.",
    parse=parse_mset,
)
def mset(ctx: Context, pairs: list[tuple[bytes, bytes]]) -> Reply:
    """Reply OK."""
    for key, content in pairs:
        _put(ctx, key, content)
    return OK


@command(
    "MSETNX",
    arity=-3,
    group=GROUP,
    syntax="key value [key value ...]",
    flags=GROWING,
    keys=Keys(("OW", "insert"), last=-1, step=2),
    since="1.0.1",
    complexity="O(N) where N is the number of keys.",
    summary="Lets each of some keys hold a string, if there is none of them.",
    parse=parse_mset,
)
def msetnx(ctx: Context, pairs: list[tuple[bytes, bytes]]) -> Reply:
    """Reply 1, or 0 if any of the keys is there."""
    if any(ctx.db.find(key, touch=False) is not None for key, _ in pairs):
        return 0
    for key, content in pairs:
        _put(ctx, key, content)
    return 1
