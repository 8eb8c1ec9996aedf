"""The only allowed differences between geostream and the real servers, each with its reason.

geostream answers as Redis 8.10. The servers to compare with are Redis 8.2.3 and
Valkey 9.1.2: older, and in places another branch of the family. A row of ``ROWS``
says for which server and which request a difference is right, and changes the two
replies so that they are equal if, and only if, nothing else differs. A row is as
narrow as it can be: it drops the field that is new, or rewrites the one sentence
that is worded differently, or lets a time be off by as much as two servers' clocks
may be when one is asked after the other.

``Case.ask`` lets a row look at the data at hand to decide whether its reason holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.support.wire import Error, Map, fields

REDIS = "redis-8.2.3"
VALKEY = "valkey-9.1.2"
EVERY = (REDIS, VALKEY)

#: Two servers are asked one after the other, on a machine that may be busy.
CLOCK_TOLERANCE_MS = 3000


@dataclass(frozen=True, slots=True)
class Case:
    """One request with both replies."""

    server: str
    protocol: int
    request: list[bytes]
    ours: Any
    theirs: Any
    ask: Callable[..., tuple[Any, Any]]

    def word(self, position: int) -> bytes:
        """Return a word of the request in upper case, or nothing."""
        return self.request[position].upper() if position < len(self.request) else b""


Forgive = Callable[[Case], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One allowed difference."""

    reason: str
    servers: tuple[str, ...]
    applies: Callable[[Case], bool]
    forgive: Forgive


def forgive(case: Case) -> tuple[Any, Any]:
    """Return both replies with every allowed difference taken out."""
    if not case.request or (case.ours == case.theirs and not _tells_a_lag(case)):
        return case.ours, case.theirs
    for row in ROWS:
        if case.server in row.servers and row.applies(case):
            ours, theirs = row.forgive(case)
            case = replace(case, ours=ours, theirs=theirs)
    return case.ours, case.theirs


# Conditions


def command(*names: str) -> Callable[[Case], bool]:
    """Match requests that begin with one of these words, e.g. ``XINFO STREAM``."""
    wanted = [name.encode().split() for name in names]

    def applies(case: Case) -> bool:
        begin = [word.upper() for word in case.request[:2]]
        return any(begin[: len(name)] == name for name in wanted)

    return applies


def anything(_: Case) -> bool:
    return True


# What is done about it


def without(*names: bytes) -> Forgive:
    """Drop these fields from every record of both replies, however deep."""

    def drop(case: Case) -> tuple[Any, Any]:
        return _without(case.ours, names), _without(case.theirs, names)

    return drop


def _without(value: Any, names: tuple[bytes, ...]) -> Any:
    if isinstance(value, Map):
        kept = [(key, _without(item, names)) for key, item in value.pairs if key not in names]
        return Map(kept)
    if isinstance(value, list):
        if not any(isinstance(item, bytes) and item in names for item in value[::2]):
            return [_without(item, names) for item in value]
        pairs = zip(value[::2], value[1::2], strict=True)
        return [
            part
            for pair in pairs
            if pair[0] not in names
            for part in (pair[0], _without(pair[1], names))
        ]
    return value


def reworded(theirs: bytes, ours: bytes) -> Forgive:
    """Rewrite their sentence (a pattern) to ours."""

    def rewrite(case: Case) -> tuple[Any, Any]:
        if isinstance(case.theirs, Error):
            return case.ours, Error(re.sub(theirs, ours, case.theirs.line))
        return case.ours, case.theirs

    return rewrite


def near(case: Case) -> tuple[Any, Any]:
    """Let times be off a little; -1 and the like must be equal."""
    return case.ours, _near(case.ours, case.theirs)


def _near(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, int) and isinstance(theirs, int) and ours >= 0 and theirs >= 0:
        return ours if abs(ours - theirs) <= CLOCK_TOLERANCE_MS else theirs
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [_near(mine, other) for mine, other in zip(ours, theirs, strict=True)]
    return theirs


def near_fields(*names: bytes) -> Forgive:
    """Let the times in these fields be off a little, however deep."""

    def forgive_times(case: Case) -> tuple[Any, Any]:
        return case.ours, _near_fields(case.ours, case.theirs, names)

    return forgive_times


def _near_fields(ours: Any, theirs: Any, names: tuple[bytes, ...]) -> Any:
    if isinstance(ours, Map) and isinstance(theirs, Map) and len(ours.pairs) == len(theirs.pairs):
        return Map(
            [
                (
                    key,
                    _near_value(mine, other) if key in names else _near_fields(mine, other, names),
                )
                for (_, mine), (key, other) in zip(ours.pairs, theirs.pairs, strict=True)
            ]
        )
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        named = [item if isinstance(item, bytes) and item in names else None for item in theirs]
        return [
            _near_value(mine, other) if at and named[at - 1] else _near_fields(mine, other, names)
            for at, (mine, other) in enumerate(zip(ours, theirs, strict=True))
        ]
    return theirs


def _near_value(ours: Any, theirs: Any) -> Any:
    if not isinstance(theirs, list):
        return _near(ours, theirs)
    if not isinstance(ours, list) or len(ours) != len(theirs):
        return theirs
    return [_near_row(mine, other) for mine, other in zip(ours, theirs, strict=True)]


def _near_row(ours: Any, theirs: Any) -> Any:
    """Let the time of a pending entry be off; it stands before the delivery count."""
    if not isinstance(theirs, list) or not isinstance(ours, list) or len(ours) != len(theirs):
        return theirs
    return [*theirs[:-2], _near(ours[-2], theirs[-2]), theirs[-1]]


def near_in_pending(case: Case) -> tuple[Any, Any]:
    """Let the idle times of XPENDING's rows be off a little."""
    ours, theirs = case.ours, case.theirs
    if not (isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs)):
        return ours, theirs
    if len(case.request) == 3:
        return ours, theirs
    return ours, _near_value(ours, theirs)


def in_any_order(case: Case) -> tuple[Any, Any]:
    """Compare the elements, not their order."""
    if isinstance(case.ours, list) and isinstance(case.theirs, list):
        return sorted(case.ours, key=repr), sorted(case.theirs, key=repr)
    return case.ours, case.theirs


def scanned_in_any_order(case: Case) -> tuple[Any, Any]:
    """Compare the keys of a page, not their order; the cursor must be equal."""
    both = []
    for reply in (case.ours, case.theirs):
        is_page = isinstance(reply, list) and len(reply) == 2 and isinstance(reply[1], list)
        both.append([reply[0], sorted(reply[1], key=repr)] if is_page else reply)
    return both[0], both[1]


def pairs_in_any_order(case: Case) -> tuple[Any, Any]:
    """Compare the pairs of a map or flat array, not their order."""
    both = []
    for reply in (case.ours, case.theirs):
        if isinstance(reply, Map):
            both.append(Map(sorted(reply.pairs)))
        elif isinstance(reply, list):
            both.append(sorted(zip(reply[::2], reply[1::2], strict=True)))
        else:
            both.append(reply)
    return both[0], both[1]


IDMP_FIELDS = (
    b"idmp-duration",
    b"idmp-maxsize",
    b"pids-tracked",
    b"iids-tracked",
    b"iids-added",
    b"iids-duplicates",
)


def unlike_lag(case: Case) -> tuple[Any, Any]:
    """Where rule 2 or 3 of the lag applies, check our number here and take it for theirs."""
    stream, _ = case.ask("XINFO", "STREAM", case.request[2])
    if isinstance(stream, Error):
        return case.ours, case.theirs
    info = fields(stream)
    return case.ours, _with_lag(case.ours, case.theirs, info)


def _with_lag(ours: Any, theirs: Any, info: dict[bytes, Any]) -> Any:
    if isinstance(ours, Map) and isinstance(theirs, Map):
        if any(key == b"groups" for key, _ in ours.pairs):
            return Map(
                [
                    (key, _with_lag(mine, other, info) if key == b"groups" else other)
                    for (_, mine), (key, other) in zip(ours.pairs, theirs.pairs, strict=True)
                ]
            )
        lag = _lag_by_new_rules(dict(ours.pairs), info)
        if lag is None:
            return theirs
        return Map([(key, lag if key == b"lag" else item) for key, item in theirs.pairs])
    if not (isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs)):
        return theirs
    if b"lag" in ours[::2]:
        lag = _lag_by_new_rules(fields(ours), info)
        at = theirs.index(b"lag") + 1
        return theirs if lag is None else [*theirs[:at], lag, *theirs[at + 1 :]]
    return [_with_lag(mine, other, info) for mine, other in zip(ours, theirs, strict=True)]


def _lag_by_new_rules(group: dict[bytes, Any], info: dict[bytes, Any]) -> int | None:
    if info[b"entries-added"] and not info[b"length"]:
        return 0
    last, first, deleted = (
        tuple(map(int, text.split(b"-")))
        for text in (
            group[b"last-delivered-id"],
            info[b"recorded-first-entry-id"],
            info[b"max-deleted-entry-id"],
        )
    )
    if last < first and deleted < first:
        return int(info[b"length"])
    return None


def no_tail(case: Case) -> tuple[Any, Any]:
    """Cut the tail of their unknown-command error where it has nothing to show."""
    if isinstance(case.theirs, Error) and len(case.request) == 1:
        return case.ours, Error(case.theirs.line.removesuffix(b", with args beginning with: "))
    return case.ours, case.theirs


def ids_of_a_consumer(case: Case) -> tuple[Any, Any]:
    """Check the short form of XPENDING against the long one, which both have."""
    ours, _ = case.ask("XPENDING", *case.request[1:3], "-", "+", 1_000_000, case.request[3])
    if isinstance(ours, list) and case.theirs == Error(b"ERR syntax error"):
        return case.ours, [row[0] for row in ours]
    return case.ours, case.theirs


#: A few commands of each type there is no value of here.
OTHER_TYPES = b"LPUSH LRANGE LCS SADD SMEMBERS HSET HGETALL ZADD ZRANGE SETBIT PFADD GEOADD".split()


def unknown_here(case: Case) -> tuple[Any, Any]:
    """Take any reply of theirs where ours says that it does not know the command."""
    name = case.request[0]
    if isinstance(case.ours, Error) and case.ours.line.startswith(
        b"ERR unknown command '%b'" % name
    ):
        return case.ours, case.ours
    return case.ours, case.theirs


def _is_help_in_own_words(case: Case) -> bool:
    """Match every HELP but those the specification has word for word."""
    return case.word(1) == b"HELP" and case.word(0) not in (b"XGROUP", b"XINFO")


def frame_of_help(case: Case) -> tuple[Any, Any]:
    """Compare the first line and the last two, and that all between is lines of the same kind."""
    both = []
    for reply in (case.ours, case.theirs):
        is_help = isinstance(reply, list) and len(reply) > 3
        kinds = {type(line) for line in reply} if is_help else set()
        both.append([reply[0], *reply[-2:], kinds] if is_help else reply)
    return both[0], both[1]


def _is_short_xpending(case: Case) -> bool:
    return case.word(0) == b"XPENDING" and len(case.request) == 4 and case.word(3) != b"IDLE"


def _tells_a_lag(case: Case) -> bool:
    """Match what has the lag of groups in its reply; equal replies may both be wrong there."""
    if len(case.request) < 3 or case.word(0) != b"XINFO":
        return False
    return case.word(1) == b"GROUPS" or (case.word(1) == b"STREAM" and case.word(3) == b"FULL")


ROWS: tuple[Row, ...] = (
    Row(
        "idempotent production came with 8.6 and added six fields to XINFO STREAM",
        EVERY,
        command("XINFO STREAM"),
        without(*IDMP_FIELDS, b"nacked-count"),
    ),
    Row(
        "the clocks of two servers are not read at the same moment",
        EVERY,
        command("XINFO STREAM"),
        near_fields(b"seen-time", b"active-time", b"pending"),
    ),
    Row(
        "the clocks of two servers are not read at the same moment",
        EVERY,
        command("XINFO CONSUMERS"),
        near_fields(b"idle", b"inactive"),
    ),
    Row(
        "the clocks of two servers are not read at the same moment",
        EVERY,
        command("XPENDING"),
        near_in_pending,
    ),
    Row(
        "the clocks of two servers are not read at the same moment",
        EVERY,
        command("PTTL", "TTL", "PEXPIRETIME", "EXPIRETIME", "LASTSAVE"),
        near,
    ),
    Row(
        "how many inner nodes a radix tree has is its own affair",
        EVERY,
        command("XINFO STREAM"),
        without(b"radix-tree-nodes"),
    ),
    Row(
        "Valkey lacks two rules for the lag: 0 when empty, the length when all is still ahead",
        (VALKEY,),
        _tells_a_lag,
        unlike_lag,
    ),
    Row(
        "since 8.6 the error for an unknown command without arguments has no empty list of them",
        EVERY,
        anything,
        no_tail,
    ),
    Row(
        "the short form is geostream's own: the IDs that are pending for one consumer",
        EVERY,
        _is_short_xpending,
        ids_of_a_consumer,
    ),
    Row(
        "Valkey's sentence does not know the + ID",
        (VALKEY,),
        command("XREAD"),
        reworded(rb"an ID or '\$' must", rb"an ID, '+', or '$' must"),
    ),
    Row(
        "the order of keys is the order of a hash table",
        EVERY,
        command("KEYS", "PUBSUB CHANNELS", "PUBSUB SHARDCHANNELS"),
        in_any_order,
    ),
    Row(
        "Valkey does not say that it is the ID it cannot read",
        (VALKEY,),
        lambda case: case.request == [b"CLIENT", b"LIST", b"ID", b"x"],
        reworded(b"ERR syntax error", b"ERR Invalid client ID"),
    ),
    Row(
        "Valkey does not say that it is the ID it cannot read",
        (VALKEY,),
        lambda case: case.request == [b"CLIENT", b"KILL", b"ID", b"x"],
        reworded(b"ERR syntax error", b"ERR client-id should be greater than 0"),
    ),
    Row(
        "the order of keys is the order of a hash table",
        EVERY,
        command("SCAN"),
        scanned_in_any_order,
    ),
    Row(
        "lists, sets, hashes and what is made of them are out of scope: unknown commands",
        EVERY,
        lambda case: case.word(0) in OTHER_TYPES,
        unknown_here,
    ),
    Row(
        "a HELP is in geostream's own words and has what it knows of",
        EVERY,
        _is_help_in_own_words,
        frame_of_help,
    ),
    Row(
        "the order of settings is nobody's promise",
        EVERY,
        command("CONFIG GET"),
        pairs_in_any_order,
    ),
)
