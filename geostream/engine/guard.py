"""Checks that most requests need not pass, and what is done about those who need them.

A client is *guarded* (``Client.is_guarded``) while something about it is special: it is
not authenticated, queues a transaction, is subscribed, monitors, wants no replies. Only
then, and when memory is limited, does a request come through here on its way in and out.

Order of checks and texts: those of Redis, compared in tests/differential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geostream import errors
from geostream.engine.client import Client, Transaction
from geostream.engine.command import DISK_LIMIT, LOADING_LIMIT, MEMORY_LIMIT, Command, Flag
from geostream.engine.transactions import discard
from geostream.errors import CommandError
from geostream.reply import NO_REPLY, QUEUED, Push, Reply, Several

if TYPE_CHECKING:
    from geostream.engine.dispatch import Engine

SHOWN_NAME_BYTES = 128  # of a command's name and arguments in an error

#: What a client that has sent MULTI can run at once instead of queueing it.
RUN_IN_MULTI = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})

#: What a RESP2 client can run while it is subscribed to something.
RUN_WHILE_SUBSCRIBED = frozenset(
    {
        "subscribe",
        "unsubscribe",
        "psubscribe",
        "punsubscribe",
        "ssubscribe",
        "sunsubscribe",
        "ping",
        "quit",
        "reset",
    }
)


def check(engine: Engine, client: Client, row: Command, request: list[bytes]) -> Reply:
    """Check a request whose name and number of arguments are right.

    Returns None if the command is to run, else the reply; raises what refuses it.
    """
    if client.hears or client.transaction is not None:  # what is queued may subscribe it
        engine.pubsub.hold(client)
    if client.no_touch:
        engine.keyspace.touches = row.name == "touch"
    if not client.is_authenticated and Flag.NO_AUTH not in row.flags:
        raise engine.rejected(row, errors.fail(errors.NO_AUTH))
    transaction = client.transaction
    if transaction is not None and Flag.NO_MULTI in row.flags:
        raise engine.rejected(row, errors.fail(errors.NOT_IN_MULTI))
    _check_limits(engine, client, row)
    if client.is_monitor and (row.is_readonly or row.is_write):
        raise engine.rejected(row, errors.fail(errors.MONITOR_ONLY_LOOKS))
    if client.protocol == 2 and client.is_subscriber and row.name not in RUN_WHILE_SUBSCRIBED:
        raise engine.rejected(row, errors.fail(errors.SUBSCRIBER_CONTEXT, name=row.name))
    if row.limits & engine.limits & LOADING_LIMIT:
        raise engine.rejected(row, errors.fail(errors.LOADING))
    if transaction is not None and row.name not in RUN_IN_MULTI:
        return _queue(engine, client, transaction, row, request)
    return None


def _queue(
    engine: Engine, client: Client, transaction: Transaction, row: Command, request: list[bytes]
) -> Reply:
    """Keep a request for EXEC; hang up on a client that queues more than it may send."""
    transaction.queue.append((row, request))
    transaction.size_bytes += sum(map(len, request))
    if transaction.size_bytes > engine.config.settings.clients.max_pending_bytes:
        transaction.queue.clear()
        client.link.close()
    return QUEUED


def _check_limits(engine: Engine, client: Client, row: Command) -> None:
    """Raise if memory is full or the disk fails; EXEC is judged by what is queued."""
    limits = row.limits
    if row.name == "exec" and client.transaction is not None:
        for queued, _ in client.transaction.queue:
            limits |= queued.limits
    limits &= engine.limits
    if limits & MEMORY_LIMIT and engine.is_full():
        raise engine.rejected(row, errors.fail(errors.OUT_OF_MEMORY))
    if limits & DISK_LIMIT and engine.disk.refusal is not None:
        raise engine.rejected(row, CommandError(engine.disk.refusal))


def refuse(
    engine: Engine, client: Client, request: list[bytes], error: CommandError
) -> CommandError:
    """Count a request that did not pass its checks; return the error for the client.

    It spoils a transaction being queued; a refused EXEC ends it.
    """
    if request[0].upper() == b"EXEC":
        discard(client, engine.watches)
        error = errors.fail(errors.EXEC_REFUSED, reason=error.line.removeprefix(b"ERR "))
    elif client.transaction is not None:
        client.transaction.failed = True
    engine.stats.count_error(error.line)
    return error


def settle(engine: Engine, client: Client, reply: Reply) -> Reply:
    """Return what a guarded client is sent for a request.

    CLIENT REPLY may want nothing sent. What the request made a subscriber or monitor hear
    comes behind the reply; and such messages are always sent.
    """
    engine.keyspace.touches = True
    is_silent = client.replies_off or client.skip_replies > 0
    if client.skip_replies:
        client.skip_replies -= 1
        client.update_guard()
    if is_silent and type(reply) is not Push and type(reply) is not Several:
        if client.ticket is not None:
            client.ticket.is_silent = True
        reply = NO_REPLY
    heard = engine.pubsub.release()
    if not heard:
        return reply
    return Several(heard if reply is NO_REPLY else [reply, *heard])


def unknown_command(request: list[bytes]) -> CommandError:
    """Return the error for a name in no row, with the first arguments as Redis cuts them."""
    name = request[0][:SHOWN_NAME_BYTES]
    shown = b""
    for word in request[1:]:
        if len(shown) >= SHOWN_NAME_BYTES:
            break
        shown += b"'%b' " % word[: SHOWN_NAME_BYTES - len(shown)]
    if not shown:
        return errors.fail(errors.UNKNOWN_COMMAND, name=name)
    return errors.fail(errors.UNKNOWN_COMMAND_ARGS, name=name, args=shown)
