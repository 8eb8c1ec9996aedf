"""SORT and SORT_RO, for what they are asked here: keys that hold nothing that can be sorted.

They sort lists and sets, and here a key holds a stream or a string. So the options are
read as Redis reads them, a missing key is an empty list, and any other is a wrong type.

Behaviour: https://redis.io/docs/latest/commands/sort/
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import Reply
from geostream.store.effects import KeyDeleted
from geostream.store.errors import WrongType

GROUP = "generic"
COMPLEXITY = "O(1): there is nothing that could be sorted"


class Sort(Struct):
    """What to sort, and where to put it."""

    key: bytes
    store: bytes | None = None


def _parse(args: Args, may_store: bool) -> Sort:
    asked = Sort(args.next())
    while args:
        if args.flag(b"ASC") or args.flag(b"DESC") or args.flag(b"ALPHA"):
            continue
        if args.flag(b"LIMIT") and len(args) > 1:
            args.integer()
            args.integer()
        elif may_store and args.flag(b"STORE"):
            asked.store = args.next()
        elif args.flag(b"BY") or args.flag(b"GET"):
            args.next()
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


def parse_sort(args: Args) -> Sort:
    """Take key and options."""
    return _parse(args, may_store=True)


def parse_sort_ro(args: Args) -> Sort:
    """Take key and options but for STORE."""
    return _parse(args, may_store=False)


@command(
    "SORT",
    arity=-2,
    group=GROUP,
    syntax="key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]]"
    " [ASC | DESC] [ALPHA] [STORE destination]",
    flags={Flag.WRITE, Flag.DENYOOM, Flag.MOVABLEKEYS},
    keys=(Keys(("RO", "access")), Keys(("OW", "update"), keyword="STORE", startfrom=2)),
    since="1.0.0",
    summary="Refuses to sort what is no list or set; a missing key is an empty list.",
    complexity=COMPLEXITY,
    categories=("dangerous",),
    parse=parse_sort,
)
def sort(ctx: Context, asked: Sort) -> Reply:
    """Reply with nothing sorted; with STORE the destination is gone and 0 the reply."""
    if ctx.db.find(asked.key) is not None:
        raise WrongType
    if asked.store is None:
        return []
    if asked.store in ctx.db.values:
        ctx.commit(KeyDeleted(ctx.db.number, asked.store))
    return 0


@command(
    "SORT_RO",
    arity=-2,
    group=GROUP,
    syntax="key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]]"
    " [ASC | DESC] [ALPHA]",
    flags={Flag.READONLY, Flag.MOVABLEKEYS},
    keys=Keys(("RO", "access")),
    since="7.0.0",
    summary="The same as SORT without STORE.",
    complexity=COMPLEXITY,
    categories=("dangerous",),
    parse=parse_sort_ro,
)
def sort_ro(ctx: Context, asked: Sort) -> Reply:
    """Reply with nothing sorted."""
    return sort(ctx, asked)
