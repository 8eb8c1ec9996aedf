"""CLIENT: what a connection says of itself and asks for itself.

What it does to others (LIST, KILL, UNBLOCK, PAUSE) is in commands/client_control.py.
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.connection import is_plain, parse_name
from geostream.engine.args import Args
from geostream.engine.client_list import client_line
from geostream.engine.command import Flag, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import OK, Reply, SetOf, Verbatim

GROUP = "connection"
FLAGS = {Flag.NOSCRIPT, Flag.LOADING, Flag.STALE}
ADMIN = {Flag.ADMIN, *FLAGS}
TO_ALL_NODES = ("request_policy:all_nodes", "response_policy:all_succeeded")

container("CLIENT", group=GROUP, since="2.4.0", summary="About connections.")


def parse_switch(args: Args) -> bool:
    match args.next().upper():
        case b"ON":
            return True
        case b"OFF":
            return False
    raise errors.fail(errors.SYNTAX)


@command(
    "CLIENT ID",
    arity=2,
    group=GROUP,
    flags=FLAGS,
    since="5.0.0",
    summary="The number of this connection; no other ever has the same.",
)
def client_id(ctx: Context, asked: None) -> Reply:
    return ctx.client.id


@command(
    "CLIENT GETNAME",
    arity=2,
    group=GROUP,
    flags=FLAGS,
    since="2.6.9",
    summary="The name of this connection.",
)
def client_getname(ctx: Context, asked: None) -> Reply:
    return ctx.client.name or None


@command(
    "CLIENT SETNAME",
    syntax="connection-name",
    arity=3,
    group=GROUP,
    flags=FLAGS,
    since="2.6.9",
    summary="Name this connection, for people who look at the list.",
    tips=TO_ALL_NODES,
    parse=lambda args: parse_name(args.next()),
)
def client_setname(ctx: Context, name: bytes) -> Reply:
    ctx.client.name = name
    return OK


class ClientSetInfo(Struct):
    is_version: bool
    value: bytes


def parse_client_setinfo(args: Args) -> ClientSetInfo:
    name = args.next()
    if name.upper() not in (b"LIB-NAME", b"LIB-VER"):
        raise errors.fail(errors.CLIENT_ATTRIBUTE_UNKNOWN, name=name)
    value = args.next()
    if not is_plain(value):
        raise errors.fail(errors.CLIENT_ATTRIBUTE_INVALID, name=name)
    return ClientSetInfo(name.upper() == b"LIB-VER", value)


@command(
    "CLIENT SETINFO",
    syntax="<LIB-NAME libname | LIB-VER libver>",
    arity=4,
    group=GROUP,
    flags=FLAGS,
    since="7.2.0",
    summary="Say which library speaks on this connection.",
    tips=TO_ALL_NODES,
    parse=parse_client_setinfo,
)
def client_setinfo(ctx: Context, asked: ClientSetInfo) -> Reply:
    if asked.is_version:
        ctx.client.lib_version = asked.value
    else:
        ctx.client.lib_name = asked.value
    return OK


@command(
    "CLIENT INFO",
    arity=2,
    group=GROUP,
    flags=FLAGS,
    since="6.2.0",
    summary="This connection as CLIENT LIST shows it.",
    tips=("nondeterministic_output",),
)
def client_info(ctx: Context, asked: None) -> Reply:
    ctx.client.last_command = "client|info"
    return Verbatim(client_line(ctx.client, ctx.now_ms) + b"\n")


def parse_client_reply(args: Args) -> bytes:
    mode = args.next().upper()
    if mode not in (b"ON", b"OFF", b"SKIP"):
        raise errors.fail(errors.SYNTAX)
    return mode


@command(
    "CLIENT REPLY",
    syntax="<ON | OFF | SKIP>",
    arity=3,
    group=GROUP,
    flags=FLAGS,
    since="3.2.0",
    summary="Have replies sent, or not, or not for the next command.",
    parse=parse_client_reply,
)
def client_reply(ctx: Context, mode: bytes) -> Reply:
    """Reply, unless silenced; that is dispatch's business."""
    client = ctx.client
    if mode == b"SKIP":
        if not client.replies_off:
            client.skip_replies = 2  # this one and the next
    else:
        client.replies_off = mode == b"OFF"
        client.skip_replies = 0
    client.update_guard()
    return OK


@command(
    "CLIENT NO-EVICT",
    syntax="<ON | OFF>",
    arity=3,
    group=GROUP,
    flags=ADMIN,
    since="7.0.0",
    summary="Say that this connection must not be closed to save memory; none ever is.",
    parse=parse_switch,
)
def client_no_evict(ctx: Context, is_on: bool) -> Reply:
    ctx.client.no_evict = is_on
    return OK


@command(
    "CLIENT NO-TOUCH",
    syntax="<ON | OFF>",
    arity=3,
    group=GROUP,
    flags=FLAGS,
    since="7.2.0",
    summary="Let this connection look at keys without counting as their use.",
    parse=parse_switch,
)
def client_no_touch(ctx: Context, is_on: bool) -> Reply:
    ctx.client.no_touch = is_on
    ctx.client.update_guard()
    return OK


# Invalidation, which there is none of


def parse_client_tracking(args: Args) -> bool:
    is_on = parse_switch(args)
    while args:
        match args.next().upper():
            case b"REDIRECT" | b"PREFIX" if args:
                args.next()
            case b"BCAST" | b"OPTIN" | b"OPTOUT" | b"NOLOOP":
                continue
            case _:
                raise errors.fail(errors.SYNTAX)
    return is_on


@command(
    "CLIENT TRACKING",
    syntax=(
        "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN]"
        " [OPTOUT] [NOLOOP]"
    ),
    arity=-3,
    group=GROUP,
    flags=FLAGS,
    since="6.0.0",
    summary="Client-side caching; refused, because no invalidation messages are sent.",
    parse=parse_client_tracking,
)
def client_tracking(ctx: Context, is_on: bool) -> Reply:
    if is_on:
        raise errors.fail(errors.NO_TRACKING)
    return OK


@command(
    "CLIENT TRACKINGINFO",
    arity=2,
    group=GROUP,
    flags=FLAGS,
    since="6.2.0",
    summary="How client-side caching is set up: it is off.",
)
def client_trackinginfo(ctx: Context, asked: None) -> Reply:
    return {b"flags": SetOf([b"off"]), b"redirect": -1, b"prefixes": []}


@command(
    "CLIENT GETREDIR",
    arity=2,
    group=GROUP,
    flags=FLAGS,
    since="6.0.0",
    summary="Where invalidation messages go: nowhere.",
)
def client_getredir(ctx: Context, asked: None) -> Reply:
    return -1


@command(
    "CLIENT CACHING",
    syntax="<YES | NO>",
    arity=3,
    group=GROUP,
    flags=FLAGS,
    since="6.0.0",
    summary="Whether to track the keys of the next command; nothing is tracked.",
)
def client_caching(ctx: Context, asked: None) -> Reply:
    raise errors.fail(errors.CACHING_WITHOUT_TRACKING)


help_command(
    "CLIENT",
    (
        "CACHING (YES|NO)",
        "    Refused: nothing is tracked.",
        "GETNAME",
        "    The name of this connection.",
        "GETREDIR",
        "    Where invalidation messages go; always -1.",
        "ID",
        "    The number of this connection.",
        "INFO",
        "    The line CLIENT LIST has for this connection.",
        "KILL <ip:port>",
        "    Hang up on the client with this address.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Hang up on every client all options fit: ADDR, ID, LADDR, MAXAGE, TYPE, USER;",
        "    on oneself only with SKIPME NO.",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]",
        "    One line for each client.",
        "NO-EVICT (ON|OFF)",
        "    Keep this connection whatever memory it takes; that is always so.",
        "NO-TOUCH (ON|OFF)",
        "    Read keys without changing when they were last used.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Hold commands back for so many milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Have replies sent or not, or not for one command.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Tell the client library's name or version.",
        "SETNAME <name>",
        "    Name this connection.",
        "TRACKING (ON|OFF) [<option> ...]",
        "    ON is refused: no invalidation messages are sent.",
        "TRACKINGINFO",
        "    How tracking is set up.",
        "UNBLOCK <id> [TIMEOUT|ERROR]",
        "    Let a waiting client go on.",
        "UNPAUSE",
        "    Go on after PAUSE.",
    ),
    group=GROUP,
    since="5.0.0",
)
