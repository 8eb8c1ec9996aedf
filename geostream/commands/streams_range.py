"""The shortcut of XRANGE, in a module without decorators: it is typed by its .pxd file."""

from __future__ import annotations

from geostream.engine.context import Context
from geostream.engine.shortcut import Shortcut
from geostream.reply import Reply
from geostream.store import octets
from geostream.store.ids import MAX_ID


class ReadRange(Shortcut):
    """XRANGE of some entries from an ID on, up to another or to the end."""

    def take(self, ctx: Context, words: list[bytes]) -> Reply:
        """See ``Shortcut``."""
        if len(words) != 6 or words[4] != b"COUNT":
            return NotImplemented
        start = octets.id_halves(words[2])
        end = MAX_ID if words[3] == b"+" else octets.id_halves(words[3])
        count = octets.small_number(words[5])
        stream = ctx.db.lasting_stream(words[1])
        if stream is None or start is None or end is None or count <= 0:
            return NotImplemented
        ctx.db.note_use(stream, 1)
        return stream.select(start, end, count).as_array()
