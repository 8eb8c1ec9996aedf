"""Commands that take entries away one by one: XDEL, XDELEX, XACKDEL.

What is to become of pending records of the entries is the policy: KEEPREF leaves them,
DELREF removes them from all groups, and ACKED deletes only what no group needs any more.
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.groups import find_group
from geostream.commands.stream_ids import parse_ids
from geostream.commands.trimming import POLICIES, remove_references
from geostream.engine.args import INT64_MAX, Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import Reply
from geostream.store.effects import EntriesDeleted, PendingRemoved
from geostream.store.group import Group
from geostream.store.ids import StreamId
from geostream.store.stream import Stream

DELETED, NOT_FOUND, REFERENCED = 1, -1, 2  # what XDELEX and XACKDEL answer for an ID


class XDel(Struct):
    """IDs to delete, as typed: they are read once the key is found."""

    key: bytes
    ids: list[bytes]


def parse_xdel(args: Args) -> XDel:
    """Take key and IDs."""
    return XDel(args.next(), args.rest())


def _delete(ctx: Context, key: bytes, stream: Stream, ids: list[StreamId], changes: int) -> None:
    """Commit that entries, each there and none named twice, go away."""
    max_deleted_id = max([stream.max_deleted_id, *ids])
    ctx.commit(EntriesDeleted(ctx.db.number, key, ids, max_deleted_id, False, changes))


@command(
    "XDEL",
    syntax="key id [id ...]",
    arity=-3,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "delete")),
    group="stream",
    since="5.0.0",
    summary="Take entries away.",
    complexity="O(log N) for each ID, with N entries in the stream",
    parse=parse_xdel,
)
def xdel(ctx: Context, asked: XDel) -> Reply:
    """Reply with the number of entries taken away."""
    stream = ctx.db.stream(asked.key)
    if stream is None:
        return 0
    ids = [entry_id for entry_id in dict.fromkeys(parse_ids(asked.ids)) if entry_id in stream]
    if ids:
        _delete(ctx, asked.key, stream, ids, len(ids))
    return len(ids)


class Deletion(Struct):
    """What to delete. What follows key and group is read once the key's type is known."""

    key: bytes
    group: bytes
    words: list[bytes]


def parse_xdelex(args: Args) -> Deletion:
    """Take the key; leave the rest for later."""
    return Deletion(args.next(), b"", args.rest())


def parse_xackdel(args: Args) -> Deletion:
    """Take key and group; leave the rest for later."""
    return Deletion(args.next(), args.next(), args.rest())


def _parse_block(words: list[bytes]) -> tuple[str, list[bytes]]:
    """Return the policy and the IDs as typed."""
    args = Args(words, "xdelex", 0)
    policy, ids = "", []
    while args:
        option = args.next().upper()
        if option in POLICIES and not policy:
            policy = POLICIES[option]
        elif option == b"IDS" and args:
            count = args.integer(errors.NUMIDS_NOT_POSITIVE)
            if not 0 < count <= INT64_MAX:
                raise errors.fail(errors.NUMIDS_NOT_POSITIVE)
            if count > len(args):
                raise errors.fail(errors.NUMIDS_MISMATCH)
            ids = args.take(count)
        else:
            raise errors.fail(errors.SYNTAX)
    if not ids:
        raise errors.fail(errors.IDS_MISSING)
    return policy, ids


def _is_referenced(stream: Stream, entry_id: StreamId, acknowledged_in: Group) -> bool:
    """Tell whether some group still needs an entry that one group has acknowledged."""
    groups = stream.groups
    return entry_id > groups.read_by_all or any(
        group is not acknowledged_in and entry_id in group.pending
        for group in groups.holders.values()
    )


@command(
    "XDELEX",
    syntax="key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
    arity=-5,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "delete")),
    group="stream",
    since="8.2.0",
    summary="Take entries away, with a say in what becomes of pending ones.",
    complexity="O(log N) for each ID and group, with N entries in the stream",
    parse=parse_xdelex,
)
def xdelex(ctx: Context, asked: Deletion) -> Reply:
    """Reply for each ID: 1 deleted, -1 not there, 2 some group needs it."""
    stream = ctx.db.stream(asked.key)
    policy, typed = _parse_block(asked.words)
    if stream is None:
        return [NOT_FOUND] * len(typed)
    ids = parse_ids(typed)
    results = []
    deleted: dict[StreamId, None] = {}
    for entry_id in ids:
        if policy == "acked" and stream.is_referenced(entry_id):
            results.append(REFERENCED)
        elif entry_id in deleted or entry_id not in stream:
            results.append(NOT_FOUND)
        else:
            deleted[entry_id] = None
            results.append(DELETED)
    if policy == "delref":
        remove_references(ctx, asked.key, stream, ids)
    if deleted:
        _delete(ctx, asked.key, stream, list(deleted), len(deleted))
    return results


@command(
    "XACKDEL",
    syntax="key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]",
    arity=-6,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "update", "delete")),
    group="stream",
    since="8.2.0",
    summary="Acknowledge entries and take them away.",
    complexity="O(log N) for each ID and group, with N entries in the stream",
    parse=parse_xackdel,
)
def xackdel(ctx: Context, asked: Deletion) -> Reply:
    """Reply for each ID: 1 deleted, -1 not pending, 2 acknowledged, but some group needs it."""
    found = find_group(ctx, asked.key, asked.group)
    policy, typed = _parse_block(asked.words)
    if found is None:
        return [NOT_FOUND] * len(typed)
    stream, group = found
    results = []
    acknowledged: dict[StreamId, None] = {}
    deleted = []
    for entry_id in parse_ids(typed):
        if entry_id in acknowledged or entry_id not in group.pending:
            results.append(NOT_FOUND)
            continue
        acknowledged[entry_id] = None
        if policy == "acked" and _is_referenced(stream, entry_id, group):
            results.append(REFERENCED)
            continue
        if entry_id in stream:
            deleted.append(entry_id)
        results.append(DELETED)
    if acknowledged:
        ids = list(acknowledged)
        ctx.commit(PendingRemoved(ctx.db.number, asked.key, asked.group, ids, len(ids)))
        if policy == "delref":
            remove_references(ctx, asked.key, stream, ids)
    if deleted:
        _delete(ctx, asked.key, stream, deleted, 0)
    return results
