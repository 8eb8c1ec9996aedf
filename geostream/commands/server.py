"""Commands about the server as a whole: its time, its role, saving, shutting down, waiting.

There is one server, a master without replicas. What follows from that is answered as a real
server in this state answers it (ROLE, WAIT, FAILOVER); becoming a replica is refused. What is
on disk is geostream/engine/disk.py's business.

Behaviour: https://redis.io/docs/latest/commands/?group=server
"""

from __future__ import annotations

from msgspec import Struct

from geostream import REDIS_VERSION, __version__, errors
from geostream.engine.args import Args, parse_int64
from geostream.engine.command import Flag, command, container, help_command
from geostream.engine.context import Context
from geostream.reply import NO_REPLY, OK, Block, Reply, Verbatim

GROUP = "server"
ADMIN = frozenset({Flag.ADMIN, Flag.NOSCRIPT, Flag.STALE})
SAVING = frozenset({Flag.ADMIN, Flag.NOSCRIPT, Flag.NO_ASYNC_LOADING})
ADMIN_CATEGORIES = ("admin", "dangerous")


# Time and role


@command(
    "TIME",
    arity=1,
    group=GROUP,
    since="2.6.0",
    flags={Flag.LOADING, Flag.STALE, Flag.FAST},
    tips=("nondeterministic_output",),
    summary="Tells the server's time.",
)
def time(ctx: Context, asked: None) -> Reply:
    """Reply with Unix seconds and the microseconds of that second."""
    seconds, milliseconds = divmod(ctx.now_ms, 1000)
    return [b"%d" % seconds, b"%d" % (milliseconds * 1000)]


@command(
    "ROLE",
    arity=1,
    group=GROUP,
    since="2.8.12",
    flags={Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.FAST},
    categories=ADMIN_CATEGORIES,
    summary="Tells the server's role in replication.",
)
def role(ctx: Context, asked: None) -> Reply:
    """Reply as a master without replicas does."""
    return [b"master", 0, []]


def parse_replicaof(args: Args) -> bool:
    """Return whether nobody is to be followed."""
    host, port = args.next(), args.next()
    if host.upper() == b"NO" and port.upper() == b"ONE":
        return True
    number = parse_int64(port)
    if number is None or not 0 <= number <= 65535:
        raise errors.fail(errors.NO_MASTER_PORT)
    return False


def replicaof(ctx: Context, asked: bool) -> Reply:
    """Reply OK if the server is to be what it is already: a master."""
    if not asked:
        raise errors.fail(errors.NO_REPLICATION)
    return OK


for _name, _since in (("REPLICAOF", "5.0.0"), ("SLAVEOF", "1.0.0")):
    command(
        _name,
        arity=3,
        group=GROUP,
        since=_since,
        syntax="<host port | NO ONE>",
        flags={*ADMIN, Flag.NO_ASYNC_LOADING},
        summary="Makes the server a master; it cannot be made a replica.",
        parse=parse_replicaof,
    )(replicaof)


class Failover(Struct):
    """Whether ABORT was said; everything else ends in the same refusal."""

    aborts: bool


def parse_failover(args: Args) -> Failover:
    seen: set[bytes] = set()
    while (option := args.option()) is not None:
        if option in seen:
            raise errors.fail(errors.SYNTAX)
        if option == b"TIMEOUT" and len(args):
            if args.integer() <= 0:
                raise errors.fail(errors.FAILOVER_TIMEOUT)
        elif option == b"TO" and len(args) >= 2:
            args.next()
            args.integer()
        elif option != b"FORCE" and (option != b"ABORT" or seen or len(args)):
            raise errors.fail(errors.SYNTAX)
        seen.add(option)
    return Failover(b"ABORT" in seen)


@command(
    "FAILOVER",
    arity=-1,
    group=GROUP,
    since="6.2.0",
    syntax="[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
    flags=ADMIN,
    summary="Hands the master's role to a replica, of which there are none.",
    parse=parse_failover,
)
def failover(ctx: Context, asked: Failover) -> Reply:
    """Refuse: there is nobody to hand over to."""
    raise errors.fail(errors.FAILOVER_NONE if asked.aborts else errors.FAILOVER_NEEDS_REPLICAS)


# Saving and shutting down


@command(
    "LASTSAVE",
    arity=1,
    group=GROUP,
    since="1.0.0",
    flags={Flag.LOADING, Flag.STALE, Flag.FAST},
    categories=ADMIN_CATEGORIES,
    tips=("nondeterministic_output",),
    summary="Tells when the data was last saved; before the first time, when the server started.",
)
def lastsave(ctx: Context, asked: None) -> Reply:
    """Reply with a Unix time in seconds."""
    return ctx.engine.disk.last_save_s() or ctx.engine.stats.started_ms // 1000


@command(
    "SAVE",
    arity=1,
    group=GROUP,
    since="1.0.0",
    flags={*SAVING, Flag.NO_MULTI},
    complexity="O(N), N being the number of keys",
    summary="Saves the data, holding everybody up until it is done.",
)
def save(ctx: Context, asked: None) -> Reply:
    """Reply OK when everything is on disk."""
    return ctx.engine.disk.save()


def parse_bgsave(args: Args) -> bool:
    may_wait = args.flag(b"SCHEDULE")
    args.end()
    return may_wait


@command(
    "BGSAVE",
    arity=-1,
    group=GROUP,
    since="1.0.0",
    syntax="[SCHEDULE]",
    flags=SAVING,
    history=(("3.2.2", "SCHEDULE waits for a rewrite of the log to end."),),
    summary="Saves the data while the server goes on.",
    parse=parse_bgsave,
)
def bgsave(ctx: Context, asked: bool) -> Reply:
    """Reply at once; INFO and LASTSAVE tell when it is done."""
    return ctx.engine.disk.bgsave(may_wait=asked)


@command(
    "BGREWRITEAOF",
    arity=1,
    group=GROUP,
    since="1.0.0",
    flags=SAVING,
    summary="Rewrites the append-only file while the server goes on.",
)
def bgrewriteaof(ctx: Context, asked: None) -> Reply:
    """Reply at once; INFO tells when it is done."""
    return ctx.engine.disk.bgrewrite()


class Shutdown(Struct):
    """How to go."""

    saves: bool | None  # None: as configured
    aborts: bool
    is_forced: bool


def parse_shutdown(args: Args) -> Shutdown:
    seen = set()
    while (option := args.option()) is not None:
        if option not in (b"SAVE", b"NOSAVE", b"NOW", b"FORCE", b"ABORT"):
            raise errors.fail(errors.SYNTAX)
        seen.add(option)
    if {b"SAVE", b"NOSAVE"} <= seen or (b"ABORT" in seen and len(seen) > 1):
        raise errors.fail(errors.SYNTAX)
    saves = b"SAVE" in seen or (False if b"NOSAVE" in seen else None)
    return Shutdown(saves, b"ABORT" in seen, b"FORCE" in seen)


@command(
    "SHUTDOWN",
    arity=-1,
    group=GROUP,
    since="1.0.0",
    syntax="[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
    flags={*ADMIN, Flag.LOADING, Flag.NO_MULTI, Flag.ALLOW_BUSY},
    history=(("7.0.0", "NOW, FORCE and ABORT."),),
    complexity="O(1)",
    summary="Ends the server in an orderly way.",
    parse=parse_shutdown,
)
def shutdown(ctx: Context, asked: Shutdown) -> Reply:
    """End the process; the connection closes without a reply."""
    if asked.aborts:
        raise errors.fail(errors.NO_SHUTDOWN)
    ctx.engine.disk.prepare_shutdown(asked.saves, asked.is_forced)
    ctx.engine.host.shut_down()
    ctx.client.link.close()  # what it sent behind this is not run
    return NO_REPLY


# Waiting for replicas


def _timeout_ms(args: Args) -> int:
    timeout_ms = args.integer(errors.TIMEOUT_NOT_AN_INTEGER)
    if timeout_ms < 0:
        raise errors.fail(errors.TIMEOUT_NEGATIVE)
    return timeout_ms


class Wait(Struct):
    """For how many copies to wait, and how long."""

    replicas: int
    timeout_ms: int


def parse_wait(args: Args) -> Wait:
    return Wait(args.integer(), _timeout_ms(args))


WAITAOF_STEP_MS = 5  # between two looks at what the disk has by now
WAIT_TIPS = ("request_policy:all_shards", "response_policy:agg_min")


@command(
    "WAIT",
    arity=3,
    group="generic",
    since="3.0.0",
    syntax="numreplicas timeout",
    flags={Flag.BLOCKING},
    categories=("connection",),
    tips=WAIT_TIPS,
    summary="Waits until so many replicas have the connection's writes; tells how many do.",
    parse=parse_wait,
)
def wait(ctx: Context, asked: Wait) -> Reply:
    """Reply with 0: at once if that is enough, else when time is up."""
    if asked.replicas <= 0 or ctx.in_transaction:
        return 0
    return Block((), asked.timeout_ms, again=asked, on_timeout=0)


class WaitAof(Struct):
    """What is to be on disk, here or at replicas, and how long to wait."""

    local: int
    replicas: int
    timeout_ms: int
    position: int = -1  # of what was changed when the command first ran


def parse_waitaof(args: Args) -> WaitAof:
    local = args.integer()
    if not 0 <= local <= 1:
        raise errors.fail(errors.WAITAOF_LOCAL)
    replicas = args.integer(errors.WAITAOF_REPLICAS)
    if replicas < 0:
        raise errors.fail(errors.WAITAOF_REPLICAS)
    return WaitAof(local, replicas, _timeout_ms(args))


@command(
    "WAITAOF",
    arity=4,
    group="generic",
    since="7.2.0",
    syntax="numlocal numreplicas timeout",
    flags={Flag.BLOCKING},
    categories=("connection",),
    tips=WAIT_TIPS,
    summary="Waits until the connection's writes are on disk here and at so many replicas.",
    parse=parse_waitaof,
)
def waitaof(ctx: Context, asked: WaitAof) -> Reply:
    """Reply with whether they are on disk here, 0 or 1, and 0 for the replicas there are not."""
    disk = ctx.engine.disk
    if asked.local and not disk.appends:
        raise errors.fail(errors.WAITAOF_NO_AOF)
    if asked.position < 0:
        asked.position = disk.position()
    is_local = int(disk.appends and disk.synced_position() >= asked.position)
    reply: Reply = [is_local, 0]
    if ctx.in_transaction or (not asked.replicas and is_local >= asked.local):
        return reply
    recheck_ms = None
    if not is_local and disk.appends:
        disk.request_sync()
        recheck_ms = ctx.now_ms + WAITAOF_STEP_MS
    return Block((), asked.timeout_ms, again=asked, recheck_ms=recheck_ms, on_timeout=[is_local, 0])


# Others

_DROP = b"""\
      .
     / \\
    /   \\        A stream is only a river
   /     \\       that remembers every drop.
  |  ~~~  |
   \\ ~~~ /
    '---'
"""


def parse_lolwut(args: Args) -> None:
    if args.flag(b"VERSION") and len(args):
        args.integer()


@command(
    "LOLWUT",
    arity=-1,
    group=GROUP,
    since="5.0.0",
    syntax="[VERSION version]",
    flags={Flag.READONLY, Flag.FAST},
    summary="Shows a drawing, and the version.",
    parse=parse_lolwut,
)
def lolwut(ctx: Context, asked: None) -> Reply:
    """Reply with text for people."""
    versions = f"\ngeostream {__version__}. Redis ver. {REDIS_VERSION}\n"
    return Verbatim(_DROP + versions.encode())


container("MODULE", group=GROUP, since="4.0.0", summary="What there is to say about modules.")


@command(
    "MODULE LIST",
    arity=2,
    group=GROUP,
    since="4.0.0",
    flags={Flag.ADMIN, Flag.NOSCRIPT},
    tips=("nondeterministic_output_order",),
    summary="Lists the modules loaded: none.",
)
def module_list(ctx: Context, asked: None) -> Reply:
    """Reply with nothing: there are no modules."""
    return []


help_command("MODULE", ["LIST", "    List the modules loaded."], group=GROUP, since="5.0.0")
