"""A key with its value, on its way from one place to another.

Values are in the form every format and the store share: bytes for a string, an image for a
stream. ``payload`` is what DUMP gave, kept beside it where the source is a server: another
server may understand all of it even where we do not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from geostream.store.capture import image_at_once
from geostream.store.effects import Effect, ExpirySet, StreamRestored, StringSet
from geostream.store.ids import StreamId
from geostream.store.images import StreamImage
from geostream.store.keyspace import Keyspace
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment

SHOWN_BYTES = 100  # of a name


@dataclass(slots=True)
class Item:
    """One key."""

    db: int
    key: bytes
    value: bytes | StreamImage
    expires_at_ms: int | None = None
    told_as: str = field(default="set", compare=False)  # the form of a string: see StringSet
    payload: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def type_name(self) -> str:
        """What TYPE answers."""
        return "string" if isinstance(self.value, bytes) else "stream"

    def effects(self, db: int | None = None) -> Iterator[Effect]:
        """Yield what makes the key, in a database, on a keyspace that does not have it."""
        db = self.db if db is None else db
        if isinstance(self.value, bytes):
            yield StringSet(db, self.key, self.value, self.told_as, True)
        else:
            yield StreamRestored(db, self.key, self.value)
        if self.expires_at_ms is not None:
            yield ExpirySet(db, self.key, self.expires_at_ms)


def items_of(image: Iterable[Effect]) -> Iterator[Item]:
    """Yield the keys of an image: a StringSet or StreamRestored each, then maybe its ExpirySet."""
    item: Item | None = None
    for effect in image:
        if isinstance(effect, ExpirySet) and item is not None:
            item.expires_at_ms = effect.at_ms
            continue
        if item is not None:
            yield item
        if isinstance(effect, StringSet):
            item = Item(effect.db, effect.key, effect.content, None, effect.told_as)
        elif isinstance(effect, StreamRestored):
            item = Item(effect.db, effect.key, effect.image)
        else:
            raise TypeError(f"{type(effect).__name__} is no part of an image")
    if item is not None:
        yield item


def items_in(keyspace: Keyspace) -> list[Item]:
    """Return all keys, also those whose time has come, in order of database and name."""
    items = list(items_of(image_at_once(keyspace)))
    return sorted(items, key=lambda item: (item.db, item.key))


def segments_of(entries: Iterable[tuple[StreamId, bytes]]) -> list[Segment]:
    """Return segments of entries in wire form, IDs ascending, cut at their usual sizes."""
    segments: list[Segment] = []
    ms, seq, wires, size_bytes = array("Q"), array("Q"), list[bytes](), 0
    for entry_id, wire in entries:
        ms.append(entry_id[0])
        seq.append(entry_id[1])
        wires.append(wire)
        size_bytes += len(wire)
        if len(wires) >= SEAL_ENTRIES or size_bytes >= SEAL_BYTES:
            segments.append(Segment.of(ms, seq, wires))
            ms, seq, wires, size_bytes = array("Q"), array("Q"), [], 0
    if wires:
        segments.append(Segment.of(ms, seq, wires))
    return segments


def shown(name: bytes) -> str:
    """Return a name for people: text where it is text, and not too long."""
    text = printable(name[:SHOWN_BYTES].decode("utf-8", "backslashreplace"))
    return (text or '""') + "..." * (len(name) > SHOWN_BYTES)


def printable(text: str) -> str:
    """Return a text that does nothing to a terminal: what is in a file may be meant to."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
