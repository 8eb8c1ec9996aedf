"""Keyspace events: what happened to keys, published to whoever subscribed to it.

Events are read off the effects of a command, in their order, after it ran. The engine
calls ``KeyspaceEvents`` only while notify-keyspace-events asks for something; otherwise
it is not among the engine's listeners and costs nothing.

An event goes to ``__keyspace@<db>__:<key>`` with its name, then to
``__keyevent@<db>__:<event>`` with the key. Letters choose the classes of events, and K
and E which of the two channels; without one of these nothing is sent.

Behaviour: https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from geostream.engine.pubsub import PubSub
from geostream.store.effects import (
    Effect,
    EntriesDeleted,
    KeyCopied,
    KeyMoved,
    StreamRestored,
    StringSet,
)
from geostream.store.keyspace import Keyspace

NEW_CLASS = "n"
MISS_CLASS = "m"
REPLACED_EVENTS = {"o": "overwritten", "c": "type_changed"}

#: Class letter, database, key, event.
Event = tuple[str, int, bytes, str]


class KeyspaceEvents:
    """Publishes the events that were asked for."""

    def __init__(
        self,
        keyspace: Keyspace,
        pubsub: PubSub,
        listeners: list[Callable[[list[Effect]], None]],
    ) -> None:
        """Stand ready; ``configure`` puts it among the listeners or takes it away."""
        self._keyspace = keyspace
        self._pubsub = pubsub
        self._listeners = listeners
        self._classes: frozenset[str] = frozenset()
        self._to_key_channel = False
        self._to_event_channel = False

    def configure(self, letters: str) -> None:
        """Publish what notify-keyspace-events says; ``A`` is spelt out in it."""
        self._to_key_channel = "K" in letters
        self._to_event_channel = "E" in letters
        self._classes = frozenset(letters) - {"K", "E"}
        is_wanted = bool(self._classes) and (self._to_key_channel or self._to_event_channel)
        if self.note in self._listeners:
            self._listeners.remove(self.note)
        if is_wanted:
            self._listeners.append(self.note)

    def note(self, effects: list[Effect]) -> None:
        """Publish the events of a command. O(effects + keys missed)."""
        if not (self._pubsub.channels or self._pubsub.patterns):
            return
        classes = self._classes
        misses = deque(self._keyspace.missed if MISS_CLASS in classes else ())
        told_once: set[Event] = set()
        for place, effect in enumerate(effects):
            self._tell_misses(misses, place)
            for event in events_of(effect):
                if event[0] not in classes:
                    continue
                if event[3] in ("xtrim", "xdel"):  # one each for a command, in however many steps
                    if event in told_once:
                        continue
                    told_once.add(event)
                self._publish(*event[1:])
        self._tell_misses(misses, len(effects))

    def _tell_misses(self, misses: deque[tuple[int, bytes, int]], place: int) -> None:
        """Publish the misses from before so many effects."""
        while misses and misses[0][2] <= place:
            database, key, _ = misses.popleft()
            self._publish(database, key, "keymiss")

    def _publish(self, database: int, key: bytes, event: str) -> None:
        name = event.encode()
        if self._to_key_channel:
            self._pubsub.publish(b"__keyspace@%d__:%b" % (database, key), name)
        if self._to_event_channel:
            self._pubsub.publish(b"__keyevent@%d__:%b" % (database, name), key)


def events_of(effect: Effect) -> Iterator[Event]:
    """Yield the events an effect is told as; most are told as one, many as none."""
    special = _SPECIAL.get(type(effect))
    if special is not None:
        yield from special(effect)
    elif effect.event and getattr(effect, "told", True):
        yield effect.event_class, effect.db, effect.key, effect.event


def _string_set(effect: StringSet) -> Iterator[Event]:
    if effect.told_as == StreamRestored.event:
        yield from _restored(effect)
        return
    if effect.is_new:
        yield NEW_CLASS, effect.db, effect.key, "new"
    yield from _replaced(effect.replaced, effect.db, effect.key)
    if effect.told_as:
        yield "$", effect.db, effect.key, effect.told_as


def _restored(effect: StreamRestored | StringSet) -> Iterator[Event]:
    yield NEW_CLASS, effect.db, effect.key, "new"
    yield "g", effect.db, effect.key, "restore"
    yield from _replaced(effect.replaced, effect.db, effect.key)


def _moved(effect: KeyMoved) -> Iterator[Event]:
    verb = "rename" if effect.to_db == effect.db else "move"
    yield NEW_CLASS, effect.to_db, effect.to_key, "new"
    yield "g", effect.db, effect.key, f"{verb}_from"
    yield "g", effect.to_db, effect.to_key, f"{verb}_to"
    yield from _replaced(effect.replaced, effect.to_db, effect.to_key)


def _copied(effect: KeyCopied) -> Iterator[Event]:
    yield NEW_CLASS, effect.to_db, effect.to_key, "new"
    yield "g", effect.to_db, effect.to_key, "copy_to"
    yield from _replaced(effect.replaced, effect.to_db, effect.to_key)


def _replaced(classes: str, db: int, key: bytes) -> Iterator[Event]:
    for letter in classes:
        yield letter, db, key, REPLACED_EVENTS[letter]


def _entries_deleted(effect: EntriesDeleted) -> Iterator[Event]:
    yield "t", effect.db, effect.key, "xtrim" if effect.by_trimming else "xdel"


_SPECIAL: dict[type[Effect], Callable[[Any], Iterator[Event]]] = {
    StringSet: _string_set,
    StreamRestored: _restored,
    KeyMoved: _moved,
    KeyCopied: _copied,
    EntriesDeleted: _entries_deleted,
}
