"""A cursor over a request's arguments, for parsers.

A parser takes words one after the other. What is missing or malformed raises the error
Redis has for it. The words after the command's name, and its sub-command's, are what the
cursor sees; which command it is it knows for the errors' sake.
"""

from __future__ import annotations

from typing import ClassVar

from geostream import errors
from geostream.store import octets

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


def parse_int64(text: bytes) -> int | None:
    """Return a number written canonically (no plus, no leading zero, no blank), or None."""
    small = octets.small_number(text)
    if small >= 0:
        return small
    digits = text[1:] if text[:1] == b"-" else text
    if not digits.isdigit() or len(digits) > 19:
        return None
    if digits[0] == 48 and (len(digits) > 1 or len(text) > 1):
        return None
    value = int(text)
    return value if INT64_MIN <= value <= INT64_MAX else None


class Args:
    """The arguments of one request."""

    __slots__ = ("_at", "name", "words")

    #: Whether this comes from a log, where servers write what clients may not say.
    is_stored: ClassVar[bool] = False

    def __init__(self, words: list[bytes], name: str, at: int = 1) -> None:
        """Start at word number ``at``; ``name`` is the command's, as errors show it."""
        self.words = words
        self.name = name
        self._at = at

    def begin(self, words: list[bytes], name: str, at: int) -> None:
        """Start anew with other words."""
        self.words = words
        self.name = name
        self._at = at

    def __len__(self) -> int:
        """Return how many words are left."""
        return len(self.words) - self._at

    def next(self) -> bytes:
        """Take the next word. Raises SYNTAX if there is none."""
        try:
            word = self.words[self._at]
        except IndexError:
            raise errors.fail(errors.SYNTAX) from None
        self._at += 1
        return word

    def peek(self) -> bytes | None:
        """Return the next word in upper case without taking it; None at the end."""
        return self.words[self._at].upper() if self._at < len(self.words) else None

    def back(self) -> None:
        """Give the last word back."""
        self._at -= 1

    def flag(self, keyword: bytes) -> bool:
        """Take the next word if it is this keyword, in any case."""
        if self._at < len(self.words):
            word = self.words[self._at]
            if word == keyword or word.upper() == keyword:
                self._at += 1
                return True
        return False

    def option(self) -> bytes | None:
        """Take the next word as an option's name, in upper case; None at the end."""
        if self._at >= len(self.words):
            return None
        word = self.words[self._at]
        self._at += 1
        return word.upper()

    def rest(self) -> list[bytes]:
        """Take all words that are left."""
        words = self.words[self._at :]
        self._at = len(self.words)
        return words

    def take(self, count: int) -> list[bytes]:
        """Take so many words. Raises SYNTAX if there are fewer."""
        if count > len(self.words) - self._at:
            raise errors.fail(errors.SYNTAX)
        self._at += count
        return self.words[self._at - count : self._at]

    def integer(self, error: str = errors.NOT_AN_INTEGER) -> int:
        """Take a 64-bit integer in canonical form. Raises the error given, or SYNTAX at the end."""
        value = parse_int64(self.next())
        if value is None:
            raise errors.fail(error)
        return value

    def end(self) -> None:
        """Raise SYNTAX if a word is left."""
        if self._at < len(self.words):
            raise errors.fail(errors.SYNTAX)

    def wrong_count(self) -> errors.CommandError:
        """Return the error for a wrong number of arguments, to be raised."""
        return errors.fail(errors.ARITY, command=self.name)


class StoredArgs(Args):
    """The arguments of a request that is run again."""

    __slots__ = ()

    is_stored = True
