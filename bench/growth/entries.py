"""Streams of many entries, all of them pending in a group."""

from __future__ import annotations

from itertools import count

from bench.entries import entry_id, fixed_width_adds
from bench.growth.ground import Curve, Ground, Requests, Site, pipelined
from bench.wire import ServerSaidNo, pack

KEY = b"growth:entries"
GROUP = b"workers"  # has everything pending
READERS = b"readers"  # has read nothing
CONSUMERS = 10
DELIVERED = 100  # entries of one delivery
TOUCHED = 5  # one entry in so many is acknowledged, and another deleted
MAX_TOUCHED = 10_000
READ = 10  # entries, pending or not, that a request asks for


def _prepare(site: Site) -> None:
    connection, size = site.connection, site.size
    connection.fill_unheard(fixed_width_adds(KEY, size))
    for group in (GROUP, READERS):
        connection.call("XGROUP", "CREATE", KEY, group, "0")
    connection.fill_unheard(map(_delivery, range(-(-size // DELIVERED))))
    length, pending = connection.call("XLEN", KEY), connection.call("XPENDING", KEY, GROUP)
    if length != size or not isinstance(pending, list) or pending[0] != size:
        raise ServerSaidNo(f"{length} entries instead of {size}, pending: {pending!r:.100}")


def _delivery(number: int) -> bytes:
    consumer = b"c%d" % (number % CONSUMERS)
    return pack("XREADGROUP", "GROUP", GROUP, consumer, "COUNT", DELIVERED, "STREAMS", KEY, ">")


def _ranges(site: Site) -> Requests:
    while True:
        yield pack("XRANGE", KEY, entry_id(site.chance.randrange(site.size)), "+", "COUNT", READ)


def _pending_ranges(site: Site) -> Requests:
    while True:
        start = entry_id(site.chance.randrange(site.size))
        yield pack("XPENDING", KEY, GROUP, start, "+", READ)


def _random_claims(site: Site) -> Requests:
    for number in count():
        start = entry_id(site.chance.randrange(site.size))
        consumer = b"c%d" % (number % CONSUMERS)
        yield pack("XAUTOCLAIM", KEY, GROUP, consumer, 0, start, "COUNT", READ)


def _touched(site: Site, offset: int) -> list[int]:
    """Return random entries, others for each offset."""
    groups = min(site.size // TOUCHED, MAX_TOUCHED)
    return [TOUCHED * at + offset for at in site.chance.sample(range(site.size // TOUCHED), groups)]


def _acks(site: Site) -> Requests:
    for index in _touched(site, 1):
        yield pack("XACK", KEY, GROUP, entry_id(index))


def _deletions(site: Site) -> Requests:
    for index in _touched(site, 2):
        yield pack("XDEL", KEY, entry_id(index))


def _adds(site: Site) -> Requests:
    while True:
        yield pack("XADD", KEY, "*", "level", "INFO", "msg", "GET /api/items/00000042 200 0077 us")


def _capped_adds(site: Site) -> Requests:
    while True:
        yield pack("XADD", KEY, "MAXLEN", "~", site.size, "*", "level", "INFO", "msg", "trimmed")


def _reads(site: Site) -> Requests:
    for _ in range(site.size // READ):
        yield pack("XREADGROUP", "GROUP", READERS, "c", "COUNT", READ, "STREAMS", KEY, ">")


ENTRIES = Ground(
    "entries",
    "entries in the stream, all pending",
    5_000_000,
    _prepare,
    (
        Curve("xrange", f"XRANGE from a random ID, COUNT {READ}", pipelined(_ranges)),
        Curve("xpending", f"XPENDING from a random ID, {READ}", pipelined(_pending_ranges)),
        Curve(
            "xautoclaim", f"XAUTOCLAIM from a random ID, COUNT {READ}", pipelined(_random_claims)
        ),
        Curve("xreadgroup", f"XREADGROUP of {READ} new entries", pipelined(_reads)),
        Curve("xack", "XACK of a random ID", pipelined(_acks)),
        Curve("xdel", "XDEL of a random ID", pipelined(_deletions)),
        Curve("xadd", "XADD", pipelined(_adds)),
        Curve("xadd-maxlen", "XADD MAXLEN ~, at that length", pipelined(_capped_adds)),
    ),
)
