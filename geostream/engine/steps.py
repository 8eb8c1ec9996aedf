"""A step that every request takes, and that must not make objects where a C compiler was there.

So it is there twice, as those of store/octets.py are: here for the interpreter, in
``steps.pxd`` for the compiler. Changing one means changing both.
"""

from __future__ import annotations

from array import array


def count_up(column: array[int], place: int) -> None:
    """Add one to an item of an ``array("Q")``. No bounds are checked."""
    column[place] += 1
