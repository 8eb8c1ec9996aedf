"""Looking on: MONITOR, SLOWLOG, LATENCY.

What is noted, and when, is decided in dispatch; kept in engine/slowlog.py,
engine/latency.py and the histograms of engine/stats.py; drawn in engine/latency_text.py.
"""

from __future__ import annotations

from geostream import errors
from geostream.engine.args import Args, parse_int64
from geostream.engine.command import TABLE, Flag, command, container, help_command
from geostream.engine.context import Context
from geostream.engine.latency_text import diagnosis, graph
from geostream.engine.stats import CommandStats
from geostream.reply import NO_REPLY, OK, Pairs, Reply, Verbatim

GROUP = "server"
LOGS = {Flag.ADMIN, Flag.LOADING, Flag.STALE}
ADMIN = {Flag.NOSCRIPT, *LOGS}
ALL_NODES = "request_policy:all_nodes"
FROM_ALL_NODES = ("nondeterministic_output", ALL_NODES, "response_policy:special")
SHOWN_BY_DEFAULT = 10


@command(
    "MONITOR",
    arity=1,
    group=GROUP,
    flags=ADMIN,
    since="1.0.0",
    summary="Receive every command the server runs, as it runs.",
    complexity="",
)
def monitor(ctx: Context, asked: None) -> Reply:
    """Reply once; a client that monitors already is not answered, as in Redis."""
    client = ctx.client
    if ctx.in_transaction:
        raise errors.fail(errors.MONITOR_INSIDE_MULTI)
    if client.is_monitor:
        return NO_REPLY
    client.is_monitor = True
    client.update_guard()
    ctx.engine.monitors[client] = None
    return OK


container("SLOWLOG", group=GROUP, since="2.2.12", summary="Commands that took long.")


def parse_slowlog_get(args: Args) -> int:
    """Return how many entries are wanted; -1 is all."""
    if len(args) > 1:
        raise errors.fail(errors.SUBCOMMAND_SYNTAX, name=args.words[1], container="SLOWLOG")
    count = parse_int64(args.next()) if args else SHOWN_BY_DEFAULT
    if count is None or count < -1:
        raise errors.fail(errors.SLOWLOG_COUNT)
    return count


@command(
    "SLOWLOG GET",
    syntax="[count]",
    arity=-2,
    group=GROUP,
    flags=LOGS,
    since="2.2.12",
    summary="Show slow commands, the latest first.",
    complexity="O(N), N being the number of entries shown",
    tips=(ALL_NODES, "nondeterministic_output"),
    history=(("4.0.0", "Shows the client's address and name."),),
    parse=parse_slowlog_get,
)
def slowlog_get(ctx: Context, count: int) -> Reply:
    entries = list(ctx.engine.slowlog.entries)
    return [
        [
            entry.id,
            entry.at_s,
            entry.elapsed_us,
            entry.request,
            entry.address,
            entry.client_name,
        ]
        for entry in (entries if count < 0 else entries[:count])
    ]


@command(
    "SLOWLOG LEN",
    arity=2,
    group=GROUP,
    flags=LOGS,
    since="2.2.12",
    summary="Count the entries of the slow log.",
    tips=(ALL_NODES, "response_policy:agg_sum", "nondeterministic_output"),
)
def slowlog_len(ctx: Context, asked: None) -> Reply:
    return len(ctx.engine.slowlog.entries)


@command(
    "SLOWLOG RESET",
    arity=2,
    group=GROUP,
    flags=LOGS,
    since="2.2.12",
    summary="Empty the slow log.",
    complexity="O(N), N being the number of entries",
    tips=(ALL_NODES, "response_policy:all_succeeded"),
)
def slowlog_reset(ctx: Context, asked: None) -> Reply:
    ctx.engine.slowlog.entries.clear()
    return OK


help_command(
    "SLOWLOG",
    (
        "GET [<count>]",
        "    The latest entries, 10 if no count is given, all if it is -1. Each has an id, a",
        "    Unix time, the microseconds it took, the arguments, the client's address and name.",
        "LEN",
        "    How many entries there are.",
        "RESET",
        "    Forget all entries.",
    ),
    group=GROUP,
    since="6.2.0",
)

container("LATENCY", group=GROUP, since="2.8.13", summary="How long commands take.")


@command(
    "LATENCY LATEST",
    arity=2,
    group=GROUP,
    flags=ADMIN,
    since="2.8.13",
    summary="Show the latest spike of each kind of event.",
    tips=FROM_ALL_NODES,
)
def latency_latest(ctx: Context, asked: None) -> Reply:
    """Reply with event, Unix time, latency in ms, worst latency in ms, for each."""
    return [
        [name.encode(), *spikes.samples[-1], spikes.worst_ms]
        for name, spikes in ctx.engine.latency.events.items()
    ]


def parse_event(args: Args) -> str:
    return args.next().decode("latin-1")


@command(
    "LATENCY HISTORY",
    syntax="event",
    arity=3,
    group=GROUP,
    flags=ADMIN,
    since="2.8.13",
    summary="Show the last spikes of one kind of event.",
    tips=FROM_ALL_NODES,
    parse=parse_event,
)
def latency_history(ctx: Context, event: str) -> Reply:
    spikes = ctx.engine.latency.events.get(event)
    return [list(sample) for sample in spikes.samples] if spikes is not None else []


@command(
    "LATENCY RESET",
    syntax="[event [event ...]]",
    arity=-2,
    group=GROUP,
    flags=ADMIN,
    since="2.8.13",
    summary="Forget the spikes of some kinds of events, or of all.",
    tips=(ALL_NODES, "response_policy:agg_sum"),
    parse=Args.rest,
)
def latency_reset(ctx: Context, events: list[bytes]) -> Reply:
    return ctx.engine.latency.reset([event.decode("latin-1") for event in events])


@command(
    "LATENCY GRAPH",
    syntax="event",
    arity=3,
    group=GROUP,
    flags=ADMIN,
    since="2.8.13",
    summary="Draw the last spikes of one kind of event.",
    tips=FROM_ALL_NODES,
    parse=parse_event,
)
def latency_graph(ctx: Context, event: str) -> Reply:
    spikes = ctx.engine.latency.events.get(event)
    if spikes is None:
        raise errors.fail(errors.LATENCY_NO_SAMPLES, event=event.encode("latin-1"))
    return Verbatim(graph(event, spikes, ctx.now_ms // 1000))


@command(
    "LATENCY DOCTOR",
    arity=2,
    group=GROUP,
    flags=ADMIN,
    since="2.8.13",
    summary="Say in words what the spikes look like.",
    tips=FROM_ALL_NODES,
)
def latency_doctor(ctx: Context, asked: None) -> Reply:
    return Verbatim(diagnosis(ctx.engine.latency))


@command(
    "LATENCY HISTOGRAM",
    syntax="[command [command ...]]",
    arity=-2,
    group=GROUP,
    flags=ADMIN,
    since="7.0.0",
    summary="Show how the times of each command's calls are distributed.",
    complexity="O(N), N being the number of commands shown",
    tips=FROM_ALL_NODES,
    parse=Args.rest,
)
def latency_histogram(ctx: Context, names: list[bytes]) -> Reply:
    """Reply with those that were called; a container stands for its sub-commands."""
    known = ctx.engine.stats.commands
    wanted = [name for word in names for name in _rows_meant(word)] if names else list(known)
    return {
        name.encode(): _histogram(known[name])
        for name in wanted
        if name in known and known[name].calls
    }


def _rows_meant(word: bytes) -> list[str]:
    row = TABLE.get(word.lower().decode("latin-1"))
    if row is None:
        return []
    return [child.name for child in row.subcommands.values()] or [row.name]


def _histogram(stats: CommandStats) -> Reply:
    """Return calls, and for each power of two of microseconds how many took at most that."""
    buckets: list[tuple[int, int]] = []
    calls = 0
    for exponent, count in enumerate(stats.buckets):
        calls += count
        if count:
            buckets.append((1 << exponent, calls))
    return {b"calls": stats.calls, b"histogram_usec": Pairs(buckets)}


help_command(
    "LATENCY",
    (
        "DOCTOR",
        "    A report for people to read.",
        "GRAPH <event>",
        "    The last spikes of an event, drawn in letters.",
        "HISTOGRAM [<command> ...]",
        "    How many calls of each command took up to 1, 2, 4 ... microseconds.",
        "HISTORY <event>",
        "    Time and latency of the last spikes of an event.",
        "LATEST",
        "    The latest spike of each event, and the worst.",
        "RESET [<event> ...]",
        "    Forget the spikes of these events, or of all.",
    ),
    group=GROUP,
    since="2.8.13",
)
