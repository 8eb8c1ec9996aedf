"""Reading many IDs at once, where they are spelled as we sent them.

IDs to acknowledge come by the hundred. Compiled, id_lists.pxd reads them in C. Plain Python
has no better way than ``parse_ids``, and is told to go it.
"""

from __future__ import annotations

from array import array


def plain_ids(words: list[bytes], first: int, like: array[int]) -> array[int] | None:
    """Return ms, seq, ms, seq, ... of IDs all written as digits, dash, digits; None: parse them.

    first -- the word with the first of them
    like  -- an array of such numbers, of whose kind the new one is to be
    """
    return None
