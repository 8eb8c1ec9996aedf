"""A hash of values and of the whole data set: equal data, equal hash (DEBUG DIGEST).

For tests that compare what was saved with what was loaded. A stream is hashed with its
counters, groups and pending entries, which is more than Redis does; left out is only when
consumers were last seen, because asking for nothing changes that. Values of the hash are
not Redis'.
"""

from __future__ import annotations

from collections.abc import Iterable

from geostream.store.group import Group
from geostream.store.ids import MAX_ID, MIN_ID
from geostream.store.keyspace import Database
from geostream.store.stream import Stream
from geostream.store.value import String, Value

NOTHING = b"0" * 40


def value_digest(value: Value | None) -> bytes:
    """Return the hash of a value as 40 hex digits, zeros for no value. O(size)."""
    return _sha1(_content(value)).hex().encode() if value is not None else NOTHING


def data_digest(databases: Iterable[Database]) -> bytes:
    """Return the hash of all keys of all databases, zeros if there are none. O(size)."""
    total = 0
    for database in databases:
        for key in database.keys():  # noqa: SIM118  not a dict's: leaves expired keys out
            expires = b"1" if key in database.expiries else b"0"
            parts = (b"%d" % database.number, key, expires, _content(database.values[key]))
            total ^= int.from_bytes(_sha1(_framed(parts)))  # whatever the order of keys
    return b"%040x" % total


def _sha1(content: bytes) -> bytes:
    # Imported here: it brings the library of all hashes, which a start need not wait for.
    from hashlib import sha1  # noqa: PLC0415

    return sha1(content).digest()


def _content(value: Value) -> bytes:
    if isinstance(value, Stream):
        return _framed(_stream_parts(value))
    assert isinstance(value, String)
    return _framed((value.type_name, value.content))


def _stream_parts(stream: Stream) -> Iterable[bytes]:
    yield stream.type_name
    yield repr((stream.last_id, stream.max_deleted_id, stream.entries_added)).encode()
    yield b"".join(stream.select(MIN_ID, MAX_ID).pieces())  # wherever segments are cut
    for name, group in sorted(stream.groups.items()):
        yield from (b"group", name, *_group_parts(group))
    for pid, iids in sorted(stream.idempotency.producers.items()):
        yield from (b"producer", pid, repr(iids).encode())


def _group_parts(group: Group) -> Iterable[bytes]:
    yield repr((group.last_id, group.entries_read)).encode()
    yield from sorted(group.consumers)
    for entry_id in group.pending.from_id(MIN_ID):
        held = group.pending[entry_id]
        yield held.consumer.name if held.consumer is not None else b""
        yield repr((entry_id, held.time_ms, held.delivery_count)).encode()


def _framed(parts: Iterable[bytes]) -> bytes:
    """Join parts so that different parts never give the same bytes."""
    return b"".join(b"%d:%b" % (len(part), part) for part in parts)
