"""CONFIG: parameters shown and changed, statistics set back to zero.

The parameters and what may be said to them are geostream/config's business; who follows
a change is said in geostream/engine/settings.py.

Behaviour: https://redis.io/docs/latest/commands/config-get/
"""

from __future__ import annotations

from geostream import errors
from geostream.config import NoConfigFile, Refused, UnknownParameter
from geostream.engine.args import Args
from geostream.engine.command import Flag, command, container, help_command
from geostream.engine.context import Context
from geostream.engine.glob import glob_matches
from geostream.reply import OK, Pairs, Reply

GROUP = "server"
ADMIN = frozenset({Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE})
ALL_NODES = ("request_policy:all_nodes", "response_policy:all_succeeded")

container("CONFIG", group=GROUP, since="2.0.0", summary="Shows and changes the configuration.")


def to_text(word: bytes) -> str:
    """Return a word as the configuration holds it; ``to_bytes`` gives the same word back."""
    return word.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """Return the configuration's text as it is sent."""
    return text.encode("utf-8", "surrogateescape")


def parse_config_get(args: Args) -> list[bytes]:
    return args.rest()


@command(
    "CONFIG GET",
    arity=-3,
    group=GROUP,
    since="2.0.0",
    syntax="parameter [parameter ...]",
    flags=ADMIN,
    complexity="O(N), N being the number of parameters",
    summary="Shows the parameters that match one of the patterns.",
    history=(("7.0.0", "Several patterns."),),
    parse=parse_config_get,
)
def config_get(ctx: Context, asked: list[bytes]) -> Reply:
    """Reply with a map from name to value, each parameter once; a whole name as it is written."""
    config = ctx.engine.config
    names = [name.encode() for name in config.names()]
    found: dict[bytes, bytes] = {}
    for written in asked:
        pattern = written.lower()
        if pattern in names:
            found.setdefault(pattern, written)
        else:
            for name in names:
                if glob_matches(pattern, name):
                    found.setdefault(name, name)
    return Pairs([(shown, to_bytes(config.get(to_text(name)))) for name, shown in found.items()])


def parse_config_set(args: Args) -> list[tuple[str, str]]:
    words = args.rest()
    if len(words) % 2:
        raise errors.fail(errors.SYNTAX)
    return [
        (to_text(name), to_text(value)) for name, value in zip(words[::2], words[1::2], strict=True)
    ]


@command(
    "CONFIG SET",
    arity=-4,
    group=GROUP,
    since="2.0.0",
    syntax="parameter value [parameter value ...]",
    flags=ADMIN,
    tips=ALL_NODES,
    complexity="O(N), N being the number of parameters",
    summary="Changes parameters, all or none.",
    history=(("7.0.0", "Several parameters."),),
    parse=parse_config_set,
)
def config_set(ctx: Context, asked: list[tuple[str, str]]) -> Reply:
    """Reply OK when all changes are in force; else nothing has changed."""
    try:
        ctx.engine.config.set_many(asked)
    except UnknownParameter as unknown:
        raise errors.fail(errors.CONFIG_UNKNOWN, name=to_bytes(unknown.name)) from None
    except Refused as refused:
        raise errors.fail(
            errors.CONFIG_REFUSED, name=to_bytes(refused.name), reason=to_bytes(refused.reason)
        ) from None
    return OK


@command(
    "CONFIG RESETSTAT",
    arity=2,
    group=GROUP,
    since="2.0.0",
    flags=ADMIN,
    tips=ALL_NODES,
    summary="Sets the counters that INFO shows back to zero.",
)
def config_resetstat(ctx: Context, asked: None) -> Reply:
    """Reply OK; what is counted from now on is counted from zero."""
    ctx.engine.stats.reset()
    ctx.keyspace.expired = ctx.keyspace.hits = ctx.keyspace.misses = 0
    return OK


@command(
    "CONFIG REWRITE",
    arity=2,
    group=GROUP,
    since="2.8.0",
    flags=ADMIN,
    tips=ALL_NODES,
    summary="Writes what was changed by CONFIG SET to a file beside the configuration file.",
)
def config_rewrite(ctx: Context, asked: None) -> Reply:
    """Reply OK when it is written. A few lines are written at once, on the rare request."""
    try:
        ctx.engine.config.rewrite()
    except NoConfigFile:
        raise errors.fail(errors.NO_CONFIG_FILE) from None
    except OSError as error:
        reason = to_bytes(error.strerror or str(error))
        raise errors.fail(errors.CONFIG_NOT_WRITTEN, reason=reason) from None
    return OK


help_command(
    "CONFIG",
    [
        "GET <pattern> [<pattern> ...]",
        "    Show the parameters that match a pattern.",
        "SET <parameter> <value> [<parameter> <value> ...]",
        "    Change parameters, all or none.",
        "RESETSTAT",
        "    Set the counters that INFO shows back to zero.",
        "REWRITE",
        "    Write what was changed to a file beside the configuration file.",
    ],
    group=GROUP,
    since="5.0.0",
)
