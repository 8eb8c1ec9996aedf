"""Emptying a list that is filled again soon, as those are that have one item a request.

A list that is cleared gives its room back, and takes it again for the next item. Compiled,
lists.pxd has the step in C; here it is for plain Python. Changing one means changing both.
"""

from __future__ import annotations

from typing import Any


def empty(items: list[Any]) -> None:
    """Take everything out of a list; compiled, the room of a short one is kept. O(items)."""
    del items[:]
