"""What a keyspace looks like after a way through an RDB file or a DUMP payload.

``contents`` with what the format cannot keep put as it comes back: node accounts are left out,
deliveries of one time come in order of their IDs, and older versions know less.
"""

from __future__ import annotations

import io
from typing import Any

from geostream.rdb.reader import RdbReader
from geostream.rdb.stream_writer import STAND_IN
from geostream.rdb.writer import write_rdb
from geostream.store.capture import Capture
from geostream.store.effects import Effect
from geostream.store.keyspace import Keyspace
from tests.support.contents import contents

Everything = dict[int, dict[bytes, Any]]


def written(keyspace: Keyspace, **options: Any) -> bytes:
    """Return a keyspace as an RDB file."""
    out = io.BytesIO()
    size = write_rdb(out, Capture(keyspace), **options)
    assert size == len(out.getvalue())
    return out.getvalue()


def read(data: bytes) -> Keyspace:
    """Return the keyspace that an RDB file holds."""
    effects: list[Effect] = list(RdbReader(data, now_ms=None))
    keyspace = Keyspace()
    keyspace.replay(effects)
    return keyspace


def kept(keyspace: Keyspace, version: int) -> Everything:
    """Return what a version keeps of a keyspace."""
    return {
        number: {key: (kept_value(value, version), expiry) for key, (value, expiry) in keys.items()}
        for number, keys in contents(keyspace).items()
    }


def kept_value(value: Any, version: int) -> Any:
    """Return what a version keeps of one value."""
    if isinstance(value, bytes):
        return value
    length, last_id, first_id, max_deleted_id, entries_added = value["counters"]
    if version < 10:
        max_deleted_id, entries_added = (0, 0), length
    return {
        "wire": value["wire"],
        "ids": value["ids"],
        "counters": (length, last_id, first_id, max_deleted_id, entries_added),
        "groups": {name: _kept_group(group, version) for name, group in value["groups"].items()},
        "idmp": value["idmp"] if version >= 13 else (100, 100, 0, 0, {}),
    }


def _kept_group(group: Any, version: int) -> Any:
    last_id, entries_read = group["position"]
    consumers = {name: list(consumer) for name, consumer in group["consumers"].items()}
    released = [item for item in group["by_time"] if item[1] is None]
    owned = [item for item in group["by_time"] if item[1] is not None]
    if released and version < 14:
        taker = min(consumers, default=STAND_IN)
        consumer = consumers.setdefault(taker, [0, -1, []])
        consumer[2] = sorted(consumer[2] + [item[0] for item in released])
        owned += [(entry_id, taker, 0, count) for entry_id, _, _, count in released]
        released = []
    if version < 11:
        for consumer in consumers.values():
            consumer[1] = consumer[0]
    return {
        "position": (last_id, entries_read if version >= 10 else "estimated"),
        "consumers": {name: tuple(consumer) for name, consumer in consumers.items()},
        "by_id": group["by_id"],
        "by_time": released + sorted(owned, key=lambda item: (item[2], item[0])),
    }
