"""INFO: the server about itself. What it tells is put together in geostream/engine/info.py.

Behaviour: https://redis.io/docs/latest/commands/info/
"""

from __future__ import annotations

from geostream.engine.args import Args
from geostream.engine.command import Flag, command
from geostream.engine.context import Context
from geostream.engine.info import info_text, sections_of
from geostream.reply import Reply, Verbatim


def parse_info(args: Args) -> frozenset[str]:
    return sections_of([word.lower().decode("latin-1") for word in args.rest()])


@command(
    "INFO",
    arity=-1,
    group="server",
    since="1.0.0",
    syntax="[section [section ...]]",
    flags={Flag.LOADING, Flag.STALE},
    categories=("dangerous",),
    tips=("nondeterministic_output", "request_policy:all_shards", "response_policy:special"),
    complexity="O(clients + commands + databases)",
    summary="Tells how the server is: sections of names and numbers.",
    history=(("7.0.0", "Several sections."),),
    parse=parse_info,
)
def info(ctx: Context, asked: frozenset[str]) -> Reply:
    """Reply with text, one number a line."""
    return Verbatim(info_text(ctx.engine, ctx.now_ms, asked).encode("utf-8", "surrogateescape"))
