"""The command table: ``@command`` and the rows it fills in.

Everything the server must know about a command stands in its row: the checks before it
runs, COMMAND INFO and DOCS, the README's table and the tests all read the same one.

A sub-command is a row of its own, named ``xgroup|create`` as Redis names it, and hangs
below its container's row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from geostream.engine.shortcut import Shortcut
from geostream.reply import Reply, Simple

if TYPE_CHECKING:
    from geostream.engine.args import Args
    from geostream.engine.context import Context


class Flag(StrEnum):
    """What COMMAND INFO calls flags."""

    WRITE = "write"
    READONLY = "readonly"
    DENYOOM = "denyoom"
    ADMIN = "admin"
    PUBSUB = "pubsub"
    NOSCRIPT = "noscript"
    BLOCKING = "blocking"
    LOADING = "loading"
    STALE = "stale"
    SKIP_MONITOR = "skip_monitor"
    SKIP_SLOWLOG = "skip_slowlog"
    FAST = "fast"
    NO_AUTH = "no_auth"
    NO_MULTI = "no_multi"
    NO_ASYNC_LOADING = "no_async_loading"
    ALLOW_BUSY = "allow_busy"
    MOVABLEKEYS = "movablekeys"


class Keys(Struct, frozen=True):
    """Where the keys of a request stand (a key specification of COMMAND INFO).

    flags   -- RW, update and so on, in Redis' order
    first   -- the argument number of the first key, or
    keyword -- the word after which keys begin, searched from argument ``startfrom``
    last    -- last key counted from the first; -1 is the last argument
    step    -- distance between keys
    limit   -- 2: keys are the first half of what remains, as with STREAMS
    """

    flags: tuple[str, ...]
    first: int = 1
    last: int = 0
    step: int = 1
    limit: int = 0
    keyword: str = ""
    startfrom: int = 0
    notes: str = ""

    def find(self, request: Sequence[bytes]) -> list[bytes]:
        """Return the keys in a request; empty if they cannot be found."""
        first = self._keyword_place(request) + 1 if self.keyword else self.first
        if not first or first >= len(request):
            return []
        if self.limit:
            return list(request[first : first + (len(request) - first) // self.limit : self.step])
        stop = len(request) + 1 + self.last if self.last < 0 else first + self.last + 1
        return list(request[first : stop : self.step])

    def _keyword_place(self, request: Sequence[bytes]) -> int:
        word = self.keyword.encode()
        for place in range(self.startfrom, len(request)):
            if request[place].upper() == word:
                return place
        return -1


# What may refuse a command before it runs, as bits of ``Command.limits``.
MEMORY_LIMIT = 1  # maxmemory is set: commands that add are checked
DISK_LIMIT = 2  # the disk fails: what writes is refused, and PING, for whoever watches
LOADING_LIMIT = 4  # the data is being loaded: what needs data is refused

#: They write, but what they write hangs on a key they only look at; Redis counts that.
LOOK_AND_WRITE = frozenset({"xreadgroup", "xack", "xackdel", "xclaim", "xautoclaim", "sort"})


Handler = Callable[["Context", Any], Reply]


class Command:
    """One row."""

    __slots__ = (
        "arity",
        "categories",
        "complexity",
        "counts_lookups",
        "denies_oom",
        "first_argument",
        "flags",
        "group",
        "history",
        "is_readonly",
        "is_write",
        "keys",
        "limits",
        "name",
        "parse",
        "run",
        "shortcut",
        "since",
        "subcommands",
        "summary",
        "syntax",
        "tips",
    )

    def __init__(  # noqa: PLR0913  a row has so many columns
        self,
        *,
        name: str,
        group: str,
        syntax: str,
        arity: int,
        flags: frozenset[Flag],
        since: str,
        summary: str,
        complexity: str,
        parse: Callable[[Args], Any],
        run: Handler,
        keys: tuple[Keys, ...] = (),
        tips: tuple[str, ...] = (),
        history: tuple[tuple[str, str], ...] = (),
        categories: tuple[str, ...] = (),
        shortcut: Shortcut | None = None,
    ) -> None:
        """Fill in a row.

        name       -- in lower case: xadd, xgroup|create
        syntax     -- what follows the name, in the notation of Redis' documentation
        arity      -- words in a request, the name included; negative: at least so many
        categories -- beyond those that follow from flags and group
        shortcut   -- tried before parse and run
        """
        self.name = name
        self.group = group
        self.syntax = syntax
        self.arity = arity
        self.flags = flags
        self.since = since
        self.summary = summary
        self.complexity = complexity
        self.parse = parse
        self.run = run
        self.keys = keys
        self.tips = tips
        self.history = history
        self.categories = categories
        self.shortcut = shortcut
        self.subcommands: dict[bytes, Command] = {}  # by upper-case name
        # what the flags say, ready for the checks every request passes
        self.is_readonly = Flag.READONLY in flags
        self.is_write = Flag.WRITE in flags
        self.denies_oom = Flag.DENYOOM in flags
        # whether looking at a key counts as a hit or a miss
        self.counts_lookups = self.is_readonly or name in LOOK_AND_WRITE
        self.limits = (  # which limits apply to it
            MEMORY_LIMIT * self.denies_oom
            | DISK_LIMIT * (self.is_write or name == "ping")
            | LOADING_LIMIT * (Flag.LOADING not in flags)
        )
        # the word after the name, or after the sub-command's
        self.first_argument = 2 if "|" in name else 1

    def takes(self, words: int) -> bool:
        """Tell whether a request may have so many words."""
        return words == self.arity if self.arity >= 0 else words >= -self.arity

    @property
    def title(self) -> str:
        """The name as people write it: XGROUP CREATE."""
        return self.name.upper().replace("|", " ")


#: Every row by its name: xadd, xgroup, xgroup|create.
TABLE: dict[str, Command] = {}


def _no_arguments(args: Args) -> None:
    return None


def command(  # noqa: PLR0913  a row has so many columns
    name: str,
    *,
    arity: int,
    group: str,
    summary: str,
    since: str,
    syntax: str = "",
    flags: Iterable[Flag] = (),
    keys: Keys | tuple[Keys, ...] = (),
    complexity: str = "O(1)",
    tips: tuple[str, ...] = (),
    history: tuple[tuple[str, str], ...] = (),
    categories: tuple[str, ...] = (),
    parse: Callable[[Args], Any] = _no_arguments,
    shortcut: Shortcut | None = None,
) -> Callable[[Handler], Handler]:
    """Enter the decorated handler into the table.

    ``name`` is written as people write it; ``XGROUP CREATE`` goes below ``XGROUP``, which
    must be entered before (see ``container``).
    """

    def enter(handler: Handler) -> Handler:
        row = Command(
            name=name.lower().replace(" ", "|"),
            group=group,
            syntax=syntax,
            arity=arity,
            flags=frozenset(flags),
            since=since,
            summary=summary,
            complexity=complexity,
            parse=parse,
            run=handler,
            keys=(keys,) if isinstance(keys, Keys) else keys,
            tips=tips,
            history=history,
            categories=categories,
            shortcut=shortcut,
        )
        TABLE[row.name] = row
        if "|" in row.name:
            parent, _, child = row.name.partition("|")
            TABLE[parent].subcommands[child.upper().encode()] = row
        return handler

    return enter


def container(name: str, *, group: str, since: str, summary: str, arity: int = -2) -> None:
    """Enter a command that is nothing but the name of its sub-commands."""

    def run(ctx: Context, asked: Any) -> Reply:
        raise AssertionError("a container is never run; its sub-commands are")

    command(
        name, arity=arity, group=group, since=since, summary=summary,
        complexity="Depends on subcommand.",
    )(run)  # fmt: skip


def help_command(container_name: str, lines: Sequence[str], *, group: str, since: str) -> None:
    """Enter the HELP of a container. ``lines`` are what stands between its first and last lines."""
    text = [f"{container_name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    text += [*lines, "HELP", "    Print this help."]
    reply = [Simple(line.encode()) for line in text]

    def run(ctx: Context, asked: Any) -> Reply:
        return reply

    command(
        f"{container_name} HELP", arity=2, group=group, since=since,
        flags={Flag.LOADING, Flag.STALE},
        summary="Returns helpful text about the different subcommands.",
    )(run)  # fmt: skip
