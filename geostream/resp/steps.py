"""Steps of readers and writers, there twice as those of store/octets.py are: in C in ``steps.pxd``.

Changing one means changing both.
"""

from __future__ import annotations

_HEADS = [b"$%d\r\n" % length for length in range(1024)]


def bulk(text: bytes) -> bytes:
    """Return a bulk string of fewer than 1024 bytes."""
    return b"".join((_HEADS[len(text)], text, b"\r\n"))


def simple(text: bytes) -> bytes:
    """Return a simple string as it is sent."""
    return b"+%b\r\n" % text


def is_at(data: bytes, at: int, word: bytes) -> bool:
    """Tell whether a word stands at a place that has as many bytes behind it."""
    return data.startswith(word, at)


def set_word(words: list[bytes], place: int, word: bytes) -> None:
    """Put a word in place of another. The place is not checked."""
    words[place] = word
