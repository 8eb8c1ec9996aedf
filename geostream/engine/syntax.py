"""From a command's syntax line to the argument descriptions of COMMAND DOCS.

A row's ``syntax`` is written as Redis' documentation writes it::

    key [NOMKSTREAM] [MAXLEN [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]

``[...]`` is optional, ``<...>`` only groups, ``|`` divides alternatives. What is written
in capital letters or signs is typed as it stands (a token), other words stand for what
the user fills in. A token directly before such a word or a choice introduces it, so both
become one argument. A bracket that ends in ``...`` repeats what stands before it: ``key
[key ...]`` is one argument that may be given several times, and ``[PREFIX prefix [PREFIX
prefix ...]]`` repeats its token too.

Clients such as redis-cli draw their hints from these descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from geostream.reply import Reply, SetOf, Simple

_WORDS = re.compile(r"\.\.\.|[\[\]<>|]|[^\s\[\]<>|]+")
_PLACEHOLDER = re.compile(r"[a-z0-9][a-z0-9_:./-]*")

#: Words that stand for a key.
KEY_NAMES = frozenset({"key", "newkey", "source", "destination"})

#: Words that stand for a number.
INTEGER_NAMES = frozenset(
    {
        "bits",
        "bytes",
        "client-id",
        "cluster-bus-port",
        "connection-id",
        "count",
        "cursor",
        "database",
        "db",
        "decrement",
        "delivery-count",
        "destination-db",
        "duration",
        "entries",
        "entries-added",
        "entries-read",
        "entriesread",
        "frequency",
        "increment",
        "index",
        "index1",
        "index2",
        "length",
        "maxage",
        "maxcount",
        "maxsize",
        "milliseconds",
        "min-idle-time",
        "ms",
        "numids",
        "numkeys",
        "numlocal",
        "numreplicas",
        "offset",
        "port",
        "protover",
        "retry-count",
        "retrycount",
        "samples",
        "seconds",
        "slot",
        "threshold-count",
        "timeout",
        "ttl",
        "version",
    }
)
PATTERN_NAMES = frozenset({"pattern"})
DOUBLE_NAMES = frozenset({"double", "increment-float", "seconds-decimal"})
UNIX_TIME_PREFIX = "unix-time"

#: Signs that are typed as they stand, and how an argument of that kind is called.
_SIGNS = {"*": "auto-id", "=": "equal", "~": "approximately", "$": "new-id"}


class Argument(Struct):
    """One argument, or a choice or block of some."""

    name: str
    type: str
    token: str = ""
    is_optional: bool = False
    is_multiple: bool = False
    repeats_token: bool = False
    members: list[Argument] = field(default_factory=list)

    def describe(self, has_keys: bool) -> Reply:
        """Return the description as COMMAND DOCS sends it."""
        shown: dict[bytes, Reply] = {b"name": self.name.encode(), b"type": self.type.encode()}
        if not self.members:
            shown[b"display_text"] = self.name.encode()
        if self.type == "key" and has_keys:
            shown[b"key_spec_index"] = 0
        if self.token:
            shown[b"token"] = self.token.encode()
        flags = [
            Simple(name)
            for name, is_set in (
                (b"optional", self.is_optional),
                (b"multiple", self.is_multiple),
                (b"multiple_token", self.repeats_token),
            )
            if is_set
        ]
        if flags:
            shown[b"flags"] = SetOf(flags)
        if self.members:
            shown[b"arguments"] = [member.describe(has_keys) for member in self.members]
        return shown


def parse_syntax(text: str) -> list[Argument]:
    """Return the arguments a syntax line shows. Raises ValueError if it is malformed."""
    reader = _Reader(_WORDS.findall(text))
    choice = reader.choice()
    if not reader.is_at_end:
        raise ValueError(f"unexpected {reader.peek()} in: {text}")
    return choice[0] if len(choice) == 1 else [_one(choice)]


class _Reader:
    """Reads words by recursive descent: choice, sequence, item."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._words)

    def peek(self) -> str:
        return "" if self.is_at_end else self._words[self._at]

    def choice(self) -> list[list[Argument]]:
        """Read alternatives up to a closing bracket or the end."""
        found = [self._sequence()]
        while self.peek() == "|":
            self._at += 1
            found.append(self._sequence())
        return found

    def _sequence(self) -> list[Argument]:
        found: list[Argument] = []
        while self.peek() not in ("", "|", "]", ">"):
            if not self._repeats(found):
                self._item(found)
        return found

    def _item(self, before: list[Argument]) -> None:
        """Read one word or bracket and add what it is to those before it."""
        word = self._words[self._at]
        self._at += 1
        if word in ("[", "<"):
            self._bracket(word, before)
        elif _PLACEHOLDER.fullmatch(word):
            _add(before, Argument(word, _type_of(word)))
        else:
            before.append(Argument(_SIGNS.get(word, word.lower()), "pure-token", token=word))

    def _bracket(self, opening: str, before: list[Argument]) -> None:
        choice = self.choice()
        if self.peek() != ("]" if opening == "[" else ">"):
            raise ValueError(f"{opening} is not closed")
        self._at += 1
        argument = _one(choice)
        if opening == "[":
            argument.is_optional = True
            before.append(argument)
        else:
            _add(before, argument)

    def _repeats(self, before: list[Argument]) -> bool:
        """Take a bracket that only says that what stands before it may be repeated."""
        if self.peek() != "[":
            return False
        end = self._closing(self._at)
        if self._words[end - 1] != "...":
            return False
        repeated = self._words[self._at + 1 : end - 1]
        again = _Reader(repeated)._sequence()
        own = before[len(before) - len(again) :]
        if len(own) != len(again):
            raise ValueError("nothing to repeat before: " + " ".join(repeated))
        del before[len(before) - len(again) :]
        argument = own[0] if len(own) == 1 else _one([own])
        argument.is_multiple = True
        argument.repeats_token = bool(argument.token) and bool(again[0].token)
        before.append(argument)
        self._at = end + 1
        return True

    def _closing(self, opening: int) -> int:
        depth = 0
        for place in range(opening, len(self._words)):
            depth += {"[": 1, "]": -1}.get(self._words[place], 0)
            if not depth:
                return place
        raise ValueError("[ is not closed")


def _add(before: list[Argument], argument: Argument) -> None:
    """Add an argument; if a token stands right before it, the two are one."""
    last = before[-1] if before else None
    if last is not None and _introduces(last) and not argument.token:
        argument.token = before.pop().token
    before.append(argument)


def _introduces(argument: Argument) -> bool:
    is_word = argument.type == "pure-token" and argument.token not in _SIGNS
    return is_word and not argument.is_optional


def _one(choice: list[list[Argument]]) -> Argument:
    """Make one argument of alternatives."""
    members = [
        sequence[0] if len(sequence) == 1 else _block(sequence) for sequence in choice if sequence
    ]
    if not members:
        raise ValueError("empty brackets")
    if len(members) == 1:
        return members[0]
    return Argument("-or-".join(member.name for member in members), "oneof", members=members)


def _block(members: list[Argument]) -> Argument:
    return Argument("-".join(member.name for member in members), "block", members=members)


def _type_of(word: str) -> str:
    if word in KEY_NAMES:
        return "key"
    if word in INTEGER_NAMES:
        return "integer"
    if word in PATTERN_NAMES:
        return "pattern"
    if word in DOUBLE_NAMES:
        return "double"
    return "unix-time" if word.startswith(UNIX_TIME_PREFIX) else "string"
