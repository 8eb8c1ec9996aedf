"""Receiving and sending without waiting: the two system calls of a connection.

They are there twice, as the steps of store/octets.py are: here for the interpreter, in
``transfer.pxd`` for the compiler. A socket that does not block answers at once, so in C the
interpreter's lock is kept meanwhile. Each time it is given away and taken again, a thread that
writes to a disk may come in between, and the hub would wait for it.
"""

from __future__ import annotations

import os


def receive(fd: int, buffer: bytearray) -> int:
    """Take what there is; return how many bytes, 0 if the peer is gone, -1 if nothing came."""
    try:
        return os.readv(fd, [buffer])
    except BlockingIOError:
        return -1
    except OSError:
        return 0


def send_piece(fd: int, piece: bytes) -> int:
    """Return how many bytes the socket took, -1 if the peer is gone."""
    try:
        return os.write(fd, piece)
    except BlockingIOError:
        return 0
    except OSError:
        return -1
