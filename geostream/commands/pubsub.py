"""Channels: SUBSCRIBE and its kin, PUBLISH, PUBSUB.

There are three tables of subscriptions (engine/pubsub.py): channels, patterns and shard
channels. Subscribing is the same in each, so there is one function for it and one for
the way back; the confirmations are pushes, one for each name.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.client import Client
from geostream.engine.command import Flag, Keys, command, container, help_command
from geostream.engine.context import Context
from geostream.engine.glob import glob_matches
from geostream.engine.pubsub import PubSub, Subscribers, add_subscriber, remove_subscriber
from geostream.reply import Push, Reply, Several

GROUP = "pubsub"
FLAGS = {Flag.PUBSUB, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE}
ASKING = {Flag.PUBSUB, Flag.LOADING, Flag.STALE}
SHARD_CHANNELS = Keys(("not_key",), last=-1)


class Table(Struct, frozen=True):
    """One of the three tables, and what its confirmations are called and count."""

    prefix: bytes
    everybody: Callable[[PubSub], Subscribers]
    own: Callable[[Client], dict[bytes, None]]
    count: Callable[[Client], int]


CHANNELS = Table(b"", lambda hub: hub.channels, lambda me: me.channels, lambda me: me.subscriptions)
PATTERNS = Table(
    b"p", lambda hub: hub.patterns, lambda me: me.patterns, lambda me: me.subscriptions
)
SHARDS = Table(
    b"s",
    lambda hub: hub.shard_channels,
    lambda me: me.shard_channels,
    lambda me: len(me.shard_channels),
)


def _enter(ctx: Context, table: Table, names: list[bytes]) -> Reply:
    client, confirmations = ctx.client, []
    own, everybody = table.own(client), table.everybody(ctx.engine.pubsub)
    for name in names:
        own[name] = None
        add_subscriber(everybody, name, client)
        confirmations.append(Push((table.prefix + b"subscribe", name, table.count(client))))
    client.update_guard()
    return Several(confirmations)


def _leave(ctx: Context, table: Table, names: list[bytes]) -> Reply:
    client, verb = ctx.client, table.prefix + b"unsubscribe"
    own, everybody = table.own(client), table.everybody(ctx.engine.pubsub)
    confirmations = []
    for name in names or list(own):
        own.pop(name, None)
        remove_subscriber(everybody, name, client)
        confirmations.append(Push((verb, name, table.count(client))))
    client.update_guard()
    return Several(confirmations or [Push((verb, None, table.count(client)))])


@command(
    "SUBSCRIBE",
    syntax="channel [channel ...]",
    arity=-2,
    group=GROUP,
    flags=FLAGS,
    since="2.0.0",
    summary="Receive what is published to these channels.",
    complexity="O(N), N being the number of channels",
    parse=Args.rest,
)
def subscribe(ctx: Context, names: list[bytes]) -> Reply:
    return _enter(ctx, CHANNELS, names)


@command(
    "UNSUBSCRIBE",
    syntax="[channel [channel ...]]",
    arity=-1,
    group=GROUP,
    flags=FLAGS,
    since="2.0.0",
    summary="Receive no more from these channels, or from any.",
    complexity="O(N), N being the number of channels",
    parse=Args.rest,
)
def unsubscribe(ctx: Context, names: list[bytes]) -> Reply:
    return _leave(ctx, CHANNELS, names)


@command(
    "PSUBSCRIBE",
    syntax="pattern [pattern ...]",
    arity=-2,
    group=GROUP,
    flags=FLAGS,
    since="2.0.0",
    summary="Receive what is published to channels that match these patterns.",
    complexity="O(N), N being the number of patterns",
    parse=Args.rest,
)
def psubscribe(ctx: Context, names: list[bytes]) -> Reply:
    return _enter(ctx, PATTERNS, names)


@command(
    "PUNSUBSCRIBE",
    syntax="[pattern [pattern ...]]",
    arity=-1,
    group=GROUP,
    flags=FLAGS,
    since="2.0.0",
    summary="Receive no more for these patterns, or for any.",
    complexity="O(N), N being the number of patterns",
    parse=Args.rest,
)
def punsubscribe(ctx: Context, names: list[bytes]) -> Reply:
    return _leave(ctx, PATTERNS, names)


@command(
    "SSUBSCRIBE",
    syntax="shardchannel [shardchannel ...]",
    arity=-2,
    group=GROUP,
    flags=FLAGS,
    keys=SHARD_CHANNELS,
    since="7.0.0",
    summary="Receive what is published to these shard channels.",
    complexity="O(N), N being the number of shard channels",
    parse=Args.rest,
)
def ssubscribe(ctx: Context, names: list[bytes]) -> Reply:
    return _enter(ctx, SHARDS, names)


@command(
    "SUNSUBSCRIBE",
    syntax="[shardchannel [shardchannel ...]]",
    arity=-1,
    group=GROUP,
    flags=FLAGS,
    keys=SHARD_CHANNELS,
    since="7.0.0",
    summary="Receive no more from these shard channels, or from any.",
    complexity="O(N), N being the number of shard channels",
    parse=Args.rest,
)
def sunsubscribe(ctx: Context, names: list[bytes]) -> Reply:
    return _leave(ctx, SHARDS, names)


@command(
    "PUBLISH",
    syntax="channel message",
    arity=3,
    group=GROUP,
    flags={*ASKING, Flag.FAST},
    since="2.0.0",
    summary="Send a message to whoever is subscribed to a channel.",
    complexity="O(N+M), N being the channel's subscribers and M the patterns of all clients",
    parse=Args.rest,
)
def publish(ctx: Context, words: list[bytes]) -> Reply:
    """Reply with how many times the message was sent; nobody else will learn of it."""
    return ctx.engine.pubsub.publish(*words)


@command(
    "SPUBLISH",
    syntax="shardchannel message",
    arity=3,
    group=GROUP,
    flags={*ASKING, Flag.FAST},
    keys=Keys(("not_key",)),
    since="7.0.0",
    summary="Send a message to whoever is subscribed to a shard channel.",
    complexity="O(N), N being the shard channel's subscribers",
    parse=Args.rest,
)
def spublish(ctx: Context, words: list[bytes]) -> Reply:
    return ctx.engine.pubsub.publish_sharded(*words)


container("PUBSUB", group=GROUP, since="2.8.0", summary="Who is subscribed to what.")


def parse_pattern(args: Args) -> bytes:
    if len(args) > 1:
        raise errors.fail(errors.SUBCOMMAND_SYNTAX, name=args.words[1], container="PUBSUB")
    return args.next() if args else b"*"


@command(
    "PUBSUB CHANNELS",
    syntax="[pattern]",
    arity=-2,
    group=GROUP,
    flags=ASKING,
    since="2.8.0",
    summary="List the channels somebody is subscribed to.",
    complexity="O(N), N being the number of channels",
    parse=parse_pattern,
)
def pubsub_channels(ctx: Context, pattern: bytes) -> Reply:
    return [name for name in ctx.engine.pubsub.channels if glob_matches(pattern, name)]


@command(
    "PUBSUB NUMSUB",
    syntax="[channel [channel ...]]",
    arity=-2,
    group=GROUP,
    flags=ASKING,
    since="2.8.0",
    summary="Count the subscribers of these channels; those by pattern are left out.",
    complexity="O(N), N being the number of channels named",
    parse=Args.rest,
)
def pubsub_numsub(ctx: Context, names: list[bytes]) -> Reply:
    return _counts(ctx.engine.pubsub.channels, names)


def _counts(subscribers: Subscribers, names: list[bytes]) -> Reply:
    """Return name, count, name, count, ...: an array in both protocols."""
    return [item for name in names for item in (name, len(subscribers.get(name, ())))]


@command(
    "PUBSUB NUMPAT",
    arity=2,
    group=GROUP,
    flags=ASKING,
    since="2.8.0",
    summary="Count the different patterns clients are subscribed to.",
)
def pubsub_numpat(ctx: Context, asked: None) -> Reply:
    return len(ctx.engine.pubsub.patterns)


@command(
    "PUBSUB SHARDCHANNELS",
    syntax="[pattern]",
    arity=-2,
    group=GROUP,
    flags=ASKING,
    since="7.0.0",
    summary="List the shard channels somebody is subscribed to.",
    complexity="O(N), N being the number of shard channels",
    parse=parse_pattern,
)
def pubsub_shardchannels(ctx: Context, pattern: bytes) -> Reply:
    return [name for name in ctx.engine.pubsub.shard_channels if glob_matches(pattern, name)]


@command(
    "PUBSUB SHARDNUMSUB",
    syntax="[shardchannel [shardchannel ...]]",
    arity=-2,
    group=GROUP,
    flags=ASKING,
    since="7.0.0",
    summary="Count the subscribers of these shard channels.",
    complexity="O(N), N being the number of shard channels named",
    parse=Args.rest,
)
def pubsub_shardnumsub(ctx: Context, names: list[bytes]) -> Reply:
    return _counts(ctx.engine.pubsub.shard_channels, names)


help_command(
    "PUBSUB",
    (
        "CHANNELS [<pattern>]",
        "    Name the channels that have subscribers, all or those that match.",
        "NUMPAT",
        "    Count the patterns somebody is subscribed to.",
        "NUMSUB [<channel> ...]",
        "    Count the subscribers of each channel named.",
        "SHARDCHANNELS [<pattern>]",
        "    Name the shard channels that have subscribers, all or those that match.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Count the subscribers of each shard channel named.",
    ),
    group=GROUP,
    since="6.2.0",
)
