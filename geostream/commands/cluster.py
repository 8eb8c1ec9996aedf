"""Commands of a cluster, which this server is none of.

Clients ask to find out; the answer is the one of a Redis with cluster support switched
off.

Behaviour: https://redis.io/docs/latest/commands/?group=cluster
"""

from __future__ import annotations

from geostream import errors
from geostream.engine.args import Args
from geostream.engine.command import Flag, command, container
from geostream.engine.context import Context
from geostream.reply import Reply

GROUP = "cluster"
UNCERTAIN = ("nondeterministic_output",)
STALE = frozenset({Flag.STALE})
ANY_STATE = frozenset({Flag.LOADING, Flag.STALE})
ADMIN = frozenset({Flag.ADMIN, Flag.STALE})
CHANGES = ADMIN | {Flag.NO_ASYNC_LOADING}

# sub-command: arity, syntax, flags, tips, since, what it is for
_SUBCOMMANDS: dict[str, tuple[int, str, frozenset[Flag], tuple[str, ...], str, str]] = {
    "ADDSLOTS": (-3, "slot [slot ...]", CHANGES, (), "3.0.0", "Gives slots to this node."),
    "ADDSLOTSRANGE": (
        -4, "start-slot end-slot [start-slot end-slot ...]",
        CHANGES, (), "7.0.0", "Gives ranges of slots to this node.",
    ),
    "BUMPEPOCH": (2, "", CHANGES, UNCERTAIN, "3.0.0", "Raises the epoch."),
    "COUNT-FAILURE-REPORTS": (
        3, "node-id",
        ADMIN, UNCERTAIN, "3.0.0", "Counts who thinks a node has failed.",
    ),
    "COUNTKEYSINSLOT": (3, "slot", STALE, (), "3.0.0", "Counts the keys of a slot."),
    "DELSLOTS": (-3, "slot [slot ...]", CHANGES, (), "3.0.0", "Takes slots from this node."),
    "DELSLOTSRANGE": (
        -4, "start-slot end-slot [start-slot end-slot ...]",
        CHANGES, (), "7.0.0", "Takes ranges of slots from this node.",
    ),
    "FAILOVER": (-2, "[FORCE | TAKEOVER]", CHANGES, (), "3.0.0", "Makes a replica the master."),
    "FLUSHSLOTS": (2, "", CHANGES, (), "3.0.0", "Takes all slots from this node."),
    "FORGET": (3, "node-id", CHANGES, (), "3.0.0", "Forgets a node."),
    "GETKEYSINSLOT": (4, "slot count", STALE, UNCERTAIN, "3.0.0", "Names keys of a slot."),
    "HELP": (2, "", ANY_STATE, (), "5.0.0", "Explains the sub-commands."),
    "INFO": (2, "", STALE, UNCERTAIN, "3.0.0", "Tells the state of the cluster."),
    "KEYSLOT": (3, "key", STALE, (), "3.0.0", "Tells the slot of a key."),
    "LINKS": (2, "", STALE, UNCERTAIN, "7.0.0", "Lists the connections between nodes."),
    "MEET": (-4, "ip port [cluster-bus-port]", CHANGES, (), "3.0.0", "Introduces a node."),
    "MYID": (2, "", STALE, (), "3.0.0", "Tells the ID of this node."),
    "MYSHARDID": (2, "", STALE, UNCERTAIN, "7.2.0", "Tells the ID of this node's shard."),
    "NODES": (2, "", STALE, UNCERTAIN, "3.0.0", "Lists the nodes."),
    "REPLICAS": (3, "node-id", ADMIN, UNCERTAIN, "5.0.0", "Lists the replicas of a node."),
    "REPLICATE": (3, "node-id", CHANGES, (), "3.0.0", "Makes this node a replica."),
    "RESET": (
        -2, "[HARD | SOFT]",
        ADMIN | {Flag.NOSCRIPT}, (), "3.0.0", "Makes the node a new one.",
    ),
    "SAVECONFIG": (2, "", CHANGES, (), "3.0.0", "Saves what is known of the cluster."),
    "SET-CONFIG-EPOCH": (3, "config-epoch", CHANGES, (), "3.0.0", "Sets the epoch of a new node."),
    "SETSLOT": (
        -4, "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
        CHANGES, (), "3.0.0", "Moves a slot.",
    ),
    "SHARDS": (2, "", ANY_STATE, UNCERTAIN, "7.0.0", "Lists the shards and their nodes."),
    "SLAVES": (3, "node-id", ADMIN, UNCERTAIN, "3.0.0", "Lists the replicas of a node."),
    "SLOT-STATS": (
        -4, "<SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT count] [ASC | DESC]>",
        ANY_STATE, (*UNCERTAIN, "request_policy:all_shards"), "8.2.0", "Tells the load of slots.",
    ),
    "SLOTS": (2, "", ANY_STATE, UNCERTAIN, "3.0.0", "Lists slots and the nodes that serve them."),
}  # fmt: skip


def refuse_words(args: Args) -> None:
    args.rest()


def refuse(ctx: Context, asked: None) -> Reply:
    """Say that there is no cluster."""
    raise errors.fail(errors.NO_CLUSTER)


container("CLUSTER", group=GROUP, since="3.0.0", summary="What there is to say about a cluster.")

for _name, (_arity, _syntax, _flags, _tips, _since, _summary) in _SUBCOMMANDS.items():
    command(
        f"CLUSTER {_name}",
        arity=_arity,
        group=GROUP,
        since=_since,
        syntax=_syntax,
        flags=_flags,
        tips=_tips,
        summary=f"{_summary} Refused: this server is not part of one.",
        parse=refuse_words,
    )(refuse)

for _name, _flags in (
    ("READONLY", frozenset({Flag.LOADING, Flag.STALE, Flag.FAST})),
    ("READWRITE", frozenset({Flag.LOADING, Flag.STALE, Flag.FAST})),
    ("ASKING", frozenset({Flag.FAST})),
):
    command(
        _name,
        arity=1,
        group=GROUP,
        since="3.0.0",
        flags=_flags,
        categories=("connection",),
        summary="Prepares a connection to a cluster. Refused: this server is not part of one.",
    )(refuse)
