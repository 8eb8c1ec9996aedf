"""What can go wrong in the store, as classes without text.

geostream/engine/dispatch.py turns each into the line Redis sends for it.
"""

from __future__ import annotations


class StoreError(Exception):
    """Base of all of them; whoever raises one has changed nothing."""


class WrongType(StoreError):
    """The key holds a value of another type."""


class IdNotIncreasing(StoreError):
    """An ID was asked for that is not above the last one."""


class IdsExhausted(StoreError):
    """There is no ID above the last one."""


class EntryTooLarge(StoreError):
    """An entry's fields and values are more than a stream takes."""
