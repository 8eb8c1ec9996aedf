"""Entries of a log, gathered until there are enough of a stream to make a segment at once.

Most of a log is XADD after XADD. Running each of them as a request costs many times what it
takes to put a thousand entries, in the wire form they are kept in, into one segment. So plain
ones (an ID, no options, a stream that is there) are gathered here, for any number of streams
side by side; whatever else is stored waits until they are in their streams. They come one by
one, as requests, or many at once, as runs (store/runs.py).

Where Redis would cut these entries into nodes is estimated by their size, as with a stream from
a file that does not say it.
"""

from __future__ import annotations

from array import array

from geostream.store.effects import EntryAdded
from geostream.store.keyspace import Keyspace
from geostream.store.node_cuts import cut_nodes
from geostream.store.runs import Additions, EntryRun, joined
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES
from geostream.store.stream import Stream
from geostream.store.wire import pack_entry, unpack_entry

MAX_GATHERED = 100_000  # entries of all streams
MAX_STREAMS = 1000
MAX_REQUEST_BYTES = 2**20  # a larger one takes the usual way
SHORTEST_SEGMENT = 250  # fewer entries go into the stream one by one


class _Waiting:
    """Entries of one stream that are not in it yet."""

    __slots__ = ("count", "last_id", "runs", "size_bytes", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.last_id = stream.last_id
        self.empty()

    def empty(self) -> None:
        self.runs: list[EntryRun] = []
        self.count = 0
        self.size_bytes = 0

    def add(self, run: EntryRun) -> None:
        self.runs.append(run)
        self.count += len(run)
        self.size_bytes += len(run.wire)
        self.last_id = run.id_at(-1)


class Gathering:
    """What was taken and is not in the streams yet."""

    def __init__(self, keyspace: Keyspace) -> None:
        """Gather for a keyspace; whoever changes it otherwise calls ``settle`` before."""
        self._keyspace = keyspace
        self._waiting: dict[tuple[int, bytes], _Waiting] = {}
        self._gathered = 0

    def take(self, number: int, words: list[bytes]) -> bool:
        """Take an XADD; False if it must be run as a request, after ``settle``."""
        if len(words) < 5 or not len(words) % 2:
            return False
        ms, _, seq = words[2].partition(b"-")
        if not (ms.isdigit() and seq.isdigit() and len(ms) < 20 > len(seq)):
            return False
        if sum(map(len, words)) > MAX_REQUEST_BYTES:
            return False
        shown = b"%d-%d" % (int(ms), int(seq))
        wire = pack_entry(shown, words[3:])
        ids = array("Q", (int(ms),)), array("Q", (int(seq),))
        run = EntryRun(*ids, array("I", (len(wire),)), wire)
        return self.take_run(Additions(number, words[1], run))

    def take_run(self, added: Additions, since: int = 0) -> bool:
        """Take many XADDs, from one of them on; False if that one must be run as a request."""
        key = added.db, added.key
        waiting = self._waiting.get(key) or self._begin(*key)
        if waiting is None or added.run.id_at(since) <= waiting.last_id:
            return False
        run = added.run.since(since)
        waiting.add(run)
        self._gathered += len(run)
        if waiting.count >= SEAL_ENTRIES or waiting.size_bytes >= SEAL_BYTES:
            self._seal(waiting)
        elif self._gathered >= MAX_GATHERED:
            self.settle()
        return True

    def _begin(self, number: int, key: bytes) -> _Waiting | None:
        if not 0 <= number < len(self._keyspace.databases):
            return None
        stream = self._keyspace.databases[number].values.get(key)
        if type(stream) is not Stream:
            return None
        if len(self._waiting) >= MAX_STREAMS:
            self.settle()
        waiting = self._waiting[number, key] = _Waiting(stream)
        return waiting

    def settle(self) -> None:
        """Put everything that was taken into its stream."""
        for (number, key), waiting in self._waiting.items():
            if waiting.count >= SHORTEST_SEGMENT:
                self._seal(waiting)
            else:
                self._add_each(number, key, waiting)
        self._waiting.clear()
        self._gathered = 0

    def _seal(self, waiting: _Waiting) -> None:
        segment = joined(waiting.runs).segment()
        waiting.stream.append_segment(segment, cut_nodes([segment], []))
        self._gathered -= waiting.count
        waiting.empty()

    def _add_each(self, number: int, key: bytes, waiting: _Waiting) -> None:
        keyspace, nodes = self._keyspace, waiting.stream.nodes
        for run in waiting.runs:
            for place, entry in enumerate(run.entries()):
                fields = unpack_entry(entry)
                starts_node = nodes.wants_new(sum(map(len, fields)), keyspace.node_limits)
                entry_id = run.id_at(place)
                added = EntryAdded(number, key, entry_id, entry, starts_node, fields)
                keyspace.replay((added,))
