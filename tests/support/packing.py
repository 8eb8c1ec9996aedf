"""Packing at once what a server packs in its own time.

With ``PACKED_EVERYWHERE=1`` the whole suite runs so: segments are sealed after two entries,
and all are packed after every change, in the tests' own process (tests/conftest.py) and in
the servers that tests start (servers.py runs tests.support.packed_server). A few tests are
about where segments are cut, and fail then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from geostream.engine.dispatch import Engine
from geostream.store import segment, tail
from geostream.store.keyspace import Keyspace
from geostream.store.packed import Packed
from geostream.store.segment import Segment
from geostream.store.stream import Stream
from geostream.store.unpacked import Unpacked


def pack(segment: Segment, cache: Unpacked) -> None:
    """Pack a sealed segment, whatever its size."""
    if segment.packed is None:
        segment.pack(Packed(segment.plain().content()), cache)


def pack_all(keyspace: Keyspace, cache: Unpacked) -> None:
    """Pack every sealed segment of every stream."""
    for database in keyspace.databases:
        for value in database.values.values():
            if type(value) is Stream:
                for each in value.plain_segments():
                    pack(each, cache)
                    value.note_packed(each)


@contextmanager
def short_segments(entries: int = 2) -> Iterator[None]:
    """Seal segments after so few entries that small streams have many of them."""
    with ExitStack() as patches:
        for module, name, value in (
            (tail, "SEAL_ENTRIES", entries),
            (tail, "SEAL_BYTES", 300),
            (segment, "VIEW_BYTES", 1),
        ):
            patches.enter_context(patch.object(module, name, value))
        yield


def force_packing() -> None:
    """From now on, pack everything in this process whenever a command has changed something."""
    tail.SEAL_ENTRIES = 2
    cache = Unpacked(1000)
    hand_out = Engine.hand_out

    def hand_out_and_pack(engine: Engine) -> None:
        hand_out(engine)
        pack_all(engine.keyspace, cache)
        engine.memory.recount()

    patch.object(Engine, "hand_out", hand_out_and_pack).start()
