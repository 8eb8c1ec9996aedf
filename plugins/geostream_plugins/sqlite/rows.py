"""The small tables held in memory, with what changed and is not written yet.

A batch is carried out on these rows first and written at its end, so what changes many times
in a batch is written once, and an entry that came and went is not written at all. What is
large stays on disk: of entries, pending entries and strings only the changes are here.

After a transaction failed the whole catalog is thrown away and read again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import count
from types import FunctionType

import msgspec
from msgspec import Struct, field

from geostream.store.effects import StringSet
from geostream.store.entry_json import Shape, id_of
from geostream.store.idempotency import Idempotency
from geostream.store.ids import MIN_ID, StreamId
from geostream_plugins.sqlite.people import LARGEST_SHOWN_BYTES, readable, shape_of

MOST_FIELDS = 500  # of a stream that have a column in its view
MOST_SHAPES = 1000  # sets of fields remembered as seen
MOST_QUICK = 4  # of these that are looked for by the compiled loop
#: In plain Python that loop is slower than many entries at once by way of msgspec.
QUICK_PAYS = not isinstance(Shape.add_rows, FunctionType)

#: consumer's number or None, delivery time in ms, delivery count, order among equal times
Held = tuple[int | None, int, int, int]


class ConsumerRow:
    """A row of ``consumers``."""

    __slots__ = ("active_ms", "id", "name", "seen_ms")

    def __init__(self, number: int, name: bytes, seen_ms: int, active_ms: int) -> None:
        self.id = number
        self.name = name
        self.seen_ms = seen_ms
        self.active_ms = active_ms


class GroupRow:
    """A row of ``groups``, its consumers, and changes of what it has pending."""

    __slots__ = ("changed", "consumers", "entries_read", "id", "last_id", "name")

    def __init__(self, number: int, name: bytes, last_id: StreamId, read: int | None) -> None:
        self.id = number
        self.name = name
        self.last_id = last_id
        self.entries_read = read
        self.consumers: dict[bytes, ConsumerRow] = {}
        self.changed: dict[StreamId, Held | None] = {}  # None: not pending any more


class StreamRow:
    """A row of ``streams``, its groups and producers, and changes of its entries."""

    __slots__ = (
        "added",
        "db",
        "entries_added",
        "expires_at_ms",
        "fields",
        "fields_json",
        "floor",
        "groups",
        "id",
        "iids_put",
        "iids_removed",
        "is_cleared",
        "is_forgetful",
        "key",
        "last_id",
        "length",
        "max_deleted_id",
        "memory",
        "quick",
        "removed",
        "shapes",
        "view",
    )

    def __init__(self, number: int, db: int, key: bytes, memory: Idempotency) -> None:
        self.id = number
        self.db = db
        self.key = key
        self.length = 0
        self.last_id = MIN_ID
        self.max_deleted_id = MIN_ID
        self.entries_added = 0
        self.expires_at_ms: int | None = None
        self.memory = memory
        self.groups: dict[bytes, GroupRow] = {}
        # For people: the view of this stream, and the fields its columns are
        self.view: str | None = None
        self.fields: dict[str, bool] = {}
        self.fields_json = "[]"
        # Sets of fields that were seen, and what shape_of says of them
        self.shapes: dict[tuple[bytes, ...], tuple[str, ...] | None] = {}
        self.quick: dict[tuple[bytes, ...], Shape] = {}  # a few of these, for entries to come
        # Not written yet, in the order in which it must be: ...
        self.is_cleared = False  # all entries on disk go
        self.floor: StreamId = MIN_ID  # those below it go
        self.removed: list[StreamId] = []
        self.added: list[bytes] = []  # entries in wire form, their IDs ascending
        # ... and the same of producers' messages
        self.is_forgetful = False
        self.iids_removed: list[tuple[bytes, bytes]] = []
        self.iids_put: dict[tuple[bytes, bytes], tuple[StreamId, int]] = {}

    def learn(self, names: tuple[bytes, ...]) -> bool:
        """Note the fields of an entry; tell whether some were not known."""
        if len(self.shapes) >= MOST_SHAPES:
            self.shapes.clear()
        self.shapes[names] = shape_of(names)
        before = len(self.fields)
        for name in map(readable, names):
            if len(self.fields) < MOST_FIELDS:
                self.fields.setdefault(name, True)
        if len(self.fields) == before:
            return False
        self.fields_json = msgspec.json.encode(list(self.fields)).decode()
        return True

    def expect(self, names: tuple[bytes, ...]) -> None:
        """Be quick with entries that have the fields of one seen before, in this order."""
        texts = self.shapes.get(names)
        if texts is None or names in self.quick or not QUICK_PAYS:
            return
        if len(self.quick) >= MOST_QUICK:
            self.quick.clear()
        heads = [
            b'%b%b:"' % (b'",' if place else b"{", msgspec.json.encode(text))
            for place, text in enumerate(texts)
        ]
        self.quick[names] = Shape(names, heads, LARGEST_SHOWN_BYTES)

    def append(self, entries: list[bytes]) -> None:
        """Note entries that were added to this stream."""
        self.added += entries
        self.last_id = id_of(entries[-1])
        self.length += len(entries)
        self.entries_added += len(entries)

    def trim(self, floor: StreamId, left: int) -> None:
        """Forget the entries below floor; left is how many stay."""
        self.length = left
        if not left:
            self.clear()
            return
        self.floor = max(self.floor, floor)
        del self.added[: bisect_left(self.added, floor, key=id_of)]

    def clear(self) -> None:
        """Forget all entries."""
        self.length = 0
        self.is_cleared = True
        self.floor = MIN_ID
        self.removed.clear()
        self.added.clear()

    def remove(self, ids: Iterable[StreamId]) -> None:
        """Forget entries that are there."""
        for entry_id in ids:
            self.length -= 1
            place = bisect_left(self.added, entry_id, key=id_of)
            if place < len(self.added) and id_of(self.added[place]) == entry_id:
                del self.added[place]
            else:
                self.removed.append(entry_id)


def form_of(effect: StringSet) -> str:
    """Return as what a string is told to have it in the form that an effect gives it."""
    if effect.told_as == "setrange" or (effect.told_as == "append" and not effect.is_new):
        return "setrange"
    return "incrbyfloat" if effect.told_as == "incrbyfloat" else "set"


class KeepExpiry:
    """Says that a key's expiry is as it was."""


class StringChange(Struct):
    """What became of a row of ``strings``."""

    is_gone: bool = False  # what was there; there may be a content nonetheless
    content: bytes | None = None
    form: str = "set"
    expires_at_ms: int | type[KeepExpiry] | None = KeepExpiry

    def delete(self) -> None:
        """The key is gone."""
        self.is_gone, self.content, self.expires_at_ms = True, None, None


class Numbers(Struct):
    """The next numbers of rows. Never used twice, not even after a failure."""

    streams: count[int]
    groups: count[int]
    consumers: count[int]


class Catalog(Struct, eq=False):
    """All streams by database and key, and which of them changed."""

    numbers: Numbers
    next_put: int = 1  # larger than every put_order
    is_used: bool = False  # something was stored once
    marked_used: bool = False  # ... and the file says so
    streams: dict[tuple[int, bytes], StreamRow] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)
    edited: set[int] = field(default_factory=set)  # numbers of streams edited by hand
    # Not written yet
    touched: dict[StreamRow, bool] = field(default_factory=dict)
    touched_groups: dict[GroupRow, int] = field(default_factory=dict)  # the stream's number
    touched_consumers: dict[ConsumerRow, int] = field(default_factory=dict)  # the group's
    strings: dict[tuple[int, bytes], StringChange] = field(default_factory=dict)
    gone_streams: list[int] = field(default_factory=list)
    gone_groups: list[int] = field(default_factory=list)
    gone_consumers: list[tuple[int, int]] = field(default_factory=list)  # of group, consumer
    stale_views: dict[StreamRow, bool] = field(default_factory=dict)
    dropped_views: list[str] = field(default_factory=list)
    # Streams whose entries, groups whose pending ones are to be cleared away
    orphaned_streams: list[int] = field(default_factory=list)
    orphaned_groups: list[int] = field(default_factory=list)

    def new_stream(self, db: int, key: bytes, memory: Idempotency) -> StreamRow:
        """Make a key hold an empty stream; its expiry stays if it has one."""
        expires_at_ms = None
        if (db, key) in self.streams:
            expires_at_ms = self.streams[db, key].expires_at_ms
            self.drop_stream(db, key)
        row = StreamRow(next(self.numbers.streams), db, key, memory)
        row.expires_at_ms = expires_at_ms
        self.streams[db, key] = row
        self.touched[row] = True
        return row

    def drop_stream(self, db: int, key: bytes) -> None:
        """Forget a stream and all that belongs to it."""
        row = self.streams.pop((db, key))
        self.touched.pop(row, None)
        self.gone_streams.append(row.id)
        self.orphaned_streams.append(row.id)
        self.drop_view(row)
        self.stale_views.pop(row, None)
        for name in list(row.groups):
            self.drop_group(row, name)

    def drop_group(self, row: StreamRow, name: bytes) -> None:
        """Forget a group and all that belongs to it."""
        group = row.groups.pop(name)
        self.touched_groups.pop(group, None)
        self.gone_groups.append(group.id)
        self.orphaned_groups.append(group.id)
        for consumer in group.consumers.values():
            self.touched_consumers.pop(consumer, None)

    def drop_consumer(self, group: GroupRow, name: bytes) -> None:
        """Forget a consumer and what it has pending."""
        consumer = group.consumers.pop(name)
        self.touched_consumers.pop(consumer, None)
        self.gone_consumers.append((group.id, consumer.id))
        for entry_id, held in group.changed.items():
            if held is not None and held[0] == consumer.id:
                group.changed[entry_id] = None

    def drop_view(self, row: StreamRow) -> None:
        """Take a stream's view away; it gets another if it is made stale."""
        if row.view is not None:
            self.dropped_views.append(row.view)
            self.views.discard(row.view)
            row.view = None

    def string(self, db: int, key: bytes) -> StringChange:
        """Return the change of a string, to be changed further."""
        change = self.strings.get((db, key))
        if change is None:
            change = self.strings[db, key] = StringChange()
        return change
