"""Which messages of which producers a stream has already taken (XADD IDMP).

For every producer the IDs it gave its messages are kept with the entry each became,
oldest first; too many or too old, they are forgotten. That they are too old is decided
by a sweep about once a second, not when somebody looks.

Behaviour: https://redis.io/docs/latest/commands/xadd/
"""

from __future__ import annotations

from collections.abc import Sequence

from geostream.store.ids import StreamId

IID_BYTES = 200  # what one remembered message costs, about
_MASK = 2**128 - 1


class Idempotency:
    """One stream's producers and their messages."""

    __slots__ = (
        "duration_s",
        "iids_added",
        "iids_duplicates",
        "iids_tracked",
        "max_size",
        "producers",
    )

    def __init__(self, duration_s: int, max_size: int) -> None:
        """Keep a message's ID for so long, and so many of each producer."""
        self.duration_s = duration_s
        self.max_size = max_size
        self.producers: dict[bytes, dict[bytes, StreamId]] = {}
        self.iids_tracked = 0  # of all producers
        self.iids_added = 0
        self.iids_duplicates = 0

    def find(self, pid: bytes, iid: bytes) -> StreamId | None:
        """Return the entry that a producer's message became, if it is remembered."""
        iids = self.producers.get(pid)
        return iids.get(iid) if iids else None

    def record(self, pid: bytes, iid: bytes, entry_id: StreamId) -> None:
        """Remember a new message; the producer's oldest is forgotten if there are too many."""
        iids = self.producers.setdefault(pid, {})
        iids[iid] = entry_id
        self.iids_added += 1
        if len(iids) > self.max_size:
            del iids[next(iter(iids))]
        else:
            self.iids_tracked += 1

    def configure(self, duration_s: int, max_size: int) -> None:
        """Set other limits and forget all messages; the counters stay."""
        self.duration_s = duration_s
        self.max_size = max_size
        self.producers.clear()
        self.iids_tracked = 0

    def oldest_ms(self) -> int:
        """Return the time of the oldest message; there must be one. O(producers).

        ``expire`` forgets something from there on.
        """
        return min([next(iter(iids.values()))[0] for iids in self.producers.values()])

    def expire(self, floor_ms: int) -> None:
        """Forget each producer's oldest messages up to the first that is newer than floor_ms."""
        for pid, iids in list(self.producers.items()):
            old = []
            for iid, (ms, _) in iids.items():
                if ms > floor_ms:
                    break
                old.append(iid)
            self.iids_tracked -= len(old)
            if len(old) == len(iids):
                del self.producers[pid]
            else:
                for iid in old:
                    del iids[iid]

    def copy(self) -> Idempotency:
        """Return one of its own with the same contents."""
        copy = Idempotency(self.duration_s, self.max_size)
        copy.producers = {pid: dict(iids) for pid, iids in self.producers.items()}
        copy.iids_tracked = self.iids_tracked
        copy.iids_added = self.iids_added
        copy.iids_duplicates = self.iids_duplicates
        return copy


def content_iid(fields: Sequence[bytes]) -> bytes:
    """Return the ID that IDMPAUTO gives a message: 16 bytes made of its field-value pairs.

    The order of the pairs does not matter, which value stands under which field does.
    Two sums over the pairs' hashes, one plain and one of squares, keep equal pairs from
    cancelling each other out.
    """
    # Imported here: it brings the library of all hashes, which a start need not wait for.
    from hashlib import blake2b  # noqa: PLC0415

    total = squares = 0
    for field, value in zip(fields[::2], fields[1::2], strict=True):
        pair = len(field).to_bytes(8, "little") + field + value
        digest = int.from_bytes(blake2b(pair, digest_size=16).digest(), "little")
        total += digest
        squares += digest * digest
    mixed = (total & _MASK).to_bytes(16, "little") + (squares & _MASK).to_bytes(16, "little")
    return blake2b(mixed, digest_size=16).digest()
