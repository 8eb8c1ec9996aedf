"""MULTI, EXEC, DISCARD, WATCH, UNWATCH.

Queueing is done by dispatch: between MULTI and EXEC a request only passes its checks.
EXEC runs the queue through the same path as single requests, so each command is counted,
shown to MONITOR and has its effects handed out on its own. The time stands still
meanwhile, nothing blocks, and those who wait for keys are served after the whole.
"""

from __future__ import annotations

from typing import NoReturn

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.client import Client, Transaction
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.engine.transactions import discard as leave
from geostream.reply import NO_REPLY, NULL_ARRAY, OK, Reply

GROUP = "transactions"
FLAGS = {Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.FAST, Flag.ALLOW_BUSY}


@command(
    "MULTI",
    arity=1,
    group=GROUP,
    flags=FLAGS,
    since="1.2.0",
    summary="Begin a transaction: what follows is queued until EXEC.",
)
def multi(ctx: Context, asked: None) -> Reply:
    client = ctx.client
    if client.transaction is not None:
        raise errors.fail(errors.MULTI_NESTED)
    client.transaction = Transaction()
    client.update_guard()
    return OK


@command(
    "EXEC",
    arity=1,
    group=GROUP,
    flags={Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.SKIP_SLOWLOG},
    since="1.2.0",
    summary="Run what was queued since MULTI, with nothing in between.",
    complexity="That of the queued commands",
)
def exec_(ctx: Context, asked: None) -> Reply:
    """Reply with the replies, or the null array if a watched key changed."""
    client, engine = ctx.client, ctx.engine
    transaction = client.transaction
    if transaction is None:
        _without_multi("EXEC")
    is_dirty = _watched_something_that_changed(ctx, client)
    leave(client, engine.watches)
    if transaction.failed:
        raise errors.fail(errors.EXEC_ABORTED)
    if is_dirty:
        return NULL_ARRAY
    ctx.in_transaction = True
    try:
        replies = [engine.call(ctx, row, request) for row, request in transaction.queue]
    finally:
        ctx.in_transaction = False
    return [reply for reply in replies if reply is not NO_REPLY]


def _watched_something_that_changed(ctx: Context, client: Client) -> bool:
    """Tell whether EXEC must do nothing; a watched key whose time has come counts as changed."""
    if client.watched and not client.is_dirty:
        for database, key in list(client.watched):
            ctx.keyspace.databases[database].find(key, touch=False)
        if ctx.keyspace.journal:
            ctx.engine.hand_out()
    return client.is_dirty


@command(
    "DISCARD",
    arity=1,
    group=GROUP,
    flags=FLAGS,
    since="2.0.0",
    summary="Forget what was queued since MULTI.",
    complexity="O(N), N being the number of queued commands",
)
def discard(ctx: Context, asked: None) -> Reply:
    if ctx.client.transaction is None:
        _without_multi("DISCARD")
    leave(ctx.client, ctx.engine.watches)
    return OK


def _without_multi(name: str) -> NoReturn:
    raise errors.fail(errors.WITHOUT_MULTI, command=name)


@command(
    "WATCH",
    syntax="key [key ...]",
    arity=-2,
    group=GROUP,
    flags=FLAGS,
    keys=Keys(("RO",), last=-1),
    since="2.2.0",
    summary="Let the next EXEC do nothing if one of these keys changes before it.",
    complexity="O(1) for each key",
    parse=Args.rest,
)
def watch(ctx: Context, keys: list[bytes]) -> Reply:
    client = ctx.client
    if client.transaction is not None:
        raise errors.fail(errors.WATCH_INSIDE_MULTI)
    for key in keys:
        ctx.db.find(key, touch=False)
    if ctx.keyspace.journal:  # a key whose time has come is gone before anybody watches it
        ctx.engine.hand_out()
    for key in keys:
        ctx.engine.watches.add(client, key)
    return OK


@command(
    "UNWATCH",
    arity=1,
    group=GROUP,
    flags=FLAGS,
    since="2.2.0",
    summary="Watch no keys any more.",
)
def unwatch(ctx: Context, asked: None) -> Reply:
    ctx.engine.watches.forget(ctx.client)
    return OK
