"""XGROUP: make, move and remove consumer groups and their consumers.

Redis looks at options first, then at the key and the group, then at the number of words
and at the ID. So a handler here reads the ID itself, and learns whether there were too
many words.
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.stream_ids import parse_id
from geostream.commands.streams_write import create_stream
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import OK, Reply
from geostream.store.effects import (
    ConsumerCreated,
    ConsumerDeleted,
    GroupCreated,
    GroupDestroyed,
    GroupMoved,
)
from geostream.store.group import Group
from geostream.store.ids import MAX_ID, MIN_ID, StreamId
from geostream.store.stream import Stream

MAX_CREATE_OPTIONS = 3  # words after the ID

container(
    "XGROUP",
    group="stream",
    since="5.0.0",
    summary="Manage consumer groups.",
)

help_command(
    "XGROUP",
    [
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
    ],
    group="stream",
    since="5.0.0",
)


class GroupPosition(Struct):
    """Where a group is to read on from."""

    key: bytes
    group: bytes
    id: bytes  # as typed; $ is the stream's last ID
    entries_read: int | None
    make_stream: bool
    extra_words: int  # after the ID
    typed: bytes  # the sub-command, for the error that repeats it

    def wrong_syntax(self) -> errors.CommandError:
        """Return the error for words that do not belong together, to be raised."""
        return errors.fail(errors.SUBCOMMAND_SYNTAX, name=self.typed, container="XGROUP")


def _parse_position(args: Args, may_make_stream: bool) -> GroupPosition:
    key, group, asked_id = args.take(3)
    asked = GroupPosition(key, group, asked_id, None, False, len(args), args.words[1][:128])
    while args:
        if may_make_stream and args.flag(b"MKSTREAM"):
            asked.make_stream = True
        elif args.flag(b"ENTRIESREAD") and args:
            entries_read = args.integer()
            if entries_read < -1:
                raise errors.fail(errors.ENTRIES_READ_NEGATIVE)
            asked.entries_read = entries_read if entries_read >= 0 else None
        else:
            raise asked.wrong_syntax()
    return asked


def parse_xgroup_create(args: Args) -> GroupPosition:
    """Take key, group, ID and options."""
    return _parse_position(args, may_make_stream=True)


def parse_xgroup_setid(args: Args) -> GroupPosition:
    """Take key, group, ID and ENTRIESREAD."""
    return _parse_position(args, may_make_stream=False)


def _stream_or_error(ctx: Context, key: bytes) -> Stream:
    stream = ctx.db.stream(key)
    if stream is None:
        raise errors.fail(errors.GROUP_NEEDS_KEY)
    return stream


def _group_or_error(ctx: Context, key: bytes, name: bytes) -> Group:
    group = _stream_or_error(ctx, key).groups.get(name)
    if group is None:
        raise errors.fail(errors.NO_GROUP, key=key, group=name)
    return group


def _entries_read(asked: GroupPosition, stream: Stream | None) -> int | None:
    """Return the counter to set; no more than there ever were."""
    if asked.entries_read is None:
        return None
    return min(asked.entries_read, stream.entries_added if stream is not None else 0)


@command(
    "XGROUP CREATE",
    syntax="key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
    arity=-5,
    flags={Flag.WRITE, Flag.DENYOOM},
    keys=Keys(("RW", "insert"), first=2),
    group="stream",
    since="5.0.0",
    summary="Make a consumer group.",
    history=(("7.0.0", "Added ENTRIESREAD."),),
    parse=parse_xgroup_create,
)
def xgroup_create(ctx: Context, asked: GroupPosition) -> Reply:
    """Reply OK."""
    stream = ctx.db.stream(asked.key)
    if stream is None and not asked.make_stream:
        raise errors.fail(errors.GROUP_NEEDS_KEY)
    if asked.extra_words > MAX_CREATE_OPTIONS:
        raise asked.wrong_syntax()
    if asked.id == b"$":
        last_id = stream.last_id if stream is not None else MIN_ID
    else:
        last_id = parse_id(asked.id)
    if stream is None:
        stream = create_stream(ctx, asked.key)
    elif asked.group in stream.groups:
        raise errors.fail(errors.GROUP_EXISTS)
    entries_read = _entries_read(asked, stream)
    ctx.commit(GroupCreated(ctx.db.number, asked.key, asked.group, last_id, entries_read))
    return OK


def _position(stream: Stream, asked: bytes) -> StreamId:
    if asked == b"$":
        return stream.last_id
    if asked == b"-":
        return MIN_ID
    return MAX_ID if asked == b"+" else parse_id(asked)


@command(
    "XGROUP SETID",
    syntax="key group <id | $> [ENTRIESREAD entries-read]",
    arity=-5,
    flags={Flag.WRITE},
    keys=Keys(("RW", "update"), first=2),
    group="stream",
    since="5.0.0",
    summary="Let a consumer group read on from another ID.",
    history=(("7.0.0", "Added ENTRIESREAD."),),
    parse=parse_xgroup_setid,
)
def xgroup_setid(ctx: Context, asked: GroupPosition) -> Reply:
    """Reply OK."""
    stream = _stream_or_error(ctx, asked.key)
    _group_or_error(ctx, asked.key, asked.group)
    if asked.extra_words not in (0, 2):
        raise asked.wrong_syntax()
    last_id = _position(stream, asked.id)
    entries_read = _entries_read(asked, stream)
    ctx.commit(GroupMoved(ctx.db.number, asked.key, asked.group, last_id, entries_read, told=True))
    return OK


class GroupName(Struct):
    """A group, and maybe one of its consumers."""

    key: bytes
    group: bytes
    consumer: bytes = b""


def parse_group_name(args: Args) -> GroupName:
    """Take key, group and, where the command has one, consumer."""
    return GroupName(*args.rest())


@command(
    "XGROUP DESTROY",
    syntax="key group",
    arity=4,
    flags={Flag.WRITE},
    keys=Keys(("RW", "delete"), first=2),
    group="stream",
    since="5.0.0",
    summary="Remove a consumer group with all it has pending.",
    complexity="O(N) with N pending entries",
    parse=parse_group_name,
)
def xgroup_destroy(ctx: Context, asked: GroupName) -> Reply:
    """Reply 1 if there was such a group, else 0."""
    if asked.group not in _stream_or_error(ctx, asked.key).groups:
        return 0
    ctx.commit(GroupDestroyed(ctx.db.number, asked.key, asked.group))
    return 1


@command(
    "XGROUP CREATECONSUMER",
    syntax="key group consumer",
    arity=5,
    flags={Flag.WRITE, Flag.DENYOOM},
    keys=Keys(("RW", "insert"), first=2),
    group="stream",
    since="6.2.0",
    summary="Make a consumer in a group.",
    parse=parse_group_name,
)
def xgroup_createconsumer(ctx: Context, asked: GroupName) -> Reply:
    """Reply 1 if the consumer is new, 0 if it was there."""
    group = _group_or_error(ctx, asked.key, asked.group)
    if asked.consumer in group.consumers:
        return 0
    ctx.commit(ConsumerCreated(ctx.db.number, asked.key, asked.group, asked.consumer, ctx.now_ms))
    return 1


@command(
    "XGROUP DELCONSUMER",
    syntax="key group consumer",
    arity=5,
    flags={Flag.WRITE},
    keys=Keys(("RW", "delete"), first=2),
    group="stream",
    since="5.0.0",
    summary="Remove a consumer with all it has pending.",
    complexity="O(N) with N pending entries of the consumer",
    parse=parse_group_name,
)
def xgroup_delconsumer(ctx: Context, asked: GroupName) -> Reply:
    """Reply with the number of entries it had pending."""
    consumer = _group_or_error(ctx, asked.key, asked.group).consumers.get(asked.consumer)
    if consumer is None:
        return 0
    pending = len(consumer.pending)
    ctx.commit(ConsumerDeleted(ctx.db.number, asked.key, asked.group, asked.consumer))
    return pending
