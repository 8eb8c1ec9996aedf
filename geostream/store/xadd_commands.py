"""Writes additions into a log: XADD after XADD, which is most of what logs hold.

An entry's wire form has its ID and its fields just as ``XADD key ID field value ...`` has them.
So a command is a head, which the entries of a stream with as many fields have in common, and
two copies out of the entry. additions.py is the way back.

This is one of the modules that are compiled: see octets.py.
"""

from __future__ import annotations

from geostream.store import octets
from geostream.store.effects.effect import Effect
from geostream.store.effects.entry_added import EntryAdded

_STAR, _LINE_END = 42, 13
_ID_AT = 4  # of an entry: behind *2 and its line end
_OTHER_WORDS = 3  # of a command: XADD, key, ID


def xadd_commands(batch: list[Effect], place: int) -> tuple[bytes, int]:
    """Return the additions that stand in a batch from a place on, as commands, and their number.

    Only those to the database of the first. O(bytes).
    """
    pieces: list[bytes] = []
    end, first = len(batch), place
    number = batch[place].db
    key, head, words = b"", b"", -1
    while place < end:
        effect = batch[place]
        if type(effect) is not EntryAdded or effect.db != number:
            break
        added = effect
        entry = added.entry
        size = len(entry)
        fields_at = octets.place_of(entry, _ID_AT, size, _STAR)
        words_end = octets.place_of(entry, fields_at, size, _LINE_END)
        count = octets.decimal(entry, fields_at + 1, words_end)
        if count != words or added.key != key:
            words, key = count, added.key
            head = b"*%d\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n" % (count + _OTHER_WORDS, len(key), key)
        pieces.append(head)
        pieces.append(octets.part(entry, _ID_AT, fields_at))
        pieces.append(octets.part(entry, words_end + 2, size))
        place += 1
    return b"".join(pieces), place - first
