"""CLIENT's ways to see and handle other connections: LIST, KILL, UNBLOCK, PAUSE, UNPAUSE.

What a client looks like in the list is engine/client_list.py's. Killing a client takes
it out of every table at once and tells its connection to hang up; nothing is delivered to
it any more.
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.client import FLAGS, GROUP
from geostream.engine.access import USER
from geostream.engine.args import INT64_MAX, Args, parse_int64
from geostream.engine.client import Client
from geostream.engine.client_list import CLIENT_TYPES, ClientFilter, client_line, client_type
from geostream.engine.command import Flag, command
from geostream.engine.context import Context
from geostream.reply import OK, Reply, Verbatim

ADMIN = {Flag.ADMIN, *FLAGS}


def parse_type(args: Args) -> str:
    name = args.next()
    found = CLIENT_TYPES.get(name.lower())
    if found is None:
        raise errors.fail(errors.CLIENT_TYPE_UNKNOWN, name=name)
    return found


def _too_many(args: Args) -> errors.CommandError:
    return errors.fail(errors.SUBCOMMAND_SYNTAX, name=args.words[1], container="CLIENT")


class ClientList(Struct):
    type: str | None = None
    ids: list[int] | None = None


def parse_client_list(args: Args) -> ClientList:
    asked = ClientList()
    if not args:
        return asked
    match args.next().upper():
        case b"TYPE" if len(args) == 1:
            asked.type = parse_type(args)
        case b"ID" if args:
            ids = [parse_int64(word) for word in args.rest()]
            asked.ids = [number for number in ids if number is not None]
            if len(asked.ids) < len(ids):
                raise errors.fail(errors.CLIENT_ID_INVALID)
        case _:
            raise errors.fail(errors.SYNTAX)
    return asked


@command(
    "CLIENT LIST",
    syntax=("[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]"),
    arity=-2,
    group=GROUP,
    flags=ADMIN,
    since="2.4.0",
    summary="Show who is connected, one client a line.",
    complexity="O(N), N being the number of clients",
    tips=("nondeterministic_output",),
    history=(
        ("5.0.0", "Can be limited to a type."),
        ("6.2.0", "Can be limited to some clients."),
    ),
    parse=parse_client_list,
)
def client_list(ctx: Context, asked: ClientList) -> Reply:
    ctx.client.last_command = "client|list"
    known = ctx.engine.clients
    if asked.ids is not None:
        clients = [known[number] for number in asked.ids if number in known]
    else:
        clients = [client for client in known.values() if asked.type in (None, client_type(client))]
    return Verbatim(b"".join([client_line(client, ctx.now_ms) + b"\n" for client in clients]))


class ClientKill(Struct):
    chosen: ClientFilter
    is_old_form: bool = False


def parse_client_kill(args: Args) -> ClientKill:  # noqa: C901, PLR0912 many options
    if len(args) == 1:
        address = args.next().decode("latin-1")
        return ClientKill(ClientFilter(address=address, skips_caller=False), is_old_form=True)
    chosen = ClientFilter()
    while args:
        option = args.next().upper()
        if not args:
            raise errors.fail(errors.SYNTAX)
        match option:
            case b"ID":
                chosen.id = args.integer(errors.CLIENT_ID_NOT_POSITIVE)
                if chosen.id < 1:
                    raise errors.fail(errors.CLIENT_ID_NOT_POSITIVE)
            case b"TYPE":
                chosen.type = parse_type(args)
            case b"ADDR":
                chosen.address = args.next().decode("latin-1")
            case b"LADDR":
                chosen.local_address = args.next().decode("latin-1")
            case b"USER":
                name = args.next()
                if name != USER:
                    raise errors.fail(errors.NO_SUCH_USER, name=name)
            case b"SKIPME":
                chosen.skips_caller = _yes_or_no(args)
            case b"MAXAGE":
                chosen.max_age_s = args.integer(errors.CLIENT_MAX_AGE_INVALID)
                if chosen.max_age_s < 1:
                    raise errors.fail(errors.CLIENT_MAX_AGE_NOT_POSITIVE)
            case _:
                raise errors.fail(errors.SYNTAX)
    return ClientKill(chosen)


def _yes_or_no(args: Args) -> bool:
    match args.next().upper():
        case b"YES":
            return True
        case b"NO":
            return False
    raise errors.fail(errors.SYNTAX)


@command(
    "CLIENT KILL",
    syntax=(
        "<ip:port | [ID client-id] [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>]"
        " [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE maxage]>"
    ),
    arity=-3,
    group=GROUP,
    flags=ADMIN,
    since="2.4.0",
    summary="Hang up on clients.",
    complexity="O(N), N being the number of clients",
    history=(
        ("2.8.12", "Takes filters, of which a client must match all."),
        ("6.2.0", "Filters by the address of the server's side."),
        ("7.4.0", "Filters by age."),
    ),
    parse=parse_client_kill,
)
def client_kill(ctx: Context, asked: ClientKill) -> Reply:
    """Reply with how many there were; the old form knows one client or none."""
    chosen = [
        client
        for client in ctx.engine.clients.values()
        if asked.chosen.takes(client, ctx.client, ctx.now_ms)
    ]
    if asked.is_old_form and not chosen:
        raise errors.fail(errors.NO_SUCH_CLIENT)
    for client in chosen:
        _kill(ctx, client)
    return OK if asked.is_old_form else len(chosen)


def _kill(ctx: Context, client: Client) -> None:
    if client is not ctx.client:  # who kills itself is still to be answered
        ctx.engine.disconnect(client)
    client.link.close()


class ClientUnblock(Struct):
    id: int
    is_error: bool


def parse_client_unblock(args: Args) -> ClientUnblock:
    if len(args) > 2:
        raise _too_many(args)
    word = args.next()
    reason = args.next().upper() if args else b"TIMEOUT"
    if reason not in (b"TIMEOUT", b"ERROR"):
        raise errors.fail(errors.UNBLOCK_REASON)
    number = parse_int64(word)
    if number is None:
        raise errors.fail(errors.NOT_AN_INTEGER)
    return ClientUnblock(number, reason == b"ERROR")


@command(
    "CLIENT UNBLOCK",
    syntax="client-id [TIMEOUT | ERROR]",
    arity=-3,
    group=GROUP,
    flags=ADMIN,
    since="5.0.0",
    summary="End another client's waiting, as if its time were up or with an error.",
    parse=parse_client_unblock,
)
def client_unblock(ctx: Context, asked: ClientUnblock) -> Reply:
    client = ctx.engine.clients.get(asked.id)
    if client is None:
        return 0
    reply = errors.fail(errors.UNBLOCKED) if asked.is_error else None
    return int(ctx.engine.unblock(client, reply))


class ClientPause(Struct):
    timeout_ms: int
    writes_only: bool


def parse_client_pause(args: Args) -> ClientPause:
    if len(args) > 2:
        raise _too_many(args)
    word = args.next()
    mode = args.next().upper() if args else b"ALL"
    if mode not in (b"WRITE", b"ALL"):
        raise errors.fail(errors.PAUSE_MODE)
    timeout_ms = parse_int64(word)
    if timeout_ms is None:
        raise errors.fail(errors.TIMEOUT_NOT_AN_INTEGER)
    if timeout_ms < 0:
        raise errors.fail(errors.TIMEOUT_NEGATIVE)
    return ClientPause(timeout_ms, mode == b"WRITE")


@command(
    "CLIENT PAUSE",
    syntax="timeout [WRITE | ALL]",
    arity=-3,
    group=GROUP,
    flags=ADMIN,
    since="3.0.0",
    summary="Hold back all clients' commands for a while, or only those that write.",
    history=(("6.2.0", "Can hold back only what writes."),),
    parse=parse_client_pause,
)
def client_pause(ctx: Context, asked: ClientPause) -> Reply:
    """A pause under way is never made shorter, nor milder."""
    engine = ctx.engine
    until_ms = ctx.now_ms + asked.timeout_ms
    if until_ms > INT64_MAX:
        raise errors.fail(errors.TIMEOUT_OUT_OF_RANGE)
    is_paused = engine.paused_until_ms > ctx.now_ms
    engine.pauses_writes_only = asked.writes_only and not (
        is_paused and not engine.pauses_writes_only
    )
    engine.paused_until_ms = max(engine.paused_until_ms, until_ms)
    return OK


@command(
    "CLIENT UNPAUSE",
    arity=2,
    group=GROUP,
    flags=ADMIN,
    since="6.2.0",
    summary="End a pause before its time.",
    complexity="O(N), N being the number of clients held back",
)
def client_unpause(ctx: Context, asked: None) -> Reply:
    ctx.engine.paused_until_ms = 0
    return OK
