"""XINFO: what there is to know about a stream, its groups and their consumers."""

from __future__ import annotations

from itertools import islice

from msgspec import Struct

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import Reply, Wire
from geostream.store import progress
from geostream.store.group import NEVER, Consumer, Group
from geostream.store.ids import MAX_ID, MIN_ID, StreamId, id_bytes
from geostream.store.stream import Stream

DEFAULT_COUNT = 10  # of each list in XINFO STREAM FULL

container(
    "XINFO",
    group="stream",
    since="5.0.0",
    summary="Tell about streams and consumer groups.",
)

help_command(
    "XINFO",
    [
        "CONSUMERS <key> <groupname>",
        "    Show consumers of <groupname>.",
        "GROUPS <key>",
        "    Show the stream consumer groups.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
    ],
    group="stream",
    since="5.0.0",
)


class XInfoStream(Struct):
    """A stream to tell about. The options are read once the key is found."""

    key: bytes
    options: list[bytes]
    typed: bytes  # the sub-command, for the error that repeats it

    def full_count(self) -> int | None:
        """Return how much of each list FULL shows, 0 for all; None without FULL."""
        words = [word.upper() for word in self.options[:2]]
        if not words:
            return None
        if (
            words[0] != b"FULL"
            or len(self.options) not in (1, 3)
            or words[1:] not in ([], [b"COUNT"])
        ):
            raise errors.fail(errors.SUBCOMMAND_SYNTAX, name=self.typed, container="XINFO")
        if len(self.options) == 1:
            return DEFAULT_COUNT
        count = Args(self.options, "xinfo|stream", 2).integer()
        return count if count >= 0 else DEFAULT_COUNT


def parse_xinfo_stream(args: Args) -> XInfoStream:
    """Take the key; leave the options for later."""
    return XInfoStream(args.next(), args.rest(), args.words[1][:128])


def _stream_or_error(ctx: Context, key: bytes) -> Stream:
    stream = ctx.db.stream(key)
    if stream is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    return stream


@command(
    "XINFO STREAM",
    syntax="key [FULL [COUNT count]]",
    arity=-3,
    flags={Flag.READONLY},
    keys=Keys(("RO", "access"), first=2),
    group="stream",
    since="5.0.0",
    summary="Tell about a stream.",
    history=(
        ("6.0.0", "Added FULL."),
        (
            "7.0.0",
            "Added max-deleted-entry-id, entries-added, recorded-first-entry-id, entries-read"
            " and lag.",
        ),
        ("7.2.0", "Added active-time; seen-time is set by every command that names a consumer."),
        ("8.6.0", "Added the fields about idempotent producers."),
        ("8.8.0", "Added nacked-count."),
    ),
    parse=parse_xinfo_stream,
)
def xinfo_stream(ctx: Context, asked: XInfoStream) -> Reply:
    """Reply with a map."""
    stream = _stream_or_error(ctx, asked.key)
    count = asked.full_count()
    nodes, producers = len(stream.nodes), stream.idempotency
    about: dict[bytes, Reply] = {
        b"length": stream.length,
        b"radix-tree-keys": nodes,
        b"radix-tree-nodes": nodes + 1,
        b"last-generated-id": id_bytes(stream.last_id),
        b"max-deleted-entry-id": id_bytes(stream.max_deleted_id),
        b"entries-added": stream.entries_added,
        b"recorded-first-entry-id": id_bytes(stream.first_id),
        b"idmp-duration": producers.duration_s,
        b"idmp-maxsize": producers.max_size,
        b"pids-tracked": len(producers.producers),
        b"iids-tracked": producers.iids_tracked,
        b"iids-added": producers.iids_added,
        b"iids-duplicates": producers.iids_duplicates,
    }
    if count is None:
        about[b"groups"] = len(stream.groups)
        about[b"first-entry"] = _entry(stream, stream.first_id)
        about[b"last-entry"] = _entry(stream, stream.last_entry_id)
    else:
        selection = stream.select(MIN_ID, MAX_ID, count or -1)
        about[b"entries"] = selection.as_array()
        about[b"groups"] = [
            _full_group(name, stream.groups[name], stream, count or None)
            for name in sorted(stream.groups)
        ]
    return about


def _entry(stream: Stream, entry_id: StreamId) -> Reply:
    entry = stream.entry(entry_id) if stream.length else None
    return Wire((entry,)) if entry is not None else None


def _full_group(name: bytes, group: Group, stream: Stream, count: int | None) -> Reply:
    pending = []
    for entry_id in islice(group.pending.from_id(MIN_ID), count):
        held = group.pending[entry_id]
        owner = held.consumer.name if held.consumer is not None else b""
        pending.append([id_bytes(entry_id), owner, held.time_ms, held.delivery_count])
    return {
        b"name": name,
        b"last-delivered-id": id_bytes(group.last_id),
        b"entries-read": group.entries_read,
        b"lag": progress.lag(stream, group),
        b"pel-count": len(group.pending),
        b"nacked-count": len(group.released),
        b"pending": pending,
        b"consumers": [
            _full_consumer(group.consumers[consumer_name], group, count)
            for consumer_name in sorted(group.consumers)
        ],
    }


def _full_consumer(consumer: Consumer, group: Group, count: int | None) -> Reply:
    pending = []
    for entry_id in islice(consumer.pending.from_id(MIN_ID), count):
        held = group.pending[entry_id]
        pending.append([id_bytes(entry_id), held.time_ms, held.delivery_count])
    return {
        b"name": consumer.name,
        b"seen-time": consumer.seen_ms,
        b"active-time": consumer.active_ms,
        b"pel-count": len(consumer.pending),
        b"pending": pending,
    }


def parse_xinfo_groups(args: Args) -> bytes:
    """Take the key."""
    return args.next()


@command(
    "XINFO GROUPS",
    syntax="key",
    arity=3,
    flags={Flag.READONLY},
    keys=Keys(("RO", "access"), first=2),
    group="stream",
    since="5.0.0",
    summary="Tell about a stream's consumer groups.",
    history=(("7.0.0", "Added entries-read and lag."),),
    parse=parse_xinfo_groups,
)
def xinfo_groups(ctx: Context, key: bytes) -> Reply:
    """Reply with a map for each group, in the order of their names."""
    stream = _stream_or_error(ctx, key)
    return [
        {
            b"name": name,
            b"consumers": len(group.consumers),
            b"pending": len(group.pending),
            b"last-delivered-id": id_bytes(group.last_id),
            b"entries-read": group.entries_read,
            b"lag": progress.lag(stream, group),
        }
        for name, group in sorted(stream.groups.items())
    ]


class XInfoConsumers(Struct):
    """A group whose consumers to tell about."""

    key: bytes
    group: bytes


def parse_xinfo_consumers(args: Args) -> XInfoConsumers:
    """Take key and group."""
    return XInfoConsumers(args.next(), args.next())


@command(
    "XINFO CONSUMERS",
    syntax="key group",
    arity=4,
    flags={Flag.READONLY},
    keys=Keys(("RO", "access"), first=2),
    group="stream",
    since="5.0.0",
    summary="Tell about a group's consumers.",
    tips=("nondeterministic_output",),
    history=(
        ("7.2.0", "Added inactive; idle is set back by every command that names the consumer."),
    ),
    parse=parse_xinfo_consumers,
)
def xinfo_consumers(ctx: Context, asked: XInfoConsumers) -> Reply:
    """Reply with a map for each consumer, in the order of their names."""
    group = _stream_or_error(ctx, asked.key).groups.get(asked.group)
    if group is None:
        raise errors.fail(errors.NO_GROUP, key=asked.key, group=asked.group)
    now_ms = ctx.now_ms
    return [
        {
            b"name": name,
            b"pending": len(consumer.pending),
            b"idle": max(0, now_ms - consumer.seen_ms),
            b"inactive": (
                max(0, now_ms - consumer.active_ms) if consumer.active_ms != NEVER else NEVER
            ),
        }
        for name, consumer in sorted(group.consumers.items())
    ]
