"""What is pending, and taking it over: XPENDING, XCLAIM, XAUTOCLAIM.

A claim first decides for each ID what is to become of it, then commits all of it at once:
one effect for what was claimed, one for pending entries whose entry is gone, which are
cleaned up when somebody comes by.
"""

from __future__ import annotations

from itertools import islice

from msgspec import Struct, field

from geostream import errors
from geostream.commands.groups import consumer_for, group_in, group_or_error, note_seen
from geostream.commands.stream_ids import parse_high_bound, parse_id, parse_low_bound
from geostream.engine.args import INT64_MAX, Args, parse_int64
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.errors import CommandError
from geostream.reply import NULL_ARRAY, Reply, Wire
from geostream.store.effects import Claimed, GroupMoved, PendingRemoved
from geostream.store.group import Consumer, Group
from geostream.store.ids import MIN_ID, StreamId, id_bytes
from geostream.store.own_ids import OwnIds
from geostream.store.pending import Pel
from geostream.store.stream import Stream

DEFAULT_COUNT = 100  # of XAUTOCLAIM
MAX_COUNT = 2**59 - 1
EXAMINED_PER_CLAIM = 10  # pending entries XAUTOCLAIM looks at for each it may claim


# XPENDING


class XPending(Struct):
    """What to tell about a group's pending entries."""

    key: bytes
    group: bytes
    form: str  # summary, range, or ids (of one consumer)
    start: StreamId = MIN_ID
    end: StreamId = MIN_ID
    count: int = 0
    min_idle_ms: int = 0
    consumer: bytes | None = None


def parse_xpending(args: Args) -> XPending:
    """Take key, group and either nothing, a consumer, or a range."""
    key, group = args.next(), args.next()
    words = len(args)
    if not words:
        return XPending(key, group, "summary")
    if words == 1 and args.peek() != b"IDLE":
        return XPending(key, group, "ids", consumer=args.next())
    if not 3 <= words <= 6:
        raise errors.fail(errors.SYNTAX)
    asked = XPending(key, group, "range")
    if args.flag(b"IDLE"):
        asked.min_idle_ms = args.integer()
        if len(args) < 3:
            raise errors.fail(errors.SYNTAX)
    start, end = args.next(), args.next()
    asked.count = max(0, args.integer())
    asked.start = parse_low_bound(start)
    asked.end = parse_high_bound(end)
    asked.consumer = args.next() if args else None
    return asked


@command(
    "XPENDING",
    syntax="key group [consumer | [IDLE min-idle-time] start end count [consumer]]",
    arity=-3,
    flags={Flag.READONLY},
    keys=Keys(("RO", "access")),
    group="stream",
    since="5.0.0",
    summary="Tell what a group has pending.",
    complexity="O(N) with N pending entries returned, or looked at with IDLE",
    tips=("nondeterministic_output",),
    history=(("6.2.0", "Added IDLE and exclusive ranges."),),
    parse=parse_xpending,
)
def xpending(ctx: Context, asked: XPending) -> Reply:
    """Reply with a summary, with the records of a range, or with the IDs of one consumer."""
    _, group = group_or_error(ctx, asked.key, asked.group)
    if asked.form == "summary":
        return _summary(group)
    if asked.consumer is None:
        return _records(group, group.pending, asked, ctx.now_ms)
    consumer = group.consumers.get(asked.consumer)
    if consumer is None:
        return []
    if asked.form == "ids":
        return [id_bytes(entry_id) for entry_id in consumer.pending.from_id(MIN_ID)]
    return _records(group, consumer.pending, asked, ctx.now_ms)


def _records(group: Group, ids: Pel | OwnIds, asked: XPending, now_ms: int) -> Reply:
    """Return what is known about those of the IDs that are asked for."""
    records: list[Reply] = []
    for entry_id in ids.from_id(asked.start):
        if entry_id > asked.end or len(records) == asked.count:
            break
        held = group.pending[entry_id]
        consumer, delivery_count = held.consumer, held.delivery_count
        idle_ms = max(0, now_ms - held.time_ms)
        if consumer is None:  # released: passes any filter
            records.append([id_bytes(entry_id), b"", -1, delivery_count])
        elif idle_ms >= asked.min_idle_ms:
            records.append([id_bytes(entry_id), consumer.name, idle_ms, delivery_count])
    return records


def _summary(group: Group) -> Reply:
    first, last = group.pending.first(), group.pending.last()
    if first is None or last is None:
        return [0, None, None, NULL_ARRAY]
    counts = [
        [name, b"%d" % len(consumer.pending)]
        for name, consumer in sorted(group.consumers.items())
        if consumer.pending
    ]
    return [len(group.pending), id_bytes(first), id_bytes(last), counts]


# Claiming


class Claims:
    """What a command is about to do to a group's pending entries."""

    def __init__(self, stream: Stream, group: Group) -> None:
        self.stream = stream
        self.group = group
        self.claimed: dict[StreamId, tuple[int, int]] = {}  # time in ms and count, as they will be
        self.gone: dict[StreamId, None] = {}  # pending without an entry
        self.changes = 0  # an ID may be claimed twice

    def claim(self, entry_id: StreamId, time_ms: int, delivery_count: int) -> None:
        """Claim an entry."""
        self.claimed.pop(entry_id, None)
        self.claimed[entry_id] = (time_ms, min(delivery_count, INT64_MAX))
        self.changes += 1

    def commit(self, ctx: Context, key: bytes, name: bytes, consumer: Consumer) -> None:
        """Do it."""
        number = ctx.db.number
        if self.gone:
            gone = list(self.gone)
            ctx.commit(PendingRemoved(number, key, name, gone, len(gone)))
        if self.claimed:
            records = [
                (entry_id, time_ms, count) for entry_id, (time_ms, count) in self.claimed.items()
            ]
            ctx.commit(Claimed(number, key, name, consumer.name, records, self.changes))
        note_seen(ctx, key, name, consumer, is_active=bool(self.claimed))

    def reply(self, ids: list[StreamId], just_id: bool) -> Reply:
        """Return what was claimed: entries, or only their IDs."""
        if just_id:
            return [id_bytes(entry_id) for entry_id in ids]
        entries = [self.stream.entry(entry_id) or b"" for entry_id in ids]
        return Wire([b"*%d\r\n" % len(entries), *entries])


class XClaim(Struct):
    """IDs to claim. What follows the consumer is read once the group is found."""

    key: bytes
    group: bytes
    consumer: bytes
    words: list[bytes]


class ClaimOptions(Struct):
    """What XCLAIM's words say."""

    min_idle_ms: int
    ids: list[StreamId] = field(default_factory=list)
    time_ms: int = -1  # of delivery; -1: now
    retry_count: int = -1  # -1: one more
    force: bool = False
    just_id: bool = False
    last_id: StreamId = MIN_ID


def parse_xclaim(args: Args) -> XClaim:
    """Take key, group and consumer; leave the rest for later."""
    return XClaim(args.next(), args.next(), args.next(), args.rest())


def _parse_claim(words: list[bytes], now_ms: int) -> ClaimOptions:
    """Take min-idle-time, IDs up to the first word that is none, and options."""
    args = Args(words, "xclaim", 0)
    error = errors.MIN_IDLE_INVALID.format(command="XCLAIM")
    options = ClaimOptions(max(0, args.integer(error)))
    while args:
        try:
            options.ids.append(parse_id(args.next()))
        except CommandError:
            args.back()
            break
    while args:
        _take_claim_option(args, options, now_ms)
    if not 0 <= options.time_ms <= now_ms:
        options.time_ms = now_ms
    return options


def _take_claim_option(args: Args, options: ClaimOptions, now_ms: int) -> None:
    typed = args.next()
    name = typed.upper()
    if name == b"FORCE":
        options.force = True
    elif name == b"JUSTID":
        options.just_id = True
    elif name == b"LASTID" and args:
        options.last_id = parse_id(args.next())
    elif name in (b"IDLE", b"TIME", b"RETRYCOUNT") and args:
        value = parse_int64(args.next())
        if value is None:
            raise errors.fail(errors.CLAIM_OPTION_INVALID, option=name)
        if name == b"RETRYCOUNT":
            options.retry_count = value
        else:
            options.time_ms = value if name == b"TIME" else now_ms - value
    else:
        raise errors.fail(errors.CLAIM_OPTION_UNKNOWN, option=typed)


@command(
    "XCLAIM",
    syntax="key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds]"
    " [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
    arity=-6,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "update")),
    group="stream",
    since="5.0.0",
    summary="Take over pending entries, or make entries pending.",
    complexity="O(log N) for each ID, with N entries in the stream",
    tips=("nondeterministic_output",),
    parse=parse_xclaim,
)
def xclaim(ctx: Context, asked: XClaim) -> Reply:
    """Reply with the entries claimed, or with their IDs."""
    key, name = asked.key, asked.group
    stream, group = group_or_error(ctx, key, name)
    options = _parse_claim(asked.words, ctx.now_ms)
    claims = Claims(stream, group)
    ids = [
        entry_id for entry_id in options.ids if _may_claim(claims, entry_id, options, ctx.now_ms)
    ]
    reply = claims.reply(ids, options.just_id)
    if options.last_id > group.last_id:
        moved = GroupMoved(
            ctx.db.number, key, name, options.last_id, group.entries_read, told=False
        )
        moved.changes = 0 if claims.claimed or claims.gone else 1
        ctx.commit(moved)
    claims.commit(ctx, key, name, consumer_for(ctx, key, name, group, asked.consumer))
    return reply


def _may_claim(claims: Claims, entry_id: StreamId, options: ClaimOptions, now_ms: int) -> bool:
    """Decide about one ID; tell whether it is claimed."""
    held = claims.group.pending.get(entry_id)
    if entry_id not in claims.stream:
        if held is not None:
            claims.gone[entry_id] = None
        return False
    if entry_id in claims.claimed:
        time_ms, delivery_count = claims.claimed[entry_id]
        is_owned = True
    elif held is not None:
        time_ms, delivery_count = held.time_ms, held.delivery_count
        is_owned = held.consumer is not None
    elif options.force:
        time_ms, delivery_count, is_owned = now_ms, 1, False
    else:
        return False
    if is_owned and options.min_idle_ms and now_ms - time_ms < options.min_idle_ms:
        return False
    if options.retry_count >= 0:
        delivery_count = options.retry_count
    elif not options.just_id:
        delivery_count += 1
    claims.claim(entry_id, options.time_ms, delivery_count)
    return True


# XAUTOCLAIM


class XAutoClaim(Struct):
    """Where to look for entries to claim. The words are read once the key was looked up."""

    key: bytes
    group: bytes
    consumer: bytes
    words: Args


class AutoClaimOptions(Struct):
    """What follows group and consumer."""

    min_idle_ms: int
    start: StreamId
    count: int = DEFAULT_COUNT
    just_id: bool = False


def parse_xautoclaim(args: Args) -> XAutoClaim:
    """Take key, group and consumer; leave the rest for later."""
    return XAutoClaim(args.next(), args.next(), args.next(), args)


def _parse_autoclaim_options(args: Args) -> AutoClaimOptions:
    """Take min-idle-time, start and options."""
    min_idle_ms = max(0, args.integer(errors.MIN_IDLE_INVALID.format(command="XAUTOCLAIM")))
    asked = AutoClaimOptions(min_idle_ms, parse_low_bound(args.next()))
    while args:
        if args.flag(b"JUSTID"):
            asked.just_id = True
        elif args.flag(b"COUNT") and args:
            asked.count = args.integer(errors.AUTOCLAIM_COUNT)
            if not 0 < asked.count <= MAX_COUNT:
                raise errors.fail(errors.AUTOCLAIM_COUNT)
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


@command(
    "XAUTOCLAIM",
    syntax="key group consumer min-idle-time start [COUNT count] [JUSTID]",
    arity=-6,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "delete")),
    group="stream",
    since="6.2.0",
    summary="Take over entries that have been pending for long, wherever they are.",
    complexity="O(COUNT)",
    tips=("nondeterministic_output",),
    history=(("7.0.0", "Added the list of IDs whose entries are gone to the reply."),),
    parse=parse_xautoclaim,
)
def xautoclaim(ctx: Context, asked: XAutoClaim) -> Reply:
    """Reply with where to go on, what was claimed, and IDs that are pending no more."""
    key, name, now_ms = asked.key, asked.group, ctx.now_ms
    value = ctx.db.find(key)  # counts as a look even if the options are wrong
    options = _parse_autoclaim_options(asked.words)
    stream, group = group_in(value, key, name)
    claims = Claims(stream, group)
    walk = group.pending.from_id(options.start)
    left = options.count
    for entry_id in islice(walk, min(options.count * EXAMINED_PER_CLAIM, len(group.pending))):
        held = group.pending[entry_id]
        too_soon = options.min_idle_ms and now_ms - held.time_ms < options.min_idle_ms
        if entry_id not in stream:
            claims.gone[entry_id] = None
        elif not (too_soon and held.consumer is not None):
            claims.claim(entry_id, now_ms, held.delivery_count + (not options.just_id))
        else:
            continue
        left -= 1
        if not left:
            break
    cursor = next(walk, MIN_ID)
    ids = list(claims.claimed)
    reply = [
        id_bytes(cursor),
        claims.reply(ids, options.just_id),
        [id_bytes(entry_id) for entry_id in claims.gone],
    ]
    claims.commit(ctx, key, name, consumer_for(ctx, key, name, group, asked.consumer))
    return reply
