"""Kinds of setting: what a value may be, how it is read, how it is shown.

Every kind reads text in two ways. ``parse`` follows Redis to the letter: it is
what CONFIG SET and redis-server's arguments go through, and its ValueError
carries Redis' reason. ``read`` is for what people write in a YAML file, the
environment or a flag: it also takes ``true``, ``off`` and ``15m``, and whoever
calls it says what was ``expected``. ``render`` is the text CONFIG GET shows.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Value = int | bool | str | tuple[str, ...]

_INT64_MAX = 2**63 - 1
_UINT64_MAX = 2**64 - 1
_PLUGIN_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_SIZE = re.compile(r"([0-9]{0,20})([a-z]*)")
_SIZE_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 2**10, "m": 1000**2, "mb": 2**20}
_SIZE_UNITS |= {"g": 1000**3, "gb": 2**30}
_DURATION = re.compile(r"([0-9]{1,18})(us|ms|s|m|h|d)")
_MICROSECONDS = {"us": 1, "ms": 1000, "s": 10**6, "m": 60 * 10**6}
_MICROSECONDS |= {"h": 3600 * 10**6, "d": 86400 * 10**6}
_UNIT_NAMES = {"us": "microseconds", "ms": "milliseconds", "s": "seconds"}


class Kind(ABC):
    """What the values of one setting have in common."""

    #: For people: the end of the sentence "expected ...".
    expected: str

    @abstractmethod
    def parse(self, text: str) -> Value:
        """Return the value Redis would read; ValueError with Redis' reason."""

    def read(self, text: str) -> Value:
        """Return the value a person meant; ValueError if there is none."""
        return self.parse(text)

    @abstractmethod
    def render(self, value: Value) -> str:
        """Return the text that ``parse`` reads as this value."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return what JSON Schema calls this kind."""


def _checked(number: int, low: int, high: int, *, unsigned: bool) -> int:
    if unsigned and number < 0:
        raise ValueError("argument must be greater or equal to 0")
    if not low <= number <= high:
        raise ValueError(f"argument must be between {low} and {high} inclusive")
    return number


class Integer(Kind):
    """A whole number between two bounds; with a unit it may be written as a duration."""

    def __init__(
        self,
        low: int = 0,
        high: int = _INT64_MAX,
        *,
        unit: str = "",
        unsigned: bool = False,
        clamp: tuple[int, int] | None = None,
    ) -> None:
        """unit is us, ms or s; clamp is what a value within the bounds is brought to."""
        self.low, self.high, self.unit = low, high, unit
        self._unsigned = unsigned
        self._clamp = clamp
        self.expected = f"an integer from {low} to {high}"
        if unit:
            self.expected = f"{_UNIT_NAMES[unit]} from {low} to {high}, or a duration such as 15m"

    def parse(self, text: str) -> int:
        if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) <= _INT64_MAX:
            raise ValueError("argument couldn't be parsed into an integer")
        number = _checked(int(text), self.low, self.high, unsigned=self._unsigned)
        if self._clamp is not None:
            number = min(max(number, self._clamp[0]), self._clamp[1])
        return number

    def read(self, text: str) -> int:
        found = _DURATION.fullmatch(text.lower()) if self.unit else None
        if found is None:
            return self.parse(text)
        microseconds = int(found[1]) * _MICROSECONDS[found[2]]
        number, rest = divmod(microseconds, _MICROSECONDS[self.unit])
        if rest:
            raise ValueError(f"not a whole number of {_UNIT_NAMES[self.unit]}")
        return self.parse(str(number))

    def render(self, value: Value) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        number = {"type": "integer", "minimum": self.low, "maximum": self.high}
        if not self.unit:
            return number
        return {"anyOf": [number, {"type": "string", "pattern": f"^{_DURATION.pattern}$"}]}


class Size(Kind):
    """Bytes, written as Redis does: 64mb is 64 * 2**20, 64m is 64 * 10**6."""

    def __init__(self, low: int = 0, *, unsigned: bool = True) -> None:
        """unsigned is how Redis holds it, which shows in the words of its refusal."""
        self.low = low
        self._unsigned = unsigned
        self.expected = "a size such as 512mb"
        if low:
            self.expected += f", at least {low} bytes"

    def parse(self, text: str) -> int:
        found = _SIZE.fullmatch(text.lower())
        if found is None or found[2] not in _SIZE_UNITS:
            raise ValueError("argument must be a memory value")
        size_bytes = min(int(found[1] or 0) * _SIZE_UNITS[found[2]], _UINT64_MAX)
        if size_bytes > _INT64_MAX:
            size_bytes -= 2**64  # Redis compares it as a signed number
        return _checked(size_bytes, self.low, _INT64_MAX, unsigned=self._unsigned)

    def read(self, text: str) -> int:
        if not text[:1].isdigit():  # Redis takes nothing at all for 0
            raise ValueError("argument must be a memory value")
        return self.parse(text)

    def render(self, value: Value) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        units = "|".join(sorted(filter(None, _SIZE_UNITS)))
        text = {"type": "string", "pattern": f"^[0-9]+({units})?$"}
        return {"anyOf": [{"type": "integer", "minimum": self.low}, text]}


class Boolean(Kind):
    """yes or no."""

    expected = "yes or no"

    def parse(self, text: str) -> bool:
        if text.lower() not in ("yes", "no"):
            raise ValueError("argument must be 'yes' or 'no'")
        return text.lower() == "yes"

    def read(self, text: str) -> bool:
        words = {"true": "yes", "on": "yes", "false": "no", "off": "no"}
        return self.parse(words.get(text.lower(), text))

    def render(self, value: Value) -> str:
        return "yes" if value else "no"

    def schema(self) -> dict[str, Any]:
        return {"enum": [True, False, "yes", "no"]}


class Choice(Kind):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.expected = "one of " + ", ".join(words)

    def parse(self, text: str) -> str:
        if text.lower() not in self.words:
            listed = ", ".join(self.words)
            raise ValueError(f"argument(s) must be one of the following: {listed}")
        return text.lower()

    def read(self, text: str) -> str:
        if text.lower() in ("false", "true"):  # what YAML editors make of a bare no or yes
            text = "no" if text.lower() == "false" else "yes"
        return self.parse(text)

    def render(self, value: Value) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        words: list[str | bool] = list(self.words)
        if "no" in words:
            words.append(False)
        if "yes" in words:
            words.append(True)
        return {"enum": words}


class Text(Kind):
    """Any text. What is not UTF-8 on the wire is carried by surrogates (PEP 383)."""

    expected = "text"

    def parse(self, text: str) -> str:
        return text

    def render(self, value: Value) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


class Addresses(Kind):
    """Addresses to listen on, divided by blanks; in YAML also a list."""

    expected = "an address, or a list of addresses"

    def parse(self, text: str) -> tuple[str, ...]:
        return tuple(text.split())

    def render(self, value: Value) -> str:
        assert isinstance(value, tuple)
        return " ".join(value)

    def schema(self) -> dict[str, Any]:
        one = {"type": "string"}
        return {"anyOf": [one, {"type": "array", "items": one}]}


class FileMode(Kind):
    """Permission bits in octal; 0 leaves them to the umask."""

    expected = "permissions in octal, from 0 to 777"

    def parse(self, text: str) -> int:
        if not re.fullmatch("[0-7]{1,21}", text):
            raise ValueError("argument couldn't be parsed as an octal number")
        if int(text, 8) > 0o777:
            raise ValueError("argument must be between 0 and 777 inclusive")
        return int(text, 8)

    def read(self, text: str) -> int:
        return self.parse(text.removeprefix("0o"))

    def render(self, value: Value) -> str:
        return f"{value:o}"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^(0o)?[0-7]{1,4}$"}]}


class EventClasses(Kind):
    """Letters of keyspace events. The value has them one by one, A spelt out."""

    expected = "letters out of Ag$lshzxeKEtmdnoc"
    _ALL = "g$lshzxetd"  # what A stands for
    _ORDER = _ALL + "nocKEm"  # as Redis shows them

    def parse(self, text: str) -> str:
        letters = set(text.replace("A", self._ALL))
        if letters - set(self._ORDER):
            raise ValueError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        return "".join(letter for letter in self._ORDER if letter in letters)

    def render(self, value: Value) -> str:
        letters = str(value)
        if not letters.startswith(self._ALL):
            return letters
        return "A" + letters[len(self._ALL) :].translate(str.maketrans("", "", "noc"))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[Ag$lshzxeKEtmdnoc]*$"}


class Only(Kind):
    """A setting of Redis of which this server can truthfully offer a single value."""

    def __init__(self, kind: Kind, value: Value, reason: str) -> None:
        """reason is the refusal of every other value."""
        self._kind, self._value, self._reason = kind, value, reason
        self.expected = kind.render(value) or '""'

    def parse(self, text: str) -> Value:
        if self._kind.parse(text) != self._value:
            raise ValueError(self._reason)
        return self._value

    def render(self, value: Value) -> str:
        return self._kind.render(value)

    def schema(self) -> dict[str, Any]:
        return {"const": self._value}


class SavePoints(Kind):
    """``save``: pairs of seconds and changes."""

    expected = "pairs of seconds and changes"

    def parse(self, text: str) -> str:
        words = text.split(" ") if text else []
        numbers = [int(word) for word in words if _INTEGER.fullmatch(word)]
        if len(words) % 2 or len(numbers) != len(words):
            raise ValueError("Invalid save parameters")
        if any(after_s < 1 for after_s in numbers[::2]) or any(n < 0 for n in numbers[1::2]):
            raise ValueError("Invalid save parameters")
        return text

    def render(self, value: Value) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


class BufferLimits(Kind):
    """``client-output-buffer-limit``: a class, its hard and its soft limit, seconds; and again."""

    expected = "a client class, two sizes and a number of seconds"

    def __init__(self, defaults: Mapping[str, tuple[int, int, int]]) -> None:
        self._defaults = defaults

    def parse(self, text: str) -> str:
        words = text.split()
        if len(words) % 4:
            raise ValueError("Wrong number of arguments in buffer limit configuration.")
        limits = dict(self._defaults)
        for at in range(0, len(words), 4):
            client_class = words[at].lower()
            client_class = "slave" if client_class == "replica" else client_class
            if client_class not in limits:
                raise ValueError("Invalid client class specified in buffer limit configuration.")
            limits[client_class] = self._three(words[at + 1 : at + 4])
        return " ".join(f"{name} {a} {b} {c}" for name, (a, b, c) in limits.items())

    def _three(self, words: Sequence[str]) -> tuple[int, int, int]:
        try:
            hard, soft = Size().parse(words[0]), Size().parse(words[1])
            return hard, soft, Integer().parse(words[2])
        except ValueError:
            raise ValueError(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
            ) from None

    def render(self, value: Value) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


class PluginList(Kind):
    """Persistence plugins: names divided by blanks, or JSON where they have options.

    The value has one text for each: a name, or a JSON object with the name under ``use``.
    """

    expected = "names of plugins, or a list with 'use: NAME' and options in each item"

    def parse(self, text: str) -> tuple[str, ...]:
        if not text.lstrip().startswith("["):
            return tuple(self._checked(name) for name in text.split())
        try:
            items = msgspec.json.decode(text, type=list[str | dict[str, Any]])
        except msgspec.DecodeError as error:
            raise ValueError(f"not a list of plugins: {error}") from None
        return tuple(self._checked(item) for item in items)

    @staticmethod
    def _checked(item: str | dict[str, Any]) -> str:
        name = item if isinstance(item, str) else item.get("use")
        if not isinstance(name, str) or not _PLUGIN_NAME.fullmatch(name):
            raise ValueError("every plugin needs a name, in an item with options under 'use'")
        if isinstance(item, str):
            return name
        return item["use"] if len(item) == 1 else msgspec.json.encode(item).decode()

    def render(self, value: Value) -> str:
        assert isinstance(value, tuple)
        if not any(item.startswith("{") for item in value):
            return " ".join(value)
        items = [msgspec.Raw(i.encode()) if i.startswith("{") else i for i in value]
        return msgspec.json.encode(items).decode()

    def schema(self) -> dict[str, Any]:
        name = {"type": "string"}
        item = {"type": "object", "required": ["use"], "properties": {"use": name}}
        return {"anyOf": [name, {"type": "array", "items": {"anyOf": [name, item]}}]}
