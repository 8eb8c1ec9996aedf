"""Reading as a consumer of a group, and saying what became of it: XREADGROUP, XACK, XNACK.

XREADGROUP serves its streams one after the other: new entries (``>``), with CLAIM after
entries that others left pending too long, or what the consumer has pending itself (any
other ID, the history). A delivery is one effect however many entries it has.
"""

from __future__ import annotations

from dataclasses import dataclass

from geostream import errors
from geostream.commands.groups import consumer_for, find_group, group_or_error, note_seen
from geostream.commands.stream_ids import parse_id, parse_ids
from geostream.commands.stream_options import Caps, ReadOptions, parse_read
from geostream.engine.args import INT64_MAX, Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import NULL_ARRAY, Block, Later, PairArrays, Reply, Wire
from geostream.store.effects import Claimed, Delivered, PendingRemoved, Released
from geostream.store.group import Consumer, Group
from geostream.store.ids import MAX_ID, StreamId, id_bytes, successor
from geostream.store.segment import Piece
from geostream.store.stream import Stream

ENTRY_HEAD = b"*2\r\n"  # of an entry's wire form
CLAIM_HEAD = b"*4\r\n"  # with CLAIM, idle time and delivery count come behind
CLAIM_NEW = b":0\r\n:0\r\n"
RECHECK_MS = 100  # at least so much between two looks for something to claim
NULL_FIELDS_BYTES = len(b"*-1\r\n")  # in place of a deleted entry's fields

Record = tuple[StreamId, int, int]  # ID, delivery time in ms, delivery count


@dataclass(slots=True)
class Place:
    """One stream of an XREADGROUP."""

    key: bytes
    stream: Stream
    group: Group
    after: StreamId | None  # history above this ID; None: new entries


def parse_xreadgroup(args: Args) -> ReadOptions:
    """Take XREADGROUP's words."""
    return parse_read(args, group=True)


def _place(ctx: Context, key: bytes, group: bytes, asked_id: bytes) -> Place:
    """Find a stream and group; read the ID that goes with it."""
    found = find_group(ctx, key, group)
    if found is None:
        raise errors.fail(errors.NO_GROUP_TO_READ, key=key, group=group)
    if asked_id == b">":
        return Place(key, *found, None)
    if asked_id in (b"$", b"+"):
        raise errors.fail(errors.ID_MEANINGLESS, id=asked_id)
    after = parse_id(asked_id)
    return Place(key, *found, after if after != MAX_ID else None)  # Redis takes it for >


@command(
    "XREADGROUP",
    syntax="GROUP group consumer [COUNT count] [MAXCOUNT maxcount] [MAXSIZE bytes]"
    " [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key [key ...] id [id ...]",
    arity=-7,
    flags={Flag.WRITE, Flag.BLOCKING, Flag.MOVABLEKEYS},
    keys=Keys(("RO", "access"), keyword="STREAMS", startfrom=4, last=-1, limit=2),
    group="stream",
    since="5.0.0",
    summary="Return new or pending entries to a consumer of a group, waiting for some if asked to.",
    complexity="O(M) for each stream, with M entries returned",
    history=(
        ("8.4.0", "Added CLAIM."),
        ("8.10.0", "Added MAXCOUNT and MAXSIZE."),
    ),
    parse=parse_xreadgroup,
)
def xreadgroup(ctx: Context, asked: ReadOptions) -> Reply:
    """Reply with the streams that have something; wait if none has."""
    group = asked.group
    assert group is not None
    places = [
        _place(ctx, key, group, asked_id)
        for key, asked_id in zip(asked.keys, asked.ids, strict=True)
    ]
    ctx.keyspace.hits += len(places)  # Redis looks twice, and counts it
    caps = Caps(asked) if asked.is_capped else None
    claim_ms = asked.claim_ms
    served: list[tuple[bytes, Reply]] = []
    for place in places:
        if caps is not None:
            if caps.is_over:
                break
            caps.open_stream(place.key)
        consumer = consumer_for(ctx, place.key, group, place.group, asked.consumer)
        if place.after is not None:
            served.append((place.key, _read_history(ctx, place, asked, consumer, caps)))
            claim_ms = None  # as in Redis: not for the streams behind a history read
        else:
            entries = _read_new(ctx, place, asked, consumer, caps, claim_ms)
            if entries is not None:
                served.append((place.key, entries))
    if served:
        return PairArrays(served)
    if asked.block_ms is None or ctx.in_transaction:
        return NULL_ARRAY
    recheck_ms = _recheck_ms(places, claim_ms, ctx.now_ms) if claim_ms is not None else None
    # Workers of a group want the same entries; caps and claims may pass some over.
    line = group if caps is None and claim_ms is None else None
    return Block(asked.keys, asked.block_ms, True, recheck_ms, asked, line)


# New entries


def _read_new(
    ctx: Context,
    place: Place,
    asked: ReadOptions,
    consumer: Consumer,
    caps: Caps | None,
    claim_ms: int | None,
) -> Wire | None:
    """Deliver what is due to the consumer; None if nothing is."""
    group_name, count = asked.group or b"", asked.count
    claimed: list[Piece] = []
    records: list[Record] = []
    if claim_ms is not None:
        claimed, records = _pick_claimable(place, claim_ms, count, ctx.now_ms, caps)
        if count > 0:
            count -= len(records)
    ids, entries = _pick_new(place, count, caps, with_claim=claim_ms is not None)
    number, key = ctx.db.number, place.key
    if records:
        changes = 0 if ids else 1  # a read counts once
        ctx.commit(Claimed(number, key, group_name, consumer.name, records, changes))
    if ids:
        read = place.stream.entries_read_after(place.group, ids)
        ctx.commit(
            Delivered(number, key, group_name, consumer.name, ids, ctx.now_ms, read, asked.noack)
        )
    note_seen(ctx, key, group_name, consumer, is_active=bool(records))
    if not ids and not records:
        return None
    return Wire([b"*%d\r\n" % (len(ids) + len(records)), *claimed, *entries])


def _pick_new(
    place: Place, count: int, caps: Caps | None, with_claim: bool
) -> tuple[list[StreamId], list[Piece | Later]]:
    """Return the group's next entries: their IDs and the wire forms to send."""
    stream, position = place.stream, place.group.last_id
    if not count or stream.last_entry_id <= position:
        return [], []
    selection = stream.select(successor(position), MAX_ID, count)
    if caps is not None:
        extra_bytes = len(CLAIM_NEW) if with_claim else 0
        sizes_bytes = (size_bytes + extra_bytes for size_bytes in selection.sizes())
        selection = selection.first(caps.admit(sizes_bytes))
    if with_claim:
        return selection.ids(), [_with_claim(entry, CLAIM_NEW) for entry in selection.entries()]
    return selection.ids(), selection.to_send()


def _with_claim(entry: bytes | bytearray, tail: bytes) -> bytes:
    """Return an entry's wire form with idle time and delivery count behind."""
    return b"".join((CLAIM_HEAD, entry[len(ENTRY_HEAD) :], tail))


def _pick_claimable(
    place: Place, claim_ms: int, count: int, now_ms: int, caps: Caps | None
) -> tuple[list[Piece], list[Record]]:
    """Return what has been pending for so long: the wire forms to send, the records to make."""
    entries: list[Piece] = []
    records: list[Record] = []
    for entry_id, held in place.group.oldest_first():
        idle_ms = now_ms - held.time_ms
        if len(records) == count or (held.consumer is not None and idle_ms < claim_ms):
            break
        entry = place.stream.entry(entry_id)
        if entry is None:  # deleted meanwhile: stays pending until somebody acknowledges it
            continue
        entry = _with_claim(entry, b":%d\r\n:%d\r\n" % (idle_ms, held.delivery_count))
        if caps is not None and not caps.admit((len(entry),)):
            break
        entries.append(entry)
        records.append((entry_id, now_ms, min(held.delivery_count + 1, INT64_MAX)))
    return entries, records


def _recheck_ms(places: list[Place], claim_ms: int, now_ms: int) -> int:
    """Return when the first pending entry can be claimed, if nothing changes until then."""
    due_ms = [now_ms + max(claim_ms, RECHECK_MS)]
    for place in places:
        for entry_id, held in place.group.oldest_first():
            if entry_id in place.stream:
                due_ms.append(max(held.time_ms + claim_ms, now_ms + 1))
                break
    return min(due_ms)


# History


def _read_history(
    ctx: Context, place: Place, asked: ReadOptions, consumer: Consumer, caps: Caps | None
) -> Reply:
    """Return what the consumer has pending above an ID; a deleted entry has no fields."""
    assert place.after is not None
    entries: list[Reply] = []
    records: list[Record] = []
    pending = place.group.pending
    for entry_id in consumer.pending.after_id(place.after):
        if len(entries) == asked.count:
            break
        entry = place.stream.entry(entry_id)
        if caps is not None and not caps.admit((_history_bytes(entry_id, entry),)):
            break
        if entry is None:
            entries.append([id_bytes(entry_id), NULL_ARRAY])
        else:
            entries.append(Wire((entry,)))
            count = min(pending[entry_id].delivery_count + 1, INT64_MAX)
            records.append((entry_id, ctx.now_ms, count))
    group_name = asked.group or b""
    if records:
        ctx.commit(Claimed(ctx.db.number, place.key, group_name, consumer.name, records))
    note_seen(ctx, place.key, group_name, consumer)
    return entries


def _history_bytes(entry_id: StreamId, entry: bytes | bytearray | None) -> int:
    if entry is not None:
        return len(entry)
    shown = id_bytes(entry_id)
    return len(ENTRY_HEAD) + len(b"$%d\r\n\r\n" % len(shown)) + len(shown) + NULL_FIELDS_BYTES


# Acknowledging


@dataclass(slots=True)
class XAck:
    """IDs to acknowledge, as typed: they are read once the group is found."""

    key: bytes
    group: bytes
    ids: list[bytes]


def parse_xack(args: Args) -> XAck:
    """Take key, group and IDs."""
    return XAck(args.next(), args.next(), args.rest())


@command(
    "XACK",
    syntax="key group id [id ...]",
    arity=-4,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "update")),
    group="stream",
    since="5.0.0",
    summary="Acknowledge entries: they are pending no more.",
    complexity="O(1) for each ID",
    parse=parse_xack,
)
def xack(ctx: Context, asked: XAck) -> Reply:
    """Reply with the number of entries that were pending."""
    found = find_group(ctx, asked.key, asked.group)
    if found is None:
        return 0
    pending = found[1].pending
    ids = [entry_id for entry_id in dict.fromkeys(parse_ids(asked.ids)) if entry_id in pending]
    if ids:
        ctx.commit(PendingRemoved(ctx.db.number, asked.key, asked.group, ids, len(ids)))
    return len(ids)


@dataclass(slots=True)
class XNack:
    """Entries to give back. What follows the group is read once the group is found."""

    key: bytes
    group: bytes
    words: list[bytes]


@dataclass(slots=True)
class Release:
    """What XNACK's words say."""

    mode: bytes
    ids: list[bytes]
    force: bool = False
    retry_count: int | None = None

    def count_after(self, delivery_count: int) -> int:
        """Return what a delivery count becomes."""
        if self.retry_count is not None:
            return self.retry_count
        if self.mode == b"FATAL":
            return INT64_MAX
        return max(0, delivery_count - 1) if self.mode == b"SILENT" else delivery_count


def parse_xnack(args: Args) -> XNack:
    """Take key and group; leave the rest for later."""
    return XNack(args.next(), args.next(), args.rest())


def _parse_release(words: list[bytes]) -> Release:
    """Take mode, options and IDs."""
    args = Args(words, "xnack", 0)
    release = Release(args.next().upper(), [])
    if release.mode not in (b"SILENT", b"FAIL", b"FATAL"):
        raise errors.fail(errors.NACK_MODE)
    has_ids = False
    while args:
        typed = args.next()
        option = typed.upper()
        if option == b"FORCE":
            release.force = True
        elif option == b"RETRYCOUNT" and args:
            release.retry_count = args.integer()
            if release.retry_count < 0:
                raise errors.fail(errors.NACK_RETRYCOUNT)
        elif option == b"IDS" and args:
            release.ids = _take_nacked_ids(args)
            has_ids = True
        else:
            raise errors.fail(errors.NACK_OPTION_UNKNOWN, option=typed)
    if not has_ids:
        raise errors.fail(errors.NACK_NEEDS_IDS)
    return release


def _take_nacked_ids(args: Args) -> list[bytes]:
    count = args.integer(errors.NACK_NUMIDS)
    if not 0 < count < 2**31:
        raise errors.fail(errors.NACK_NUMIDS)
    if count > len(args):
        raise errors.fail(errors.NACK_TOO_FEW_IDS)
    return args.take(count)


@command(
    "XNACK",
    syntax="key group <SILENT | FAIL | FATAL> [FORCE] [RETRYCOUNT count] IDS numids id [id ...]",
    arity=-7,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "update")),
    group="stream",
    since="8.8.0",
    summary="Give pending entries back, so that any consumer may claim them at once.",
    complexity="O(1) for each ID",
    parse=parse_xnack,
)
def xnack(ctx: Context, asked: XNack) -> Reply:
    """Reply with the number of IDs given back."""
    stream, group = group_or_error(ctx, asked.key, asked.group)
    release = _parse_release(asked.words)
    counts: dict[StreamId, int] = {}  # in the order of release
    released = 0
    for entry_id in parse_ids(release.ids):
        held = group.pending.get(entry_id)
        if entry_id in counts:
            count = counts.pop(entry_id)
        elif held is not None:
            count = held.delivery_count
        elif release.force and entry_id in stream:
            count = 0
        else:
            continue
        counts[entry_id] = release.count_after(count)
        released += 1
    if counts:
        ctx.commit(Released(ctx.db.number, asked.key, asked.group, list(counts.items()), released))
    return released
