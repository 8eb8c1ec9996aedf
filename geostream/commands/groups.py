"""Finding a group and its consumers, as all commands that work with them do.

A consumer comes to be when it is first named by a command that would give it entries, and
every such command notes that it was seen, whether it got any or not.
"""

from __future__ import annotations

from geostream import errors
from geostream.engine.context import Context
from geostream.store.effects import ConsumerCreated, ConsumerSeen
from geostream.store.errors import WrongType
from geostream.store.group import Consumer, Group
from geostream.store.stream import Stream
from geostream.store.value import Value


def find_group(ctx: Context, key: bytes, name: bytes) -> tuple[Stream, Group] | None:
    """Return a stream and a group of it, or None if either is missing. Raises WrongType."""
    stream = ctx.db.stream(key)
    group = stream.groups.get(name) if stream is not None else None
    return (stream, group) if stream is not None and group is not None else None


def group_or_error(ctx: Context, key: bytes, name: bytes) -> tuple[Stream, Group]:
    """Return a stream and a group of it. Raises NO_GROUP_FOR_KEY, WrongType."""
    return group_in(ctx.db.find(key), key, name)


def group_in(value: Value | None, key: bytes, name: bytes) -> tuple[Stream, Group]:
    """Return the stream a key was found to hold, and a group of it. Raises as above."""
    if value is not None and type(value) is not Stream:
        raise WrongType
    group = value.groups.get(name) if value is not None else None
    if value is None or group is None:
        raise errors.fail(errors.NO_GROUP_FOR_KEY, key=key, group=name)
    return value, group


def consumer_for(ctx: Context, key: bytes, name: bytes, group: Group, consumer: bytes) -> Consumer:
    """Return a group's consumer, made now if there was none."""
    found = group.consumers.get(consumer)
    if found is None:
        ctx.commit(ConsumerCreated(ctx.db.number, key, name, consumer, ctx.now_ms))
        found = group.consumers[consumer]
    return found


def note_seen(
    ctx: Context, key: bytes, name: bytes, consumer: Consumer, is_active: bool = False
) -> None:
    """Note that a consumer asked for something, and whether it was given an entry to keep."""
    now_ms = ctx.now_ms
    active_ms = now_ms if is_active else consumer.active_ms
    if consumer.seen_ms != now_ms or consumer.active_ms != active_ms:
        ctx.commit(ConsumerSeen(ctx.db.number, key, name, consumer.name, now_ms, active_ms))
