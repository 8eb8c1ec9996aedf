"""IDs in arrays of 64-bit numbers: looking at one, finding one, and making an array of many.

Compiled, halves.pxd has each of these few steps in C; here they are for plain Python.
Changing one means changing both.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import chain

from geostream.store.ids import StreamId


def half(values: array[int], place: int) -> int:
    """Return one number. Unchecked when compiled."""
    return values[place]


def is_at(
    halves: array[int], sequences: array[int], place: int, ids: array[int], number: int
) -> bool:
    """Tell whether an ID of ms, seq, ms, seq, ... has a place in two arrays. Unchecked, too."""
    return sequences[place] == ids[2 * number + 1] and halves[place] == ids[2 * number]


def first_place(halves: array[int], sequences: array[int], ms: int, seq: int) -> int:
    """Return the place of the first ID that is not below this one. O(log n)."""
    low = bisect_left(halves, ms)
    if low == len(halves) or halves[low] != ms:
        return low
    return bisect_left(sequences, seq, low, bisect_right(halves, ms, low))


def interleaved(ids: list[StreamId], like: array[int]) -> array[int]:
    """Return ms, seq, ms, seq, ... of IDs.

    like -- an array of such numbers, of whose kind the new one is to be
    """
    return array(like.typecode, chain.from_iterable(ids))


def woven(
    halves: array[int], sequences: array[int], start: int, stop: int, like: array[int]
) -> array[int]:
    """Return ms, seq, ms, seq, ... of the IDs from one place up to another in two arrays.

    like -- an array of such numbers, of whose kind the new one is to be
    """
    made = array(like.typecode, bytes(2 * like.itemsize * (stop - start)))
    made[::2] = halves[start:stop]
    made[1::2] = sequences[start:stop]
    return made


def spread(
    halves: array[int], sequences: array[int], ids: array[int], start: int, stop: int
) -> None:
    """Append the IDs from one place up to another, ms, seq, ms, seq, ..., to two arrays."""
    halves.extend(ids[2 * start : 2 * stop : 2])
    sequences.extend(ids[2 * start + 1 : 2 * stop : 2])
