"""Commands about the connection itself: PING, ECHO, SELECT, QUIT, RESET, AUTH, HELLO.

Who may come in is decided in engine/access.py.
"""

from __future__ import annotations

from msgspec import Struct

from geostream import REDIS_VERSION, errors
from geostream.engine.access import USER
from geostream.engine.args import Args
from geostream.engine.client import Client
from geostream.engine.command import Flag, command
from geostream.engine.context import Context
from geostream.reply import OK, Reply, Simple

PONG = Simple(b"PONG")
RESET_DONE = Simple(b"RESET")
INT32 = range(-(2**31), 2**31)

#: What a client may send before it is let in.
AT_THE_DOOR = {
    Flag.NOSCRIPT,
    Flag.LOADING,
    Flag.STALE,
    Flag.FAST,
    Flag.NO_AUTH,
    Flag.ALLOW_BUSY,
}


def parse_name(name: bytes) -> bytes:
    """Return a client's name if it may have it."""
    if not is_plain(name):
        raise errors.fail(errors.CLIENT_NAME_INVALID)
    return name


def is_plain(text: bytes) -> bool:
    """Tell whether a text is fit to stand in CLIENT LIST: no blanks, nothing unprintable."""
    return all(0x21 <= byte <= 0x7E for byte in text)


def parse_ping(args: Args) -> bytes | None:
    if len(args) > 1:
        raise args.wrong_count()
    return args.next() if args else None


@command(
    "PING",
    syntax="[message]",
    arity=-1,
    group="connection",
    flags={Flag.FAST},
    since="1.0.0",
    summary="Answer, to show that the server is there.",
    tips=("request_policy:all_shards", "response_policy:all_succeeded"),
    parse=parse_ping,
)
def ping(ctx: Context, message: bytes | None) -> Reply:
    """Reply with PONG or the message; a RESP2 subscriber gets it in the shape of a message."""
    client = ctx.client
    if client.protocol == 2 and client.is_subscriber:
        return [b"pong", message or b""]
    return PONG if message is None else message


@command(
    "ECHO",
    syntax="message",
    arity=2,
    group="connection",
    flags={Flag.LOADING, Flag.STALE, Flag.FAST},
    since="1.0.0",
    summary="Answer with the message.",
    parse=Args.next,
)
def echo(ctx: Context, message: bytes) -> Reply:
    return message


def parse_select(args: Args) -> int:
    number = args.integer()
    if number not in INT32:
        raise errors.fail(errors.NOT_A_32_BIT_INTEGER)
    return number


@command(
    "SELECT",
    syntax="index",
    arity=2,
    group="connection",
    flags={Flag.LOADING, Flag.STALE, Flag.FAST},
    since="1.0.0",
    summary="Work in another database from now on.",
    parse=parse_select,
)
def select(ctx: Context, number: int) -> Reply:
    if not 0 <= number < len(ctx.keyspace.databases):
        raise errors.fail(errors.DB_INDEX_RANGE)
    ctx.client.database = number
    return OK


@command(
    "QUIT",
    arity=-1,
    group="connection",
    flags=AT_THE_DOOR,
    since="1.0.0",
    summary="Answer OK, then hang up.",
)
def quit_(ctx: Context, asked: None) -> Reply:
    ctx.client.link.close()  # what is in its buffer by then, this reply included, is still sent
    return OK


@command(
    "RESET",
    arity=1,
    group="connection",
    flags=AT_THE_DOOR,
    since="6.2.0",
    summary="Make the connection as if it were new.",
)
def reset(ctx: Context, asked: None) -> Reply:
    client, engine = ctx.client, ctx.engine
    engine.monitors.pop(client, None)
    client.is_monitor = False
    engine.watches.forget(client)
    engine.pubsub.forget(client)
    client.is_authenticated = not engine.access.password
    client.reset()
    return RESET_DONE


class Auth(Struct):
    user: bytes
    password: bytes
    names_user: bool


def parse_auth(args: Args) -> Auth:
    words = args.rest()
    if len(words) > 2:
        raise errors.fail(errors.SYNTAX)
    return Auth(words[0] if len(words) == 2 else USER, words[-1], len(words) == 2)


@command(
    "AUTH",
    syntax="[username] password",
    arity=-2,
    group="connection",
    flags=AT_THE_DOOR,
    since="1.0.0",
    summary="Prove who one is.",
    complexity="O(N), N being the size of the password",
    history=(("6.0.0", "Takes a user name as well."),),
    parse=parse_auth,
)
def auth(ctx: Context, asked: Auth) -> Reply:
    if not asked.names_user and not ctx.engine.access.password:
        raise errors.fail(errors.NO_PASSWORD_SET)
    _let_in(ctx, b"AUTH", asked.user, asked.password)
    ctx.client.update_guard()
    return OK


def _let_in(ctx: Context, by: bytes, user: bytes, password: bytes) -> None:
    """Authenticate the client; raises WRONGPASS, and all is as before."""
    if not ctx.engine.access.admits(user, password):
        ctx.engine.access.refuse(ctx.client, by, user, ctx.now_ms)
        raise errors.fail(errors.WRONG_PASSWORD)
    ctx.client.is_authenticated = True


class Hello(Struct):
    protocol: int | None = None  # None: as before
    credentials: tuple[bytes, bytes] | None = None
    name: bytes | None = None


def parse_hello(args: Args) -> Hello:
    asked = Hello()
    if not args:
        return asked
    asked.protocol = args.integer(errors.PROTOCOL_NOT_AN_INTEGER)
    if asked.protocol not in (2, 3):
        raise errors.fail(errors.PROTOCOL_UNSUPPORTED)
    while args:
        option = args.next()
        match option.upper():
            case b"AUTH" if len(args) >= 2:
                asked.credentials = (args.next(), args.next())
            case b"SETNAME" if args:
                asked.name = parse_name(args.next())
            case _:
                raise errors.fail(errors.HELLO_OPTION, option=option)
    return asked


@command(
    "HELLO",
    syntax="[protover [AUTH username password] [SETNAME clientname]]",
    arity=-1,
    group="connection",
    flags=AT_THE_DOOR,
    since="6.0.0",
    summary="Agree on the protocol, and introduce each other.",
    history=(("6.2.0", "Without arguments it only tells how things stand."),),
    parse=parse_hello,
)
def hello(ctx: Context, asked: Hello) -> Reply:
    """Reply in the new protocol; when anything is wrong, nothing has changed."""
    client = ctx.client
    if asked.credentials is not None:
        _let_in(ctx, b"HELLO", *asked.credentials)
    if not client.is_authenticated:
        raise errors.fail(errors.HELLO_NO_AUTH)
    if asked.name is not None:
        client.name = asked.name
    if asked.protocol is not None:
        client.protocol = asked.protocol
    client.update_guard()
    return introduction(client)


def introduction(client: Client) -> Reply:
    """Return what HELLO tells; clients take the version for one of Redis, so it is."""
    return {
        b"server": b"redis",
        b"version": REDIS_VERSION.encode(),
        b"proto": client.protocol,
        b"id": client.id,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }
