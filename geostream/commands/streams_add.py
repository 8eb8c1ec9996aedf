"""What XADD comes to, and its shortcut, in a module without decorators: typed by its .pxd file."""

from __future__ import annotations

from geostream.engine.context import Context
from geostream.engine.shortcut import Shortcut
from geostream.reply import Reply
from geostream.store.effects.entry_added import entry_added
from geostream.store.ids import AUTO_ID, StreamId, choose_id, id_bytes
from geostream.store.stream import Stream
from geostream.store.wire import pack_entry, payload_bytes

MAX_ENTRY_BYTES = _MAX_ENTRY_BYTES = 2**30  # fields and values of one entry


def add_to(
    ctx: Context,
    key: bytes,
    stream: Stream,
    entry_id: StreamId,
    fields: list[bytes],
    payload: int,
) -> bytes:
    """Put an entry at the end of a stream; return its ID as clients see it.

    fields  -- field, value, field, value, ...
    payload -- how long these are together
    """
    shown_id = id_bytes(entry_id)
    entry = pack_entry(shown_id, fields, payload)
    starts_node = stream.nodes.wants_new(payload, ctx.keyspace.node_limits)
    effect = entry_added(ctx.db.number, key, entry_id, entry, starts_node, fields)
    ctx.keyspace.add(stream, effect)
    return shown_id


class AddEntry(Shortcut):
    """XADD of an entry whose ID is ``*``, to a stream that is there."""

    def take(self, ctx: Context, words: list[bytes]) -> Reply:
        """See ``Shortcut``."""
        if words[2] != b"*" or not len(words) % 2:
            return NotImplemented
        stream = ctx.db.lasting_stream(words[1])
        if stream is None:
            return NotImplemented
        fields = words[3:]
        payload = payload_bytes(fields)
        if payload > _MAX_ENTRY_BYTES:
            return NotImplemented
        ctx.db.note_use(stream, 1)
        entry_id = choose_id(AUTO_ID, stream.last_id, ctx.now_ms)
        return add_to(ctx, words[1], stream, entry_id, fields, payload)
