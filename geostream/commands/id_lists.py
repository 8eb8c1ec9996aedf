"""Reading many IDs at once, where they are spelled as we sent them.

IDs to acknowledge come by the hundred. Compiled, id_lists.pxd reads them in C. Plain Python
has no better way than ``parse_ids``, and is told to go it.
"""

from __future__ import annotations

from geostream.store.ids import StreamId


def plain_ids(texts: list[bytes]) -> list[StreamId] | None:
    """Return IDs that are all written as digits, dash, digits; None: have them parsed."""
    return None
