"""What can be wrong with bytes that should be RDB.

``BadValue`` carries the place in the bytes that were being read; whoever knows more (the key,
the file) catches it and says so.
"""

from __future__ import annotations


class RdbError(Exception):
    """Base of all of them."""


class BadVersion(RdbError):
    """A DUMP payload whose footer does not fit: its version, or its checksum."""


class BadValue(RdbError):
    """Bytes that are not what they should be."""

    def __init__(self, offset: int, reason: str) -> None:
        """Say what is wrong and at which byte of what was read."""
        super().__init__(f"{reason} (byte {offset})")
        self.offset = offset
        self.reason = reason


class BadRdb(RdbError):
    """An RDB file that cannot be read."""

    def __init__(self, offset: int, reason: str) -> None:
        """Say what is wrong and at which byte of the file."""
        super().__init__(f"{reason} (byte {offset})")
        self.offset = offset
        self.reason = reason


SHORT = "Short read or OOM loading DB. Unrecoverable error, aborting now."
