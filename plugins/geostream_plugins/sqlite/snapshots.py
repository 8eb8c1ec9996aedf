"""The two kinds of snapshot.

``Replacement``, of a file that is appended to: the image is written under new numbers, a few
thousand rows in a transaction, between which the writer appends as ever; nobody sees it,
because ``streams`` does not list it. Then one transaction exchanges the rows of ``streams``
and of the other small tables, and repeats on the new ones what was appended meanwhile, which
was kept in memory: all of that is in the store's memory too. What was there before belongs to
nothing from then on and is cleared away bit by bit. Readers keep the file they have open,
which they would not if it was replaced by another one.

``Differences``, of a file that only takes snapshots: what changed since the last one is
written in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from geostream.store.effects import Effect, ExpirySet, StreamRestored, StringSet
from geostream.store.entry_json import AddedEntries
from geostream.store.idempotency import Idempotency
from geostream.store.segment import Segment
from geostream_plugins.sqlite.entry_rows import EntryWriter
from geostream_plugins.sqlite.flush import flush, flush_entries, flush_pending
from geostream_plugins.sqlite.image_rows import add_segment, change_segments, take_image
from geostream_plugins.sqlite.people import text_or_bytes
from geostream_plugins.sqlite.record import Recorder
from geostream_plugins.sqlite.rows import Catalog, Numbers, StreamRow, StringChange, form_of

Transaction = Callable[[], AbstractContextManager[None]]


class Replacement:
    """An image on its way into a file that is appended to."""

    def __init__(
        self, connection: sqlite3.Connection, numbers: Numbers, writer: EntryWriter
    ) -> None:
        self.catalog = Catalog(numbers)
        self._connection = connection
        self._writer = writer

    def write(self, image: Iterable[Effect], transaction: Transaction) -> None:
        """Write the large part ahead.

        transaction -- opened for each piece; the writer's turn comes between two
        """
        for effect in image:
            match effect:
                case StringSet(db, key, content):
                    change = self.catalog.string(db, key)
                    change.content, change.form = content, form_of(effect)
                    change.expires_at_ms = None
                case ExpirySet(db, key, at_ms):
                    row = self.catalog.streams.get((db, key))
                    if row is None:
                        self.catalog.string(db, key).expires_at_ms = at_ms
                    else:
                        row.expires_at_ms = at_ms
                case StreamRestored():
                    self._write_stream(effect, transaction)
                case _:
                    raise TypeError(f"an image has no {type(effect).__name__}")

    def _write_stream(self, effect: StreamRestored, transaction: Transaction) -> None:
        image, catalog = effect.image, self.catalog
        memory = Idempotency(image.idmp.duration_s, image.idmp.max_size)
        row = catalog.new_stream(effect.db, effect.key, memory)
        if self._writer.shows_fields:
            catalog.stale_views[row] = True
        take_image(catalog, row, image)
        for segment in image.segments:
            add_segment(row, segment)
            with transaction():
                flush_entries(self._connection, self._writer, [row])
        if any(group.changed for group in row.groups.values()):
            with transaction():
                flush_pending(self._connection, row.groups.values())

    def exchange(self, before: Catalog, kept: Iterable[Iterable[Effect | AddedEntries]]) -> None:
        """Put it in the place of what there was, inside a transaction.

        kept -- the batches appended since the image was taken
        """
        catalog = self.catalog
        for table in ("streams", "groups", "consumers", "idmp", "strings"):
            self._connection.execute(f"DELETE FROM {table}")
        for row in before.streams.values():
            if row.view is not None:
                catalog.dropped_views.append(row.view)
        # A catalog that was read meanwhile takes what is written ahead for left over.
        new_streams, new_groups = map(set, orphans_of(catalog))
        streams, groups = orphans_of(before)
        catalog.orphaned_streams += [n for n in streams if n not in new_streams]
        catalog.orphaned_groups += [n for n in groups if n not in new_groups]
        catalog.is_used = True
        flush(self._connection, catalog)
        recorder = Recorder(self._connection, catalog, self._writer)
        for batch in kept:
            recorder.record(list(batch))


def orphans_of(catalog: Catalog) -> tuple[list[int], list[int]]:
    """Return the streams and groups of a catalog that would be left if it were given up."""
    streams = [row.id for row in catalog.streams.values()]
    groups = [group.id for row in catalog.streams.values() for group in row.groups.values()]
    return streams + catalog.orphaned_streams, groups + catalog.orphaned_groups


class Differences:
    """A file that takes snapshots, and what the last one wrote."""

    def __init__(self, written: dict[int, list[Segment]]) -> None:
        """Begin with what was loaded, by the stream's number; what is not here is written anew."""
        self._written = written
        self._next: dict[int, list[Segment]] = {}

    def take(
        self,
        connection: sqlite3.Connection,
        catalog: Catalog,
        writer: EntryWriter,
        image: Iterable[Effect],
    ) -> None:
        """Write what differs from an image, inside a transaction."""
        self._next = {}
        catalog.is_used = True
        seen: set[tuple[int, bytes]] = set()
        for db, key, value, expires_at_ms in _with_expiry(image):
            seen.add((db, key))
            if isinstance(value, StringSet):
                self._take_string(connection, catalog, value, expires_at_ms)
            else:
                row = self._take_stream(connection, catalog, writer, value)
                if row.expires_at_ms != expires_at_ms:
                    row.expires_at_ms = expires_at_ms
                    catalog.touched[row] = True
            flush(connection, catalog)
        for place in [place for place in catalog.streams if place not in seen]:
            catalog.drop_stream(*place)
        for place in connection.execute("SELECT db, key FROM strings").fetchall():
            if place not in seen:
                catalog.string(*place).delete()
        flush(connection, catalog)

    def keep(self) -> None:
        """Take note that what was taken is on disk."""
        self._written, self._next = self._next, {}

    def _take_string(
        self,
        connection: sqlite3.Connection,
        catalog: Catalog,
        value: StringSet,
        expires_at_ms: int | None,
    ) -> None:
        if (value.db, value.key) in catalog.streams:
            catalog.drop_stream(value.db, value.key)
        query = "SELECT value, form, expires_at_ms FROM strings WHERE db = ? AND key = ?"
        form = form_of(value)
        row = (text_or_bytes(value.content), form, expires_at_ms)
        if connection.execute(query, (value.db, value.key)).fetchone() != row:
            change = StringChange(False, value.content, form, expires_at_ms)
            catalog.strings[value.db, value.key] = change

    def _take_stream(
        self,
        connection: sqlite3.Connection,
        catalog: Catalog,
        writer: EntryWriter,
        effect: StreamRestored,
    ) -> StreamRow:
        image = effect.image
        row = catalog.streams.get((effect.db, effect.key))
        if row is None:
            memory = Idempotency(image.idmp.duration_s, image.idmp.max_size)
            row = catalog.new_stream(effect.db, effect.key, memory)
            before: list[Segment] = []
            catalog.string(effect.db, effect.key).delete()
            if writer.shows_fields:
                catalog.stale_views[row] = True
        elif row.id in self._written:
            before = self._written[row.id]
        else:
            before = []
            row.clear()
        take_image(catalog, row, image, connection)

        def write() -> None:
            for learned in flush_entries(connection, writer, [row]):
                catalog.stale_views[learned] = catalog.touched[learned] = True

        change_segments(row, before, image.segments, write)
        self._next[row.id] = image.segments
        return row


def _with_expiry(
    image: Iterable[Effect],
) -> Iterator[tuple[int, bytes, StringSet | StreamRestored, int | None]]:
    """Yield database, key, what it holds and when it expires."""
    held: StringSet | StreamRestored | None = None
    for effect in image:
        if isinstance(effect, ExpirySet):
            if held is not None:
                yield held.db, held.key, held, effect.at_ms
            held = None
            continue
        if held is not None:
            yield held.db, held.key, held, None
        if not isinstance(effect, StringSet | StreamRestored):
            raise TypeError(f"an image has no {type(effect).__name__}")
        held = effect
    if held is not None:
        yield held.db, held.key, held, None
