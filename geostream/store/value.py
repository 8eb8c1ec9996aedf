"""What every value of a key has, and the string value.

Streams are what this server is for; strings are here because stream users keep
checkpoints and locks in them.
"""

from __future__ import annotations

VALUE_BYTES = 200  # what a key costs beside its content, about

# How a string came to be, which OBJECT ENCODING shows although all are kept alike here
AS_GIVEN = 0  # by a client in one piece
COMPUTED = 1  # by INCRBYFLOAT: text even where it looks like an integer
EDITED = 2  # by APPEND and SETRANGE: room to grow


class Value:
    """Base class of what a key can hold."""

    __slots__ = ("accessed_ms", "epoch")

    #: What TYPE answers.
    type_name = b"none"

    def __init__(self) -> None:
        """Not yet in any database."""
        self.accessed_ms = 0  # when a command last looked at it
        self.epoch = 0  # the last snapshot that has it, or needs it not: see capture.py

    @property
    def size_bytes(self) -> int:
        """Return about how much memory the value takes."""
        raise NotImplementedError

    def copy(self) -> Value:
        """Return a value of its own with the same content."""
        raise NotImplementedError


class String(Value):
    """A binary string, never changed but replaced."""

    __slots__ = ("content", "form")

    type_name = b"string"

    def __init__(self, content: bytes, form: int = AS_GIVEN) -> None:
        """Hold the content; ``form`` is one of the three above."""
        super().__init__()
        self.content = content
        self.form = form

    @property
    def size_bytes(self) -> int:
        """Return about how much memory the value takes."""
        return VALUE_BYTES + len(self.content)

    def copy(self) -> String:
        """Return a value of its own with the same content."""
        return String(self.content, self.form)


def replacement(old: Value | None, by: type[Value]) -> str:
    """Return as which classes of event it is told when a key's value is replaced.

    That is o, and c too if the type changes; nothing if there was no value.
    """
    if old is None:
        return ""
    return "o" if type(old) is by else "oc"
