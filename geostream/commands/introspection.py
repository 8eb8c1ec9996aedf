"""COMMAND and its sub-commands: the command table, told to clients.

Everything here is read from the rows of the table (geostream/engine/command.py); what
follows from them is worked out in engine/categories.py and engine/syntax.py.

Behaviour: https://redis.io/docs/latest/commands/command/
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec import Struct

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.categories import categories_of, is_container
from geostream.engine.command import TABLE, Command, Flag, Keys, command, help_command
from geostream.engine.context import Context
from geostream.engine.glob import glob_matches
from geostream.engine.syntax import Argument, parse_syntax
from geostream.reply import Pairs, Reply, SetOf, Simple

GROUP = "server"
CONNECTION = ("connection",)
ANY_STATE = frozenset({Flag.LOADING, Flag.STALE})

#: Flags in the order in which Redis lists them.
FLAG_ORDER = (
    Flag.WRITE,
    Flag.READONLY,
    Flag.DENYOOM,
    Flag.ADMIN,
    Flag.PUBSUB,
    Flag.NOSCRIPT,
    Flag.BLOCKING,
    Flag.LOADING,
    Flag.STALE,
    Flag.SKIP_MONITOR,
    Flag.SKIP_SLOWLOG,
    Flag.FAST,
    Flag.NO_AUTH,
    Flag.NO_ASYNC_LOADING,
    Flag.NO_MULTI,
    Flag.MOVABLEKEYS,
    Flag.ALLOW_BUSY,
)


def top_rows() -> list[Command]:
    """Return every row that is not a sub-command, by name."""
    return [row for name, row in sorted(TABLE.items()) if "|" not in name]


def find_row(name: bytes) -> Command | None:
    """Return the row of a name as people or clients write it: XADD, xgroup|create."""
    return TABLE.get(name.lower().decode("latin-1"))


# COMMAND, COMMAND INFO


def info_record(row: Command) -> Reply:
    """Return a row as COMMAND INFO shows it."""
    first, last, step = _key_range(row)
    children = [info_record(child) for _, child in sorted(row.subcommands.items())]
    return [
        row.name.encode(),
        row.arity,
        SetOf([_simple(flag) for flag in FLAG_ORDER if flag in row.flags]),
        first,
        last,
        step,
        SetOf([_simple(f"@{category}") for category in categories_of(row)]),
        SetOf([tip.encode() for tip in row.tips]),
        SetOf([_key_spec(keys) for keys in row.keys]),
        children or SetOf([]),  # as Redis: an array of some, a set of none
    ]


def _simple(text: str) -> Simple:
    return Simple(text.encode())


def _key_range(row: Command) -> tuple[int, int, int]:
    """Return first key, last key and step, as far as three numbers can tell where keys are."""
    places = [keys for keys in row.keys if not keys.keyword]
    if not places:
        return 0, 0, 0
    first = min(keys.first for keys in places)
    last = max(keys.last if keys.last < 0 else keys.first + keys.last for keys in places)
    if any(keys.last < 0 for keys in places):
        last = min(keys.last for keys in places)
    return first, last, places[0].step


def _key_spec(keys: Keys) -> Reply:
    shown: dict[bytes, Reply] = {}
    if keys.notes:
        shown[b"notes"] = keys.notes.encode()
    shown[b"flags"] = SetOf([_simple(flag) for flag in keys.flags])
    search: dict[bytes, Reply] = {b"index": keys.first}
    if keys.keyword:
        search = {b"keyword": keys.keyword.encode(), b"startfrom": keys.startfrom}
    shown[b"begin_search"] = {b"type": b"keyword" if keys.keyword else b"index", b"spec": search}
    span = {b"lastkey": keys.last, b"keystep": keys.step, b"limit": keys.limit}
    shown[b"find_keys"] = {b"type": b"range", b"spec": span}
    return shown


@command(
    "COMMAND",
    arity=-1,
    group=GROUP,
    since="2.8.13",
    flags=ANY_STATE,
    categories=CONNECTION,
    tips=("nondeterministic_output_order",),
    complexity="O(N), N being the number of commands",
    summary="Describes every command.",
)
def command_(ctx: Context, asked: None) -> Reply:
    """Reply with a record of every command."""
    return [info_record(row) for row in top_rows()]


def parse_names(args: Args) -> list[bytes]:
    return args.rest()


@command(
    "COMMAND INFO",
    arity=-2,
    group=GROUP,
    since="2.8.13",
    syntax="[command-name [command-name ...]]",
    flags=ANY_STATE,
    categories=CONNECTION,
    tips=("nondeterministic_output_order",),
    complexity="O(N), N being the number of commands asked for",
    summary="Describes the commands named, or every command.",
    history=(("7.0.0", "Without a name it describes every command."),),
    parse=parse_names,
)
def command_info(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply with a record for each name, null where there is no such command."""
    rows: Iterable[Command | None] = map(find_row, asked) if asked else top_rows()
    return [row and info_record(row) for row in rows]


@command(
    "COMMAND COUNT",
    arity=2,
    group=GROUP,
    since="2.8.13",
    flags=ANY_STATE,
    categories=CONNECTION,
    summary="Tells how many commands there are.",
)
def command_count(ctx: Context, asked: None) -> Reply:
    """Reply with the number of commands, sub-commands not counted."""
    return len(top_rows())


# COMMAND DOCS


@cache
def _arguments(syntax: str) -> list[Argument]:
    return parse_syntax(syntax) if syntax else []


def docs_record(row: Command) -> dict[bytes, Reply]:
    """Return a row as COMMAND DOCS shows it."""
    shown: dict[bytes, Reply] = {
        b"summary": row.summary.encode(),
        b"since": row.since.encode(),
        b"group": row.group.encode(),
        b"complexity": row.complexity.encode(),
    }
    if row.history:
        shown[b"history"] = SetOf([[when.encode(), what.encode()] for when, what in row.history])
    arguments = _arguments(row.syntax)
    if arguments:
        shown[b"arguments"] = [argument.describe(bool(row.keys)) for argument in arguments]
    if row.subcommands:
        shown[b"subcommands"] = {
            child.name.encode(): docs_record(child) for _, child in sorted(row.subcommands.items())
        }
    return shown


@command(
    "COMMAND DOCS",
    arity=-2,
    group=GROUP,
    since="7.0.0",
    syntax="[command-name [command-name ...]]",
    flags=ANY_STATE,
    categories=CONNECTION,
    tips=("nondeterministic_output_order",),
    complexity="O(N), N being the number of commands asked for",
    summary="Documents the commands named, or every command.",
    parse=parse_names,
)
def command_docs(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply with a map from name to documentation; unknown names are left out."""
    rows = map(find_row, asked) if asked else top_rows()
    return Pairs([(row.name.encode(), docs_record(row)) for row in rows if row is not None])


# COMMAND LIST


class CommandList(Struct):
    """What to list by: a kind in upper case, or empty for everything."""

    kind: bytes
    wanted: bytes


def parse_command_list(args: Args) -> CommandList:
    if not len(args):
        return CommandList(b"", b"")
    if not args.flag(b"FILTERBY") or len(args) != 2:
        raise errors.fail(errors.SYNTAX)
    kind = args.next().upper()
    if kind not in (b"MODULE", b"ACLCAT", b"PATTERN"):
        raise errors.fail(errors.SYNTAX)
    return CommandList(kind, args.next())


@command(
    "COMMAND LIST",
    arity=-2,
    group=GROUP,
    since="7.0.0",
    syntax="[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
    flags=ANY_STATE,
    categories=CONNECTION,
    tips=("nondeterministic_output_order",),
    complexity="O(N), N being the number of commands",
    summary="Names every command, or those of a category, or those that match a pattern.",
    parse=parse_command_list,
)
def command_list(ctx: Context, asked: CommandList) -> Reply:
    """Reply with names, those of sub-commands included."""
    rows = [row for _, row in sorted(TABLE.items())]
    if asked.kind == b"MODULE":  # there are no modules
        rows = []
    elif asked.kind == b"ACLCAT":
        category = asked.wanted.lower().decode("latin-1")
        rows = [row for row in rows if not is_container(row) and category in categories_of(row)]
    elif asked.kind == b"PATTERN":
        pattern = asked.wanted.lower()
        rows = [row for row in rows if glob_matches(pattern, row.name.encode())]
    return [row.name.encode() for row in rows]


# COMMAND GETKEYS


class Found(Struct):
    """A key in somebody's request, and what the command does with it."""

    key: bytes
    flags: tuple[str, ...]


def find_keys(request: list[bytes]) -> list[Found]:
    """Return the keys of a whole request. Raises what COMMAND GETKEYS answers."""
    row = find_row(request[0]) if b"|" not in request[0] else None
    if row is not None and row.subcommands and len(request) > 1:
        row = row.subcommands.get(request[1].upper())
    if row is None:
        raise errors.fail(errors.GETKEYS_COMMAND)
    if not row.keys:
        raise errors.fail(errors.GETKEYS_NO_KEYS)
    if not row.takes(len(request)):
        raise errors.fail(errors.GETKEYS_COUNT)
    found = [
        Found(key, _flags_for(row, keys, request))
        for keys in row.keys
        for key in keys.find(request)
    ]
    if not found:
        raise errors.fail(errors.GETKEYS_ARGUMENTS)
    return found


def _flags_for(row: Command, keys: Keys, request: list[bytes]) -> tuple[str, ...]:
    """Return a key's flags; SET's depend on whether the old value is asked for."""
    if row.name != "set":
        return tuple(flag for flag in keys.flags if flag != "variable_flags")
    reads = any(word.upper() == b"GET" for word in request[3:])
    return ("RW", "access", "update") if reads else ("OW", "update")


@command(
    "COMMAND GETKEYS",
    arity=-3,
    group=GROUP,
    since="2.8.13",
    syntax="command [arg [arg ...]]",
    flags=ANY_STATE,
    categories=CONNECTION,
    complexity="O(N), N being the number of arguments",
    summary="Finds the keys in a request.",
    parse=parse_names,
)
def command_getkeys(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply with the keys of the request that follows."""
    return [found.key for found in find_keys(asked)]


@command(
    "COMMAND GETKEYSANDFLAGS",
    arity=-3,
    group=GROUP,
    since="7.0.0",
    syntax="command [arg [arg ...]]",
    flags=ANY_STATE,
    categories=CONNECTION,
    complexity="O(N), N being the number of arguments",
    summary="Finds the keys in a request and tells what is done with them.",
    parse=parse_names,
)
def command_getkeysandflags(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply with each key and its flags."""
    return [
        [found.key, SetOf([_simple(flag) for flag in found.flags])] for found in find_keys(asked)
    ]


help_command(
    "COMMAND",
    [
        "(no subcommand)",
        "    Describe every command.",
        "COUNT",
        "    Tell how many commands there are.",
        "LIST [FILTERBY <MODULE name | ACLCAT category | PATTERN pattern>]",
        "    Name the commands.",
        "INFO [<command-name> ...]",
        "    Describe the commands named, or all: arity, flags, keys.",
        "DOCS [<command-name> ...]",
        "    Document the commands named, or all: summary, arguments, history.",
        "GETKEYS <full-command>",
        "    Find the keys in a request.",
        "GETKEYSANDFLAGS <full-command>",
        "    Find the keys in a request and tell what is done with them.",
    ],
    group=GROUP,
    since="5.0.0",
)

TABLE["command|help"].categories = CONNECTION
