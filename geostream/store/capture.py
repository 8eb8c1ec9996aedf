"""A picture of all data at one moment, taken while the data changes.

Making an image of every key in one go would hold everybody up where there are many keys. So
a capture copies only the tables of keys at its beginning, and images of streams are made one
after the other, a few at a time; before a stream changes that has none yet, its image is
made first (copy on write, by the stream). A value that is replaced or deleted is simply kept:
nobody changes it any more.

Which values are done is told by their ``epoch``: a capture has a number, larger than the one
before, and a value of an older epoch was there when the capture began and is not imaged yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from geostream.store.effects import Effect, ExpirySet, StreamRestored, StringSet
from geostream.store.images import StreamImage, image_of
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from geostream.store.value import COMPUTED, EDITED, String, Value

#: How a string is told in an image, so that it is restored in the form it had.
_TOLD_AS = {EDITED: "setrange", COMPUTED: "incrbyfloat"}


class Capture:
    """The data of a keyspace as it was when this was made; at most one at a time.

    Iterate over it to get the data as effects on an empty keyspace, grouped by key: a
    ``StringSet`` or ``StreamRestored``, then an ``ExpirySet`` if the key has one. Everything
    must be taken, or ``close`` called. Making it is O(keys) in C; each step O(one key).
    """

    def __init__(self, keyspace: Keyspace) -> None:
        """Begin. Raises RuntimeError if another capture is not done."""
        if keyspace.capture is not None:
            raise RuntimeError("a capture is being taken already")
        keyspace.epoch += 1
        keyspace.capture = self
        self._keyspace = keyspace
        self._epoch = keyspace.epoch
        self._databases = [
            (database.number, database.values.copy(), database.expiries.copy())
            for database in keyspace.databases
            if database.values
        ]
        self._images: dict[Value, StreamImage] = {}
        self.keys = sum(len(values) for _, values, _ in self._databases)

    def before(self, effect: Effect) -> None:
        """Make the image of a stream that is about to change; called by ``Keyspace.commit``."""
        value = self._keyspace.databases[effect.db].values.get(effect.key)
        if type(value) is Stream and value.epoch < self._epoch:
            value.epoch = self._epoch
            self._images[value] = image_of(value)

    def close(self) -> None:
        """Stop taking it. Does nothing the second time."""
        if self._keyspace.capture is self:
            self._keyspace.capture = None
        self._databases.clear()
        self._images.clear()

    def __iter__(self) -> Iterator[Effect]:
        for number, values, expiries in self._databases:
            for key, value in values.items():
                yield self._effect(number, key, value)
                if key in expiries:
                    yield ExpirySet(number, key, expiries[key])
        self.close()

    def _effect(self, number: int, key: bytes, value: Value) -> Effect:
        if type(value) is Stream:
            value.epoch = self._epoch
            image = self._images.pop(value, None)
            if image is not None:
                return StreamRestored(number, key, image)
        return effect_of(number, key, value)


def effect_of(number: int, key: bytes, value: Value) -> Effect:
    """Return the effect that makes a key hold what it holds now. O(segments) for a stream."""
    if type(value) is String:
        return StringSet(number, key, value.content, _TOLD_AS.get(value.form, "set"), True)
    assert type(value) is Stream
    return StreamRestored(number, key, image_of(value))


def image_at_once(keyspace: Keyspace) -> Iterator[Effect]:
    """Yield all data as a capture would, if nothing changes meanwhile; one may be being taken."""
    for database in keyspace.databases:
        for key, value in database.values.items():
            yield effect_of(database.number, key, value)
            if key in database.expiries:
                yield ExpirySet(database.number, key, database.expiries[key])
