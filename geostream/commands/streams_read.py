"""Commands that look at entries without a group: XLEN, XRANGE, XREVRANGE, XREAD.

Entries leave in the form in which they are kept: a reply is the head of an array and
slices of segments.
"""

from __future__ import annotations

from geostream import errors
from geostream.commands.stream_ids import parse_high_bound, parse_id, parse_low_bound
from geostream.commands.stream_options import Caps, ReadOptions, parse_read
from geostream.commands.streams_range import ReadRange
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import NULL_ARRAY, Block, PairArrays, Reply, Wire
from geostream.store.ids import MIN_ID, StreamId, id_bytes, predecessor
from geostream.store.selection import NO_ENTRIES, Selection
from geostream.store.stream import Stream


def parse_key(args: Args) -> bytes:
    """Take the one argument, a key."""
    return args.next()


@command(
    "XLEN",
    syntax="key",
    arity=2,
    flags={Flag.READONLY, Flag.FAST},
    keys=Keys(("RO",)),
    group="stream",
    since="5.0.0",
    summary="Tell how many entries a stream has.",
    parse=parse_key,
)
def xlen(ctx: Context, key: bytes) -> Reply:
    """Reply with the number of entries; 0 without a stream."""
    stream = ctx.db.stream(key)
    return stream.length if stream is not None else 0


class XRange:
    """A range of IDs, both ends included."""

    __slots__ = ("count", "end", "key", "start")

    def __init__(self, key: bytes, start: StreamId, end: StreamId, count: int) -> None:
        """Hold what is asked. ``count`` -1 is no limit."""
        self.key = key
        self.start = start
        self.end = end
        self.count = count


def _parse_count(args: Args) -> int:
    count = -1
    while args:
        if not args.flag(b"COUNT"):
            raise errors.fail(errors.SYNTAX)
        count = max(0, args.integer())
    return count


def parse_xrange(args: Args) -> XRange:
    """Take key, start, end and COUNT."""
    key = args.next()
    start = parse_low_bound(args.next())
    end = parse_high_bound(args.next())
    return XRange(key, start, end, _parse_count(args))


def parse_xrevrange(args: Args) -> XRange:
    """Take key, end, start and COUNT; the low bound is looked at first all the same."""
    key = args.next()
    high = args.next()
    start = parse_low_bound(args.next())
    return XRange(key, start, parse_high_bound(high), _parse_count(args))


@command(
    "XRANGE",
    syntax="key start end [COUNT count]",
    arity=-4,
    flags={Flag.READONLY},
    keys=Keys(("RO", "access")),
    group="stream",
    since="5.0.0",
    summary="Return the entries between two IDs, oldest first.",
    complexity="O(log(N)+M) with N entries in the stream and M of them returned",
    history=(("6.2.0", "Added exclusive ranges."),),
    parse=parse_xrange,
    shortcut=ReadRange(),
)
def xrange(ctx: Context, asked: XRange) -> Reply:
    """Reply with the entries; a null array if none are wanted of an existing stream."""
    stream = ctx.db.stream(asked.key)
    if stream is None:
        return NO_ENTRIES
    if not asked.count:
        return NULL_ARRAY
    return stream.select(asked.start, asked.end, asked.count).as_array()


@command(
    "XREVRANGE",
    syntax="key end start [COUNT count]",
    arity=-4,
    flags={Flag.READONLY},
    keys=Keys(("RO", "access")),
    group="stream",
    since="5.0.0",
    summary="Return the entries between two IDs, newest first.",
    complexity="O(log(N)+M) with N entries in the stream and M of them returned",
    history=(("6.2.0", "Added exclusive ranges."),),
    parse=parse_xrevrange,
)
def xrevrange(ctx: Context, asked: XRange) -> Reply:
    """Reply with the entries; a null array if none are wanted of an existing stream."""
    stream = ctx.db.stream(asked.key)
    if stream is None:
        return NO_ENTRIES
    if not asked.count:
        return NULL_ARRAY
    return stream.select_last(asked.start, asked.end, asked.count).as_array_reversed()


def parse_xread(args: Args) -> ReadOptions:
    """Take XREAD's words."""
    return parse_read(args, group=False)


def _position(stream: Stream | None, asked: bytes) -> StreamId:
    """Return the ID after which to read."""
    if asked == b"$":
        return stream.last_id if stream is not None else MIN_ID
    if asked == b"+":
        if stream is None or not stream.length:
            return MIN_ID
        return predecessor(stream.last_entry_id)
    if asked == b">":
        raise errors.fail(errors.GREATER_OUTSIDE_GROUP)
    return parse_id(asked)


@command(
    "XREAD",
    syntax="[COUNT count] [MAXCOUNT maxcount] [MAXSIZE bytes] [BLOCK milliseconds]"
    " STREAMS key [key ...] id [id ...]",
    arity=-4,
    flags={Flag.READONLY, Flag.BLOCKING, Flag.MOVABLEKEYS},
    keys=Keys(("RO", "access"), keyword="STREAMS", startfrom=1, last=-1, limit=2),
    group="stream",
    since="5.0.0",
    summary="Return entries of one or more streams after given IDs, waiting for some if asked to.",
    complexity="O(log(N)+M) for each stream, with N entries in it and M of them returned",
    history=(
        ("8.0.0", "Added the + ID, the last entry there is."),
        ("8.10.0", "Added MAXCOUNT and MAXSIZE."),
    ),
    parse=parse_xread,
)
def xread(ctx: Context, asked: ReadOptions) -> Reply:
    """Reply with the streams that have something after their ID; wait if none has."""
    db = ctx.db
    keys: list[bytes] = asked.keys
    ids: list[bytes] = asked.ids
    stream: Stream | None
    selection: Selection | None
    streams: list[Stream | None] = []
    positions: list[StreamId] = []
    for number in range(len(keys)):
        stream = db.stream(keys[number])
        streams.append(stream)
        positions.append(_position(stream, ids[number]))
    caps = Caps(asked) if asked.max_count > 0 or asked.max_size_bytes > 0 else None
    served: list[tuple[bytes, Wire]] = []
    for number in range(len(keys)):
        if caps is not None and caps.is_over:
            break
        key, stream = keys[number], streams[number]
        if stream is None:  # Redis looks twice, and counts it
            db.note_miss(key)
            continue
        ctx.keyspace.hits += 1
        selection = stream.select_after(positions[number], asked.count)
        if selection is not None and caps is not None:
            caps.open_stream(key)
            selection = caps.cut(selection)
        if selection is not None and selection.count:
            served.append((key, selection.as_array()))
    if served:
        return PairArrays(served)
    if asked.block_ms is None or ctx.in_transaction:
        return NULL_ARRAY
    asked.ids = [  # what $ stands for is decided once, before the wait
        id_bytes(position) if asked_id == b"$" else asked_id
        for asked_id, position in zip(ids, positions, strict=True)
    ]
    return Block(asked.keys, asked.block_ms, again=asked)
