"""A step of writing replies, there twice as those of store/octets.py are: in C in ``steps.pxd``.

Changing one means changing both.
"""

from __future__ import annotations

_HEADS = [b"$%d\r\n" % length for length in range(1024)]


def bulk(text: bytes) -> bytes:
    """Return a bulk string of fewer than 1024 bytes."""
    return b"".join((_HEADS[len(text)], text, b"\r\n"))
