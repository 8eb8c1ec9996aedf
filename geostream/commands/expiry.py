"""When keys go away: EXPIRE and its kin, TTL and its kin, PERSIST.

All times are kept as Unix milliseconds. A time that has passed deletes the key at once.
``ExpiryOption`` is EX, PX, EXAT or PXAT as SET and GETEX take them.

Behaviour: https://redis.io/docs/latest/commands/expire/
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.engine.args import INT64_MAX, INT64_MIN, Args, parse_int64
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import Reply
from geostream.store.effects import ExpiryRemoved, ExpirySet, KeyDeleted

GROUP = "generic"
CHANGING = frozenset({Flag.WRITE, Flag.FAST})
LOOKING = frozenset({Flag.READONLY, Flag.FAST})
UPDATED_KEY = Keys(("RW", "update"))
READ_KEY = Keys(("RO", "access"))
SECOND_MS = 1000

EXPIRE_HISTORY = (("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."),)
TTL_HISTORY = (("2.8.0", "Added the -2 reply."),)
TTL_TIPS = ("nondeterministic_output",)

_UNITS = {
    b"EX": (SECOND_MS, False),
    b"PX": (1, False),
    b"EXAT": (SECOND_MS, True),
    b"PXAT": (1, True),
}


class ExpiryOption(Struct):
    """EX seconds and the like; the number is judged last, when all words are known."""

    keyword: bytes
    text: bytes

    @property
    def is_absolute(self) -> bool:
        """Whether it is a point in time."""
        return _UNITS[self.keyword][1]

    def at_ms(self, now_ms: int, command_name: str) -> int:
        """Return the Unix time meant. Raises NOT_AN_INTEGER, EXPIRE_TIME_INVALID."""
        unit_ms, is_absolute = _UNITS[self.keyword]
        amount = parse_int64(self.text)
        if amount is None:
            raise errors.fail(errors.NOT_AN_INTEGER)
        at_ms = amount * unit_ms + (0 if is_absolute else now_ms)
        if amount <= 0 or at_ms > INT64_MAX:
            raise errors.fail(errors.EXPIRE_TIME_INVALID, command=command_name)
        return at_ms


def take_expiry_option(args: Args, keyword: bytes, before: ExpiryOption | None) -> ExpiryOption:
    """Take the number after EX and the like. Raises SYNTAX if a different one came before."""
    if before is not None and before.keyword != keyword:
        raise errors.fail(errors.SYNTAX)
    return ExpiryOption(keyword, args.next())


def is_expiry_option(keyword: bytes) -> bool:
    """Tell whether a word in upper case is EX, PX, EXAT or PXAT."""
    return keyword in _UNITS


# EXPIRE and its kin


class Expire(Struct):
    """A key and a number in some unit; which unit, the command knows."""

    key: bytes
    amount: int
    conditions: frozenset[bytes]
    command: str


def parse_expire(args: Args) -> Expire:
    """Take the key, the number and NX, XX, GT, LT, which are judged before the number."""
    key = args.next()
    text = args.next()
    conditions = set()
    while (option := args.option()) is not None:
        if option not in {b"NX", b"XX", b"GT", b"LT"}:
            args.back()
            raise errors.fail(errors.EXPIRE_OPTION_UNKNOWN, option=args.next())
        conditions.add(option)
    if b"NX" in conditions and len(conditions) > 1:
        raise errors.fail(errors.EXPIRE_NX_CONFLICT)
    if b"GT" in conditions and b"LT" in conditions:
        raise errors.fail(errors.EXPIRE_GT_LT_CONFLICT)
    amount = parse_int64(text)
    if amount is None:
        raise errors.fail(errors.NOT_AN_INTEGER)
    return Expire(key, amount, frozenset(conditions), args.name)


def _expire(ctx: Context, asked: Expire, unit_ms: int, base_ms: int) -> Reply:
    """Let the key go away so many units after the base, if the conditions are met."""
    after_ms = asked.amount * unit_ms
    if not INT64_MIN <= after_ms <= INT64_MAX or after_ms > INT64_MAX - base_ms:
        raise errors.fail(errors.EXPIRE_TIME_INVALID, command=asked.command)
    at_ms = base_ms + after_ms
    db, key = ctx.db, asked.key
    if db.find(key) is None or not _is_allowed(asked.conditions, db.expiries.get(key), at_ms):
        return 0
    if at_ms <= ctx.now_ms and not ctx.keyspace.is_loading:  # a log says itself when it went
        ctx.commit(KeyDeleted(db.number, key))
    else:
        ctx.commit(ExpirySet(db.number, key, at_ms))
    return 1


def _is_allowed(conditions: frozenset[bytes], before_ms: int | None, at_ms: int) -> bool:
    """Tell whether the conditions let the time be changed; without one it is never."""
    if not conditions:
        return True
    if before_ms is None:
        return not conditions & {b"XX", b"GT"}
    return not (
        b"NX" in conditions
        or (b"GT" in conditions and at_ms <= before_ms)
        or (b"LT" in conditions and at_ms >= before_ms)
    )


@command(
    "EXPIRE",
    arity=-3,
    group=GROUP,
    syntax="key seconds [NX | XX | GT | LT]",
    flags=CHANGING,
    keys=UPDATED_KEY,
    since="1.0.0",
    history=EXPIRE_HISTORY,
    summary="Lets a key go away after some seconds.",
    parse=parse_expire,
)
def expire(ctx: Context, asked: Expire) -> Reply:
    """Reply 1 if the key is there and the time was set, else 0."""
    return _expire(ctx, asked, SECOND_MS, ctx.now_ms)


@command(
    "PEXPIRE",
    arity=-3,
    group=GROUP,
    syntax="key milliseconds [NX | XX | GT | LT]",
    flags=CHANGING,
    keys=UPDATED_KEY,
    since="2.6.0",
    history=EXPIRE_HISTORY,
    summary="Lets a key go away after some milliseconds.",
    parse=parse_expire,
)
def pexpire(ctx: Context, asked: Expire) -> Reply:
    """Reply as EXPIRE."""
    return _expire(ctx, asked, 1, ctx.now_ms)


@command(
    "EXPIREAT",
    arity=-3,
    group=GROUP,
    syntax="key unix-time-seconds [NX | XX | GT | LT]",
    flags=CHANGING,
    keys=UPDATED_KEY,
    since="1.2.0",
    history=EXPIRE_HISTORY,
    summary="Lets a key go away at a Unix time in seconds.",
    parse=parse_expire,
)
def expireat(ctx: Context, asked: Expire) -> Reply:
    """Reply as EXPIRE."""
    return _expire(ctx, asked, SECOND_MS, 0)


@command(
    "PEXPIREAT",
    arity=-3,
    group=GROUP,
    syntax="key unix-time-milliseconds [NX | XX | GT | LT]",
    flags=CHANGING,
    keys=UPDATED_KEY,
    since="2.6.0",
    history=EXPIRE_HISTORY,
    summary="Lets a key go away at a Unix time in milliseconds.",
    parse=parse_expire,
)
def pexpireat(ctx: Context, asked: Expire) -> Reply:
    """Reply as EXPIRE."""
    return _expire(ctx, asked, 1, 0)


@command(
    "PERSIST",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=CHANGING,
    keys=UPDATED_KEY,
    since="2.2.0",
    summary="Lets a key that was to go away stay.",
    parse=Args.next,
)
def persist(ctx: Context, key: bytes) -> Reply:
    """Reply 1 if the key was to go away, else 0."""
    if ctx.db.find(key) is None or key not in ctx.db.expiries:
        return 0
    ctx.commit(ExpiryRemoved(ctx.db.number, key, told=True))
    return 1


# TTL and its kin


def _expiry(ctx: Context, key: bytes) -> int:
    """Return when a key goes away, -1 if never, -2 if there is no key."""
    if ctx.db.find(key, touch=False) is None:
        return -2
    return ctx.db.expiries.get(key, -1)


def _in_seconds(time_ms: int) -> int:
    return (time_ms + SECOND_MS // 2) // SECOND_MS


@command(
    "TTL",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=LOOKING,
    keys=READ_KEY,
    since="1.0.0",
    tips=TTL_TIPS,
    history=TTL_HISTORY,
    summary="Tells in how many seconds a key goes away.",
    parse=Args.next,
)
def ttl(ctx: Context, key: bytes) -> Reply:
    """Reply with seconds, -1 if the key stays, -2 if there is none."""
    at_ms = _expiry(ctx, key)
    return at_ms if at_ms < 0 else _in_seconds(at_ms - ctx.now_ms)


@command(
    "PTTL",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=LOOKING,
    keys=READ_KEY,
    since="2.6.0",
    tips=TTL_TIPS,
    history=TTL_HISTORY,
    summary="Tells in how many milliseconds a key goes away.",
    parse=Args.next,
)
def pttl(ctx: Context, key: bytes) -> Reply:
    """Reply with milliseconds, -1 if the key stays, -2 if there is none."""
    at_ms = _expiry(ctx, key)
    return at_ms if at_ms < 0 else at_ms - ctx.now_ms


@command(
    "EXPIRETIME",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=LOOKING,
    keys=READ_KEY,
    since="7.0.0",
    summary="Tells the Unix time in seconds at which a key goes away.",
    parse=Args.next,
)
def expiretime(ctx: Context, key: bytes) -> Reply:
    """Reply with seconds, -1 if the key stays, -2 if there is none."""
    at_ms = _expiry(ctx, key)
    return at_ms if at_ms < 0 else _in_seconds(at_ms)


@command(
    "PEXPIRETIME",
    arity=2,
    group=GROUP,
    syntax="key",
    flags=LOOKING,
    keys=READ_KEY,
    since="7.0.0",
    summary="Tells the Unix time in milliseconds at which a key goes away.",
    parse=Args.next,
)
def pexpiretime(ctx: Context, key: bytes) -> Reply:
    """Reply with milliseconds, -1 if the key stays, -2 if there is none."""
    return _expiry(ctx, key)
