"""Many of everything else: streams, groups of one stream, clients, clients that wait."""

from __future__ import annotations

import resource
from itertools import count

from bench.entries import fixed_width_adds
from bench.growth.ground import Curve, Ground, Requests, Site, by_many, pipelined
from bench.wire import Connection, ServerSaidNo, pack

KEY = b"growth:one"
ENTRIES_EACH = 10
GROUP_ENTRIES = 1_000
SPARE_FILES = 200  # open files of this process that are no clients

_FIELDS = ("level", "INFO", "msg", "GET /api/items/00000042 200 0077 us")


def _key(number: int) -> bytes:
    return b"growth:%07d" % number


# Streams


def _prepare_streams(site: Site) -> None:
    site.connection.fill_unheard(
        pack("XADD", _key(number), "*", *_FIELDS)
        for _ in range(ENTRIES_EACH)
        for number in range(site.size)
    )
    if site.connection.call("DBSIZE") != site.size:
        raise ServerSaidNo(f"there are not {site.size} streams")


def _adds_to_any(site: Site) -> Requests:
    while True:
        yield pack("XADD", _key(site.chance.randrange(site.size)), "*", *_FIELDS)


def _ranges_of_any(site: Site) -> Requests:
    while True:
        yield pack("XRANGE", _key(site.chance.randrange(site.size)), "-", "+", "COUNT", 10)


def _new_streams(site: Site) -> Requests:
    for number in count(site.size):
        yield pack("XADD", _key(number), "*", *_FIELDS)
        yield pack("DEL", _key(number))


STREAMS = Ground(
    "streams",
    "streams",
    100_000,
    _prepare_streams,
    (
        Curve("streams-xadd", "XADD to any of many streams", pipelined(_adds_to_any)),
        Curve("streams-xrange", "XRANGE of any of many streams", pipelined(_ranges_of_any)),
        Curve("streams-new", "XADD to a new stream, DEL (half of both)", pipelined(_new_streams)),
    ),
)


# Groups


def _group(number: int) -> bytes:
    return b"group-%05d" % number


def _prepare_groups(site: Site) -> None:
    site.connection.fill_unheard(fixed_width_adds(KEY, GROUP_ENTRIES))
    site.connection.fill_unheard(
        pack("XGROUP", "CREATE", KEY, _group(number), "0") for number in range(site.size)
    )
    groups = site.connection.call("XINFO", "GROUPS", KEY)
    if not isinstance(groups, list) or len(groups) != site.size:
        raise ServerSaidNo(f"there are not {site.size} groups")


def _adds_to_one(site: Site) -> Requests:
    while True:
        yield pack("XADD", KEY, "*", *_FIELDS)


def _capped_adds(site: Site) -> Requests:
    while True:
        yield pack("XADD", KEY, "MAXLEN", GROUP_ENTRIES, "*", *_FIELDS)


def _reads_of_any(site: Site) -> Requests:
    while True:
        group = _group(site.chance.randrange(site.size))
        yield pack("XREADGROUP", "GROUP", group, "c", "COUNT", 1, "STREAMS", KEY, ">")


def _new_groups(site: Site) -> Requests:
    for number in count(site.size):
        yield pack("XGROUP", "CREATE", KEY, _group(number), "0")
        yield pack("XGROUP", "DESTROY", KEY, _group(number))


GROUPS = Ground(
    "groups",
    "groups of one stream",
    10_000,
    _prepare_groups,
    (
        Curve("groups-xadd", "XADD to a stream of many groups", pipelined(_adds_to_one)),
        Curve("groups-xadd-maxlen", "XADD MAXLEN 1000, many groups", pipelined(_capped_adds)),
        Curve("groups-xreadgroup", "XREADGROUP of any group", pipelined(_reads_of_any)),
        Curve("groups-new", "XGROUP CREATE, DESTROY (half of both)", pipelined(_new_groups)),
    ),
)


# Clients


def _connect_others(site: Site) -> None:
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if site.size > soft_limit - SPARE_FILES:
        raise ServerSaidNo(f"the limit of open files, {soft_limit}, is too low for these clients")
    for _ in range(site.size):
        other = Connection(site.port, timeout_s=90)
        site.others.append(other)
        other.call("PING")  # one after the other: a full backlog costs seconds


def _pings(site: Site) -> Requests:
    while True:
        yield pack("PING")


CLIENTS = Ground(
    "clients",
    "clients",
    10_000,
    _connect_others,
    (
        Curve("clients-ping", "PING by any of many clients", by_many(_pings)),
        Curve("clients-xadd", "XADD by any of many clients", by_many(_adds_to_one)),
    ),
)


# Clients that wait


def _wait_for_own_keys(site: Site) -> None:
    _connect_others(site)
    for number, other in enumerate(site.others):
        other.sock.sendall(pack("XREAD", "BLOCK", 0, "STREAMS", _key(number), "$"))
    _check_blocked(site)


def _check_blocked(site: Site) -> None:
    for _ in range(50):  # each asks; what was sent before is read by then, or soon
        blocked = site.connection.info("clients").get("blocked_clients")
        if blocked == str(site.size):
            return
    raise ServerSaidNo(f"{blocked} clients wait instead of {site.size}")


def _wait_in_one_group(site: Site) -> None:
    site.connection.call("XGROUP", "CREATE", KEY, "workers", "$", "MKSTREAM")
    _connect_others(site)
    for number, other in enumerate(site.others):
        consumer = b"worker-%05d" % number
        other.sock.sendall(
            pack("XREADGROUP", "GROUP", "workers", consumer, "BLOCK", 0, "STREAMS", KEY, ">")
        )
    _check_blocked(site)


def _adds_nobody_waits_for(site: Site) -> Requests:
    while True:
        yield pack("XADD", "growth:nobody", "*", *_FIELDS)


def _jobs(site: Site) -> Requests:
    """Yield requests that each serve one of those who wait; half of them are left at the end."""
    for _ in range(site.size // 2):
        yield pack("XADD", KEY, "*", *_FIELDS)


WAITING = Ground(
    "waiting",
    "clients waiting, each for a stream of its own",
    10_000,
    _wait_for_own_keys,
    (
        Curve(
            "waiting-others",
            "XADD nobody waits for, others wait",
            pipelined(_adds_nobody_waits_for),
        ),
    ),
)

WORKERS = Ground(
    "workers",
    "workers waiting in one group",
    10_000,
    _wait_in_one_group,
    (Curve("workers-xadd", "XADD that one of many workers waits for", pipelined(_jobs)),),
)
