"""Reading as a consumer of a group: XREADGROUP.

It serves its streams one after the other: new entries (``>``), with CLAIM after
entries that others left pending too long, or what the consumer has pending itself (any
other ID, the history). A delivery is one effect however many entries it has.
"""

from __future__ import annotations

from array import array

from geostream import errors
from geostream.commands.groups import consumer_for, note_seen
from geostream.commands.stream_ids import parse_id
from geostream.commands.stream_options import Caps, ReadOptions, parse_read
from geostream.engine.args import INT64_MAX, Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.engine.shortcut import Shortcut
from geostream.reply import NULL_ARRAY, Block, Later, PairArrays, Reply, Wire, wire_of
from geostream.store import octets, progress
from geostream.store.effects import Claimed
from geostream.store.effects.delivered import delivered
from geostream.store.group import Consumer, Group
from geostream.store.ids import MAX_ID, StreamId, id_bytes
from geostream.store.segment import Piece
from geostream.store.selection import Selection
from geostream.store.stream import Stream

ENTRY_HEAD = b"*2\r\n"  # of an entry's wire form
CLAIM_HEAD = b"*4\r\n"  # with CLAIM, idle time and delivery count come behind
CLAIM_NEW = b":0\r\n:0\r\n"
RECHECK_MS = 100  # at least so much between two looks for something to claim
NULL_FIELDS_BYTES = len(b"*-1\r\n")  # in place of a deleted entry's fields

Record = tuple[StreamId, int, int]  # ID, delivery time in ms, delivery count


class Place:
    """One stream of an XREADGROUP."""

    __slots__ = ("after", "group", "key", "stream")

    def __init__(self, key: bytes, stream: Stream, group: Group, after: StreamId | None) -> None:
        """Read above an ID of the history, or new entries (None)."""
        self.key = key
        self.stream = stream
        self.group = group
        self.after = after


class GroupRead:
    """What XREADGROUP is asked; ``ReadOptions`` says what each word means."""

    __slots__ = (
        "block_ms",
        "claim_ms",
        "consumer",
        "count",
        "group",
        "ids",
        "keys",
        "limits",
        "noack",
    )

    def __init__(self, group: bytes, consumer: bytes, keys: list[bytes], ids: list[bytes]) -> None:
        """Start without options."""
        self.group = group
        self.consumer = consumer
        self.keys = keys
        self.ids = ids
        self.count = -1
        self.block_ms: int | None = None
        self.claim_ms: int | None = None
        self.noack = False
        self.limits: ReadOptions | None = None  # MAXCOUNT and MAXSIZE, if given


class ReadNext(Shortcut):
    """New entries for ``GROUP group consumer [COUNT count] [BLOCK ms] STREAMS key >``."""

    def __init__(self) -> None:
        """Know no reply's head yet."""
        self._key = b""
        self._count = -1
        self._protocol = 0
        self._head = b""

    def take(self, ctx: Context, words: list[bytes]) -> Reply:
        """See ``Shortcut``."""
        at = len(words) - 3
        count = _usual_count(words, at) if words[at + 2] == b">" else 0
        if not count:
            return NotImplemented
        key, name = words[at + 1], words[2]
        stream = ctx.db.lasting_stream(key)
        group = stream.group(name) if stream is not None else None
        consumer = group.reader(words[3]) if group is not None else None
        if stream is None or group is None or consumer is None:
            return NotImplemented
        part = stream.next_part(group, count)
        if part is None:
            return NotImplemented
        ctx.db.note_use(stream, 2)  # Redis looks twice, and counts it
        head = self._head_for(key, part.stop - part.start, ctx.client.protocol)
        reply = part.segment.pieces(part.start, part.stop, head)
        places = part.segment.places(part.start, part.stop)
        _deliver(ctx, key, name, stream, group, consumer, places, False)
        return wire_of(reply)

    def _head_for(self, key: bytes, count: int, protocol: int) -> bytes:
        """Return what stands before the entries: that there is one stream, its key, how many."""
        if count != self._count or protocol != self._protocol or key != self._key:
            outer = b"*1\r\n*2" if protocol == 2 else b"%1"
            self._head = b"%b\r\n$%d\r\n%b\r\n*%d\r\n" % (outer, len(key), key, count)
            self._key, self._count, self._protocol = key, count, protocol
        return self._head


def _usual_count(words: list[bytes], at: int) -> int:
    """Return how many entries are wanted, -1 for all; 0: this is not the usual form.

    at -- where STREAMS has to stand
    """
    if words[at] != b"STREAMS" or words[1] != b"GROUP":
        return 0
    count = -1
    for place in range(4, at, 2):
        number = octets.small_number(words[place + 1])
        if words[place] == b"COUNT" and number > 0:
            count = number
        elif words[place] != b"BLOCK" or number < 0:
            return 0
    return count


def parse_xreadgroup(args: Args) -> GroupRead:
    """Take XREADGROUP's words."""
    options = parse_read(args, group=True)
    asked = GroupRead(options.group or b"", options.consumer, options.keys, options.ids)
    asked.count = options.count
    asked.block_ms = options.block_ms
    asked.claim_ms = options.claim_ms
    asked.noack = options.noack
    if options.is_capped:
        asked.limits = options
    return asked


def _place(ctx: Context, key: bytes, name: bytes, asked_id: bytes) -> Place:
    """Find a stream and group; read the ID that goes with it."""
    stream = ctx.db.stream(key)
    group = stream.groups.get(name) if stream is not None else None
    if stream is None or group is None:
        raise errors.fail(errors.NO_GROUP_TO_READ, key=key, group=name)
    if asked_id == b">":
        return Place(key, stream, group, None)
    if asked_id in (b"$", b"+"):
        raise errors.fail(errors.ID_MEANINGLESS, id=asked_id)
    after = parse_id(asked_id)
    return Place(key, stream, group, after if after != MAX_ID else None)  # Redis takes it for >


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
    shortcut=ReadNext(),
)
def xreadgroup(ctx: Context, asked: GroupRead) -> Reply:
    """Reply with the streams that have something; wait if none has."""
    return _read(ctx, asked)


def _read(ctx: Context, asked: GroupRead) -> Reply:
    places: list[Place] = []
    for number in range(len(asked.keys)):
        places.append(_place(ctx, asked.keys[number], asked.group, asked.ids[number]))
    ctx.keyspace.hits += len(places)  # Redis looks twice, and counts it
    caps = Caps(asked.limits) if asked.limits is not None else None
    claim_ms = asked.claim_ms
    served: list[tuple[bytes, Reply]] = []
    for place in places:
        if caps is not None:
            if caps.is_over:
                break
            caps.open_stream(place.key)
        consumer = place.group.consumers.get(asked.consumer)
        if consumer is None:
            consumer = consumer_for(ctx, place.key, asked.group, place.group, asked.consumer)
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
    line = asked.group if caps is None and claim_ms is None else None
    return Block(asked.keys, asked.block_ms, True, recheck_ms, asked, line)


# New entries


def _read_new(
    ctx: Context,
    place: Place,
    asked: GroupRead,
    consumer: Consumer,
    caps: Caps | None,
    claim_ms: int | None,
) -> Wire | None:
    """Deliver what is due to the consumer; None if nothing is."""
    count = asked.count
    claimed: list[Piece] = []
    records: list[Record] = []
    if claim_ms is not None:
        claimed, records = _pick_claimable(place, claim_ms, count, ctx.now_ms, caps)
        if count > 0:
            count -= len(records)
    selection = _pick_new(place, count, caps, len(CLAIM_NEW) if claim_ms is not None else 0)
    key, name = place.key, asked.group
    if records:
        changes = 0 if selection is not None else 1  # a read counts once
        ctx.commit(Claimed(ctx.db.number, key, name, consumer.name, records, changes))
    if selection is not None:
        places = selection.places()
        _deliver(ctx, key, name, place.stream, place.group, consumer, places, asked.noack)
    if records or consumer.seen_ms != ctx.now_ms:
        note_seen(ctx, key, name, consumer, is_active=bool(records))
    if selection is None and not records:
        return None
    if selection is not None and claim_ms is None:
        return selection.as_array()
    new = selection.count if selection is not None else 0
    pieces: list[Piece | Later] = [b"*%d\r\n" % (len(records) + new)]
    pieces += claimed
    if selection is not None:
        pieces += _all_with_claim(selection)
    return Wire(pieces)


def _deliver(
    ctx: Context,
    key: bytes,
    name: bytes,
    stream: Stream,
    group: Group,
    consumer: Consumer,
    places: array[int],
    noack: bool,
) -> None:
    """Have the group's next entries be given to a consumer."""
    read = progress.entries_read_after(stream, group, places)
    effect = delivered(ctx.db.number, key, name, consumer.name, places, ctx.now_ms, read, noack)
    ctx.keyspace.deliver(stream, group, consumer, effect)


def _pick_new(place: Place, count: int, caps: Caps | None, extra_bytes: int) -> Selection | None:
    """Return the group's next entries, if there are any.

    extra_bytes -- what is sent with each, for MAXSIZE
    """
    if not count:
        return None
    selection = place.stream.select_after(place.group.last_id, count)
    if selection is not None and caps is not None:
        selection = selection.first(_admitted(selection, caps, extra_bytes))
        return selection if selection.count else None
    return selection


def _admitted(selection: Selection, caps: Caps, extra_bytes: int) -> int:
    return caps.admit(size_bytes + extra_bytes for size_bytes in selection.sizes())


def _all_with_claim(selection: Selection) -> list[bytes]:
    return [_with_claim(entry, CLAIM_NEW) for entry in selection.entries()]


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
    ctx: Context, place: Place, asked: GroupRead, consumer: Consumer, caps: Caps | None
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
    group_name = asked.group
    if records:
        ctx.commit(Claimed(ctx.db.number, place.key, group_name, consumer.name, records))
    note_seen(ctx, place.key, group_name, consumer)
    return entries


def _history_bytes(entry_id: StreamId, entry: bytes | bytearray | None) -> int:
    if entry is not None:
        return len(entry)
    shown = id_bytes(entry_id)
    return len(ENTRY_HEAD) + len(b"$%d\r\n\r\n" % len(shown)) + len(shown) + NULL_FIELDS_BYTES
