"""Saying what became of entries that a group delivered: XACK, XNACK.

Either is one effect, however many IDs it is given.
"""

from __future__ import annotations

from array import array

from msgspec import Struct

from geostream import errors
from geostream.commands import id_lists
from geostream.commands.groups import group_or_error
from geostream.commands.stream_ids import parse_ids
from geostream.engine.args import INT64_MAX, Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.engine.shortcut import Shortcut
from geostream.reply import Reply
from geostream.store import halves
from geostream.store.deliveries import packed
from geostream.store.effects import Released
from geostream.store.effects.pending_removed import PendingRemoved, pending_removed
from geostream.store.ids import StreamId
from geostream.store.pending import Pel

_HALVES = packed([])  # what arrays are made like


class XAck:
    """IDs to acknowledge, as typed: they are read once the group is found."""

    __slots__ = ("group", "ids", "key")

    def __init__(self, key: bytes, group: bytes, ids: list[bytes]) -> None:
        """Hold what was typed."""
        self.key = key
        self.group = group
        self.ids = ids


class AckPending(Shortcut):
    """XACK of IDs that are all pending: ascending, and spelled as they were sent."""

    def take(self, ctx: Context, words: list[bytes]) -> Reply:
        """See ``Shortcut``."""
        key, name = words[1], words[2]
        stream = ctx.db.lasting_stream(key)
        group = stream.group(name) if stream is not None else None
        if stream is None or group is None:
            return NotImplemented
        ids = id_lists.plain_ids(words, 3, _HALVES)
        if ids is None or not _are_pending(group.pending, ids):
            return NotImplemented
        count = len(words) - 3
        ctx.db.note_use(stream, 1)
        effect = pending_removed(ctx.db.number, key, name, ids, count)
        ctx.keyspace.acknowledge(stream, group, effect)
        return count


def _are_pending(pel: Pel, places: array[int]) -> bool:
    """Tell whether IDs, ms, seq, ms, seq, ..., ascend, and each is pending."""
    number = 0
    while number < len(places) // 2:
        if number and not _ascends_at(places, 2 * number):
            return False
        run = pel.run(places, number)
        if not run:
            return False
        number += run
    return True


def _ascends_at(places: array[int], at: int) -> bool:
    """Tell whether the ID before this place is below the one there."""
    ms, before_ms = halves.half(places, at), halves.half(places, at - 2)
    if ms != before_ms:
        return before_ms < ms
    return halves.half(places, at - 1) < halves.half(places, at + 1)


def parse_xack(args: Args) -> XAck:
    """Take key, group and IDs."""
    words = args.words
    return XAck(words[1], words[2], words[3:])


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
    shortcut=AckPending(),
)
def xack(ctx: Context, asked: XAck) -> Reply:
    """Reply with the number of entries that were pending."""
    stream = ctx.db.stream(asked.key)
    group = stream.groups.get(asked.group) if stream is not None else None
    if group is None:
        return 0
    ids = [
        entry_id for entry_id in dict.fromkeys(parse_ids(asked.ids)) if entry_id in group.pending
    ]
    if ids:
        ctx.commit(PendingRemoved(ctx.db.number, asked.key, asked.group, packed(ids), len(ids)))
    return len(ids)


class XNack(Struct):
    """Entries to give back. What follows the group is read once the group is found."""

    key: bytes
    group: bytes
    words: list[bytes]


class Release(Struct):
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
