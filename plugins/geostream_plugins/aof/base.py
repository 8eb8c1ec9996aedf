"""The base of an append-only file: all data at one moment, as an RDB or as commands.

As an RDB it is what other servers read, version 11. A stream that has what this version
cannot hold (messages of producers, entries released by XNACK) is written a second time, with
all of it, as annotations behind the RDB; other servers skip those, and geostream lets the
second replace the first.

As commands it is the effects that make each key anew, through the same functions as the log.
No effect sets the counters of producers' messages, so streams that have such messages are
written as one RESTORE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from pathlib import Path
from typing import BinaryIO

from geostream.rdb.writer import write_rdb
from geostream.store import effects as fx
from geostream.store.effects import Effect
from geostream.store.ids import StreamId
from geostream.store.images import GroupImage, Held, IdmpImage
from geostream_plugins.aof.annotations import sum_line
from geostream_plugins.aof.records import (
    NO_DATABASE,
    PORTABLE_VERSION,
    batch_bytes,
    complete_lines,
    is_portable,
)

COPY_BYTES = 2**20  # copied at a time
BATCH_EFFECTS = 500  # written at a time

AUX = {b"aof-base": b"1"}


def write_rdb_base(
    out: BinaryIO, image: Iterable[Effect], directory: Path, compress: bool, now_s: int
) -> None:
    """Write the data as an RDB and what it cannot hold behind it. Raises OSError.

    directory -- where there is room for a temporary file
    compress  -- whether strings are compressed
    now_s     -- Unix time, noted in the file
    """
    # Imported here: a start need not wait for it.
    from tempfile import TemporaryFile  # noqa: PLC0415

    with TemporaryFile(dir=directory) as rest:

        def noting() -> Iterator[Effect]:
            for effect in image:
                if isinstance(effect, fx.StreamRestored) and not is_portable(effect.image):
                    lines = complete_lines(effect, 0)
                    rest.write(lines + sum_line(lines))
                yield effect

        aux = {**AUX, b"ctime": b"%d" % now_s}
        write_rdb(out, noting(), version=PORTABLE_VERSION, compress=compress, aux=aux)
        rest.seek(0)
        while piece := rest.read(COPY_BYTES):
            out.write(piece)


def write_command_base(out: BinaryIO, image: Iterable[Effect], stamp: bytes = b"") -> None:
    """Write the data as commands and annotations. Raises OSError.

    stamp -- the time as an annotation, or nothing
    """
    out.write(stamp)
    database = NO_DATABASE
    effects = chain.from_iterable(map(_making, image))
    while batch := list(islice(effects, BATCH_EFFECTS)):
        out.write(batch_bytes(batch, database, atomic=False))  # a base is there whole or not
        database = batch[-1].db


def _making(effect: Effect) -> Iterator[Effect]:
    """Yield the effects that come to the same on an empty keyspace, one step each."""
    if not isinstance(effect, fx.StreamRestored) or _has_messages(effect.image.idmp):
        yield effect
        return
    number, key, image = effect.db, effect.key, effect.image
    yield fx.StreamCreated(number, key, image.idmp.duration_s, image.idmp.max_size)
    for entry_id, wire in image.entries():
        yield fx.EntryAdded(number, key, entry_id, bytes(wire), False)
    yield fx.StreamIdSet(number, key, image.last_id, image.entries_added, image.max_deleted_id)
    for group in image.groups:
        yield from _making_group(number, key, group)


def _has_messages(idmp: IdmpImage) -> bool:
    return bool(idmp.producers or idmp.iids_added or idmp.iids_duplicates)


def _making_group(number: int, key: bytes, group: GroupImage) -> Iterator[Effect]:
    name = group.name
    yield fx.GroupCreated(number, key, name, group.last_id, group.entries_read)
    for consumer in group.consumers:
        yield fx.ConsumerCreated(number, key, name, consumer.name, consumer.seen_ms)
        yield fx.ConsumerSeen(
            number, key, name, consumer.name, consumer.seen_ms, consumer.active_ms
        )
    owned = [(entry_id, held) for entry_id, held in group.pending.items() if held.consumer]
    owned.sort(key=_delivery_time)
    for owner, run in groupby(owned, key=_owner):
        records = [(entry_id, held.time_ms, held.delivery_count) for entry_id, held in run]
        yield fx.Claimed(number, key, name, owner, records)
    if group.released:
        released = [
            (entry_id, group.pending[entry_id].delivery_count) for entry_id in group.released
        ]
        yield fx.Released(number, key, name, released)


def _delivery_time(item: tuple[StreamId, Held]) -> int:
    return item[1].time_ms


def _owner(item: tuple[StreamId, Held]) -> bytes:
    owner = item[1].consumer
    assert owner is not None
    return owner.name
