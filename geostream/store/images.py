"""Images: what a key's stream holds at one moment, to be kept, copied or written elsewhere.

An image is made of what never changes: sealed segments, which it shares with the live
stream, and copies of the rest. So making one costs by the segment and the group and not by
the entry, any thread may read it, and it stays as it is while the stream goes on. Pending
entries are shared too, block by block, until one changes, and looked at in detail by whoever
reads the image.

The same form serves the other way: whoever reads a stream from a file builds an image
(``Segment.of`` for the entries), and ``restore`` makes a stream of it. The effect
``StreamRestored`` carries one.

Where Redis would cut the stream into nodes is part of the image as far as files keep it: the
first ID of each node. How much the older ones held before deletions is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from geostream.store.deliveries import Delivery
from geostream.store.group import NEVER, Group, Record
from geostream.store.groups import Groups
from geostream.store.ids import MIN_ID, StreamId
from geostream.store.node_cuts import cut_nodes
from geostream.store.segment import Segment
from geostream.store.stream import Stream


class Named(Protocol):
    """What a pending entry's owner is known by."""

    @property
    def name(self) -> bytes:
        """The consumer's name."""


class Held(Protocol):
    """A pending entry's state; ``Delivery`` and ``PendingImage`` are both."""

    @property
    def consumer(self) -> Named | None:
        """Who has it; None after XNACK."""

    @property
    def time_ms(self) -> int:
        """When it was delivered last; 0 after XNACK."""

    @property
    def delivery_count(self) -> int:
        """How often it was delivered."""


class ConsumerImage(NamedTuple):
    """One consumer of a group."""

    name: bytes
    seen_ms: int
    active_ms: int = NEVER


class PendingImage(NamedTuple):
    """One pending entry, as whoever reads a file builds it."""

    consumer: ConsumerImage | None
    time_ms: int
    delivery_count: int


class GroupImage(Struct):
    """One group. ``pending`` may come in any order; of equal delivery times, the first is older."""

    name: bytes
    last_id: StreamId
    entries_read: int | None
    consumers: list[ConsumerImage] = field(default_factory=list)
    pending: Mapping[StreamId, Held] = field(default_factory=dict)
    released: list[StreamId] = field(default_factory=list)  # pending ones of nobody, oldest first


class IdmpImage(Struct):
    """Which messages of which producers a stream remembers."""

    duration_s: int = 100
    max_size: int = 100
    iids_added: int = 0
    iids_duplicates: int = 0
    producers: Mapping[bytes, Mapping[bytes, StreamId]] = field(default_factory=dict)


class StreamImage(Struct):
    """A whole stream. Nothing in it changes any more, and nobody may change it."""

    segments: list[Segment] = field(default_factory=list)  # oldest first, none empty
    node_first_ids: Collection[StreamId] = field(default_factory=list)  # ascending; empty: cut anew
    last_id: StreamId = MIN_ID
    max_deleted_id: StreamId = MIN_ID
    entries_added: int = 0
    groups: list[GroupImage] = field(default_factory=list)
    idmp: IdmpImage = field(default_factory=IdmpImage)

    @property
    def length(self) -> int:
        """How many entries there are. O(segments)."""
        return sum(map(len, self.segments))

    @property
    def first_id(self) -> StreamId:
        """The ID of the oldest entry; 0-0 if there is none."""
        return self.segments[0].id_at(0) if self.segments else MIN_ID

    @property
    def last_entry_id(self) -> StreamId:
        """The ID of the newest entry there is; 0-0 if there is none."""
        return self.segments[-1].id_at(-1) if self.segments else MIN_ID

    def entries(self) -> Iterator[tuple[StreamId, bytes | bytearray]]:
        """Yield ID and wire form (``*2``, ID, fields) of each entry, oldest first."""
        for segment in self.segments:
            plain, size = segment.plain(), len(segment)
            yield from zip(plain.ids(0, size), plain.entries(0, size), strict=True)


def image_of(stream: Stream) -> StreamImage:
    """Return what a stream holds now. O(segments + nodes + pending), without a look at entries."""
    memory = stream.idempotency
    return StreamImage(
        stream.sealed_segments(),
        stream.nodes.first_ids(),
        stream.last_id,
        stream.max_deleted_id,
        stream.entries_added,
        [_group_image(name, group) for name, group in stream.groups.items()],
        IdmpImage(
            memory.duration_s,
            memory.max_size,
            memory.iids_added,
            memory.iids_duplicates,
            {pid: dict(iids) for pid, iids in memory.producers.items()},
        ),
    )


def _group_image(name: bytes, group: Group) -> GroupImage:
    consumers = [ConsumerImage(c.name, c.seen_ms, c.active_ms) for c in group.consumers.values()]
    pending = PelImage(group)
    return GroupImage(
        name, group.last_id, group.entries_read, consumers, pending, list(group.released)
    )


class PelImage(Mapping[StreamId, Delivery]):
    """What a group had pending; made a dict when somebody first looks at more than its size."""

    def __init__(self, group: Group) -> None:
        """Take what is pending. O(n / 512 + deliveries)."""
        self._count = len(group.pending)
        self._blocks = group.pending.pictures()
        self._log = group.log()
        self._by_id: dict[StreamId, Delivery] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StreamId]:
        return iter(self._dict())

    def __getitem__(self, entry_id: StreamId) -> Delivery:
        return self._dict()[entry_id]

    def _dict(self) -> dict[StreamId, Delivery]:
        """Return deliveries by ID, in the order of their times, the released ones last."""
        if self._by_id is None:
            ids_of: dict[Delivery, list[StreamId]] = {delivery: [] for delivery in self._log}
            for halves, sequences, held in self._blocks:
                ids = zip(halves, sequences, strict=True)
                for entry_id, delivery in zip(ids, held, strict=True):
                    if delivery is not None:
                        ids_of.setdefault(delivery, []).append(entry_id)
            self._by_id = {
                entry_id: delivery for delivery, ids in ids_of.items() for entry_id in ids
            }
            self._blocks, self._log = [], []
        return self._by_id


def restore(image: StreamImage) -> Stream:
    """Return a stream that holds what the image says. O(segments + nodes + pending log pending).

    What the image says must be consistent (IDs ascend, owners exist); it is not checked here.
    """
    stream = Stream(image.idmp.duration_s, image.idmp.max_size)
    stream.adopt_segments(list(image.segments), cut_nodes(image.segments, image.node_first_ids))
    stream.last_id = image.last_id
    stream.max_deleted_id = image.max_deleted_id
    stream.entries_added = image.entries_added
    stream.groups = Groups((group.name, _restored_group(group)) for group in image.groups)
    memory = stream.idempotency
    memory.iids_added = image.idmp.iids_added
    memory.iids_duplicates = image.idmp.iids_duplicates
    memory.producers = {pid: dict(iids) for pid, iids in image.idmp.producers.items()}
    memory.iids_tracked = sum(map(len, memory.producers.values()))
    return stream


def _restored_group(image: GroupImage) -> Group:
    group = Group(image.last_id, image.entries_read)
    for name, seen_ms, active_ms in image.consumers:
        consumer = group.add_consumer(name, seen_ms)
        consumer.active_ms = active_ms
    records: list[Record] = []
    for entry_id, held in image.pending.items():
        owner = held.consumer
        if owner is not None:
            consumer = group.consumers[owner.name]
            records.append((entry_id, consumer, held.time_ms, held.delivery_count))
    for entry_id in image.released:
        records.append((entry_id, None, 0, image.pending[entry_id].delivery_count))
    group.fill(records)
    return group
