"""Trimming: the options XADD and XTRIM share, and what they take away.

Redis trims node by node, so what ``~`` and LIMIT take away follows from its nodes
(geostream/store/nodes.py). With KEEPREF and DELREF what goes is always the oldest so many
entries, and one number says it all. ACKED passes over entries that some group still
needs; then it is a list of IDs.

Behaviour: https://redis.io/docs/latest/commands/xtrim/
"""

from __future__ import annotations

from geostream import errors
from geostream.commands.stream_ids import parse_id
from geostream.engine.args import Args
from geostream.engine.context import Context
from geostream.store.effects import (
    EmptyNodesDropped,
    EntriesDeleted,
    EntriesTrimmed,
    PendingRemoved,
)
from geostream.store.ids import MAX_ID, StreamId, predecessor
from geostream.store.nodes import Node
from geostream.store.stream import Stream

_DEFAULT_LIMIT = 10_000  # entries a ~ trim takes at most, where the nodes do not say
_MAX_DEFAULT_LIMIT = 1_000_000
_NOT_GIVEN = -1  # in place of a number

POLICIES = {b"KEEPREF": "keepref", b"DELREF": "delref", b"ACKED": "acked"}


class TrimOptions:
    """What the trimming words of a request say."""

    __slots__ = ("approximate", "limit", "max_len", "min_id", "policy")

    def __init__(self) -> None:
        """Start with nothing said."""
        self.max_len = _NOT_GIVEN
        self.min_id: StreamId | None = None
        self.approximate = False
        self.limit = _NOT_GIVEN
        self.policy = ""  # keepref where not given

    def has_strategy(self) -> bool:
        """Tell whether there is anything to trim to."""
        return self.max_len != _NOT_GIVEN or self.min_id is not None

    def take(self, word: bytes, args: Args) -> bool:
        """Take an option's arguments if ``word``, in upper case, is one with its arguments.

        Returns False for every other word.
        """
        if word == b"MAXLEN" or word == b"MINID":  # noqa: PLR1714 - no tuple to look in
            if not args:
                return False
            self._take_strategy(word, args)
        elif word == b"LIMIT":
            if not args:
                return False
            self.limit = args.integer()
            if self.limit < 0:
                raise errors.fail(errors.LIMIT_NEGATIVE)
        elif word in POLICIES and not self.policy:
            self.policy = POLICIES[word]
        else:
            return False
        return True

    def _take_strategy(self, word: bytes, args: Args) -> None:
        if self.has_strategy():
            raise errors.fail(errors.TWO_STRATEGIES)
        self.approximate = False
        if len(args) > 1:
            self.approximate = args.flag(b"~")
            if not self.approximate:
                args.flag(b"=")
        if word == b"MINID":
            self.min_id = parse_id(args.next())
            return
        self.max_len = args.integer()
        if self.max_len < 0:
            raise errors.fail(errors.MAXLEN_NEGATIVE)

    def check(self, args: Args, strategy_required: bool = False) -> None:
        """Raise what is wrong with the options together. Servers write LIMIT with = in logs."""
        has_limit = self.limit != _NOT_GIVEN
        if has_limit and self.limit and not self.has_strategy():
            raise errors.fail(errors.LIMIT_WITHOUT_STRATEGY)
        if strategy_required and not self.has_strategy():
            raise errors.fail(errors.STRATEGY_MISSING)
        if has_limit and not self.approximate and not args.is_stored:
            raise errors.fail(errors.LIMIT_WITHOUT_TILDE)

    def limit_entries(self, node_max_entries: int) -> int:
        """Return how many entries may go at most; 0 is no limit."""
        if not self.approximate:
            return 0
        if self.limit != _NOT_GIVEN:
            return self.limit
        limit = 100 * node_max_entries
        return min(limit, _MAX_DEFAULT_LIMIT) if limit > 0 else _DEFAULT_LIMIT


def usual_trim(max_len: int) -> TrimOptions:
    """Return the options that ``MAXLEN ~ max_len`` stands for."""
    options = TrimOptions.__new__(TrimOptions)
    options.max_len = max_len
    options.min_id = None
    options.approximate = True
    options.limit = _NOT_GIVEN
    options.policy = ""
    return options


def trim(ctx: Context, key: bytes, stream: Stream, options: TrimOptions, counts: bool) -> int:
    """Trim a stream; return how many entries went.

    counts -- whether each of them counts as a change, as with XTRIM, or none, as with XADD
    """
    limit = options.limit_entries(ctx.keyspace.node_limits.max_entries)
    if options.policy and options.policy == "acked" and stream.groups:
        return _trim_acked(ctx, key, stream, options, limit, counts)
    count, whole_nodes = _measure(stream, options, limit)
    if not count:
        _drop_empty_nodes(ctx, key, stream, whole_nodes)
        return 0
    if options.policy == "delref":
        ids = stream.select((0, 0), MAX_ID, count).ids()
        remove_references(ctx, key, stream, ids)
    left = stream.length - count
    floor = stream.id_at(count) if left else MAX_ID
    ctx.commit(EntriesTrimmed(ctx.db.number, key, count, whole_nodes, floor, left, count * counts))
    return count


def _measure(stream: Stream, options: TrimOptions, limit: int) -> tuple[int, int]:
    """Return how many of the oldest entries are to go, and how many nodes as a whole.

    O(nodes that go as a whole).
    """
    has_max_len = options.max_len != _NOT_GIVEN
    wanted = stream.length - options.max_len if has_max_len else 0
    is_exact = not options.approximate or (bool(options.policy) and options.policy == "delref")
    count = 0
    whole_nodes = 0
    for node in stream.nodes.all:
        if has_max_len and count >= wanted:
            return count, whole_nodes
        if limit and count + node.live > limit:
            return count, whole_nodes
        if options.min_id is not None:
            may_go_whole = node.last_id < options.min_id
        else:
            may_go_whole = count + node.live <= wanted
        if not may_go_whole:
            if is_exact and options.min_id is not None:
                wanted = count + _count_below(options.min_id, node, stream)
            return (wanted if is_exact else count), whole_nodes
        count += node.live
        whole_nodes += 1
    return count, whole_nodes


def _count_below(floor: StreamId, node: Node, stream: Stream) -> int:
    """Return how many entries of a node have an ID below this one."""
    return len(stream.select(node.first_id, predecessor(floor))) if floor > node.first_id else 0


def _drop_empty_nodes(ctx: Context, key: bytes, stream: Stream, among: int) -> None:
    """Drop the nodes without entries among the first so many."""
    if among and not all(node.live for node in stream.nodes.all[:among]):
        ctx.commit(EmptyNodesDropped(ctx.db.number, key, among))


def _trim_acked(
    ctx: Context, key: bytes, stream: Stream, options: TrimOptions, limit: int, counts: bool
) -> int:
    """Take away entries no group needs, node by node as Redis walks them."""
    ids: list[StreamId] = []
    passed = 0
    has_max_len = options.max_len != _NOT_GIVEN
    read_by_all = stream.groups.read_by_all
    for node in stream.nodes.all:
        length = stream.length - len(ids)
        if has_max_len and length <= options.max_len:
            break
        if limit and len(ids) + node.live > limit:
            break
        if node.first_id <= read_by_all:
            ids += _unneeded_of(node, stream, options, length, read_by_all)
        if has_max_len:
            may_go_whole = length - node.live >= options.max_len
        else:
            assert options.min_id is not None
            may_go_whole = node.last_id < options.min_id
        if not may_go_whole:
            break
        passed += 1
    if ids:
        ctx.commit(
            EntriesDeleted(
                ctx.db.number,
                key,
                ids,
                stream.max_deleted_id,
                by_trimming=True,
                changes=len(ids) * counts,
            )
        )
    _drop_empty_nodes(ctx, key, stream, passed)
    return len(ids)


def _unneeded_of(
    node: Node, stream: Stream, options: TrimOptions, length: int, read_by_all: StreamId
) -> list[StreamId]:
    """Return the entries of a node that are over the threshold and that no group needs.

    length      -- of the stream, without what goes of the nodes before
    read_by_all -- the last ID that every group has read
    """
    ids: list[StreamId] = []
    for entry_id in stream.select(node.first_id, min(node.last_id, read_by_all)).ids():
        if options.max_len != _NOT_GIVEN and length - len(ids) <= options.max_len:
            break
        if options.min_id is not None and entry_id >= options.min_id:
            break
        if not stream.is_referenced(entry_id):
            ids.append(entry_id)
    return ids


def remove_references(ctx: Context, key: bytes, stream: Stream, ids: list[StreamId]) -> None:
    """Remove what any group has pending of these IDs (DELREF)."""
    ids = list(dict.fromkeys(ids))
    for name, group in list(stream.groups.holders.items()):
        pending = [entry_id for entry_id in ids if entry_id in group.pending]
        if pending:
            ctx.commit(PendingRemoved(ctx.db.number, key, name, pending))
