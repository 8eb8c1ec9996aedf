"""ACL categories: which commands belong to which, as COMMAND INFO and ACL CAT tell it.

Most follow from a command's flags, some from its group; what follows from neither a row
says itself (``categories`` in the table). A container has none of its own but @slow: its
sub-commands have.

Behaviour: https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
"""

from __future__ import annotations

from geostream.engine.command import TABLE, Command, Flag

#: Every category Redis has, in its order.
CATEGORIES = (
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
)

_BY_FLAG = {
    Flag.WRITE: {"write"},
    Flag.READONLY: {"read"},
    Flag.ADMIN: {"admin", "dangerous"},
    Flag.PUBSUB: {"pubsub"},
    Flag.FAST: {"fast"},
    Flag.BLOCKING: {"blocking"},
}

_BY_GROUP = {
    "connection": "connection",
    "generic": "keyspace",
    "scripting": "scripting",
    "stream": "stream",
    "string": "string",
    "transactions": "transaction",
}

#: In a group, but not in its category.
_OUTSIDE = frozenset({"wait", "waitaof"})


def is_container(row: Command) -> bool:
    """Tell whether a command is nothing but a name for its sub-commands."""
    return bool(row.subcommands) and row.arity == -2


def categories_of(row: Command) -> list[str]:
    """Return a command's categories in Redis' order."""
    found = set(row.categories)
    for flag in row.flags:
        found |= _BY_FLAG.get(flag, set())
    if Flag.FAST not in row.flags:
        found.add("slow")
    if row.group in _BY_GROUP and row.name not in _OUTSIDE and not is_container(row):
        found.add(_BY_GROUP[row.group])
    return [category for category in CATEGORIES if category in found]


def commands_in(category: str) -> list[str]:
    """Return the names of the commands of a category: sub-commands instead of containers."""
    return [
        name
        for name, row in sorted(TABLE.items())
        if not is_container(row) and category in categories_of(row)
    ]
