"""What test suites and tools ask about scripts of a server that has none.

There is no Lua here, and EVAL is an unknown command. But emptying the caches before a
test and asking what is in them has a true answer without it: nothing.

Behaviour: https://redis.io/docs/latest/commands/?group=scripting
"""

from __future__ import annotations

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.command import Flag, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import OK, Reply

GROUP = "scripting"
EVERYWHERE = ("request_policy:all_shards", "response_policy:all_succeeded")


MODES = (b"SYNC", b"ASYNC")


container("FUNCTION", group=GROUP, since="7.0.0", summary="What there is to say about functions.")


def parse_function_flush(args: Args) -> None:
    if len(args) > 1:
        raise errors.fail(errors.SUBCOMMAND_SYNTAX, name=args.words[1], container="FUNCTION")
    if len(args) and args.next().upper() not in MODES:
        raise errors.fail(errors.FUNCTION_FLUSH)


@command(
    "FUNCTION FLUSH",
    arity=-2,
    group=GROUP,
    since="7.0.0",
    syntax="[ASYNC | SYNC]",
    flags={Flag.WRITE, Flag.NOSCRIPT},
    tips=EVERYWHERE,
    summary="Deletes all libraries of functions, of which there are none.",
    parse=parse_function_flush,
)
def function_flush(ctx: Context, asked: None) -> Reply:
    """Reply OK: there is none left, as there was none before."""
    return OK


@command(
    "FUNCTION STATS",
    arity=2,
    group=GROUP,
    since="7.0.0",
    flags={Flag.NOSCRIPT, Flag.ALLOW_BUSY},
    tips=("nondeterministic_output", "request_policy:all_shards", "response_policy:special"),
    summary="Tells which function runs, and how many are known: none.",
)
def function_stats(ctx: Context, asked: None) -> Reply:
    """Reply as a Redis does that has been given no function."""
    counts = {b"libraries_count": 0, b"functions_count": 0}
    return {b"running_script": None, b"engines": {b"LUA": counts}}


def parse_function_list(args: Args) -> None:
    seen = set()
    while (option := args.option()) is not None:
        if option == b"WITHCODE" and option not in seen:
            seen.add(option)
        elif option == b"LIBRARYNAME" and option not in seen:
            seen.add(option)
            if not len(args):
                raise errors.fail(errors.FUNCTION_LIST_NAME)
            args.next()
        else:
            args.back()
            raise errors.fail(errors.FUNCTION_LIST_ARGUMENT, argument=args.next())


@command(
    "FUNCTION LIST",
    arity=-2,
    group=GROUP,
    since="7.0.0",
    syntax="[LIBRARYNAME library-name-pattern] [WITHCODE]",
    flags={Flag.NOSCRIPT},
    tips=("nondeterministic_output_order",),
    summary="Lists the libraries of functions, of which there are none.",
    parse=parse_function_list,
)
def function_list(ctx: Context, asked: None) -> Reply:
    """Reply with nothing."""
    return []


help_command(
    "FUNCTION",
    [
        "FLUSH [ASYNC|SYNC]",
        "    Delete all libraries; there are none, as this server runs no scripts.",
        "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
        "    List the libraries.",
        "STATS",
        "    Tell which function runs.",
    ],
    group=GROUP,
    since="7.0.0",
)

container("SCRIPT", group=GROUP, since="2.6.0", summary="What there is to say about scripts.")


def parse_script_flush(args: Args) -> None:
    if len(args) > 1 or (len(args) and args.next().upper() not in MODES):
        raise errors.fail(errors.SCRIPT_FLUSH)


@command(
    "SCRIPT FLUSH",
    arity=-2,
    group=GROUP,
    since="2.6.0",
    syntax="[ASYNC | SYNC]",
    flags={Flag.NOSCRIPT},
    tips=("request_policy:all_nodes", "response_policy:all_succeeded"),
    history=(("6.2.0", "ASYNC and SYNC."),),
    summary="Empties the cache of scripts, which is empty.",
    parse=parse_script_flush,
)
def script_flush(ctx: Context, asked: None) -> Reply:
    """Reply OK: the cache is empty, as it was before."""
    return OK


def parse_script_exists(args: Args) -> int:
    return len(args.rest())


@command(
    "SCRIPT EXISTS",
    arity=-3,
    group=GROUP,
    since="2.6.0",
    syntax="sha1 [sha1 ...]",
    flags={Flag.NOSCRIPT},
    tips=("request_policy:all_shards", "response_policy:agg_logical_and"),
    complexity="O(N), N being the number of scripts asked for",
    summary="Tells which scripts are in the cache: none.",
    parse=parse_script_exists,
)
def script_exists(ctx: Context, asked: int) -> Reply:
    """Reply 0 for each."""
    return [0] * asked


help_command(
    "SCRIPT",
    [
        "EXISTS <sha1> [<sha1> ...]",
        "    Tell which scripts are in the cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Empty the cache; it is empty, as this server runs no scripts.",
    ],
    group=GROUP,
    since="5.0.0",
)
