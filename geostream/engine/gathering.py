"""Entries of a log, gathered until there are enough of a stream to make a segment at once.

Most of a log is XADD after XADD. Running each of them as a request costs many times what it
takes to put a thousand entries, in the wire form they are kept in, into one segment. So plain
ones (an ID, no options, a stream that is there) are gathered here, for any number of streams
side by side; whatever else is stored waits until they are in their streams.

Where Redis would cut these entries into nodes is estimated by their size, as with a stream from
a file that does not say it.
"""

from __future__ import annotations

from array import array

from geostream.store.apply import wire_fields
from geostream.store.effects import EntryAdded
from geostream.store.ids import StreamId
from geostream.store.keyspace import Keyspace
from geostream.store.nodes import cut_nodes
from geostream.store.segment import SEAL_BYTES, SEAL_ENTRIES, Segment
from geostream.store.stream import Stream

MAX_GATHERED = 100_000  # entries of all streams
MAX_STREAMS = 1000
MAX_REQUEST_BYTES = 2**20  # a larger one takes the usual way
SHORTEST_SEGMENT = 250  # fewer entries go into the stream one by one


class _Run:
    """Entries of one stream that are not in it yet."""

    __slots__ = ("last_id", "ms", "requests", "seq", "size_bytes", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.last_id = stream.last_id
        self.empty()

    def empty(self) -> None:
        self.ms = array("Q")
        self.seq = array("Q")
        self.requests: list[list[bytes]] = []
        self.size_bytes = 0  # of the requests' words, which is nearly that of the entries


class Gathering:
    """What was taken and is not in the streams yet."""

    def __init__(self, keyspace: Keyspace) -> None:
        """Gather for a keyspace; whoever changes it otherwise calls ``settle`` before."""
        self._keyspace = keyspace
        self._runs: dict[tuple[int, bytes], _Run] = {}
        self._gathered = 0

    def take(self, number: int, words: list[bytes]) -> bool:
        """Take an XADD; False if it must be run as a request, after ``settle``."""
        if len(words) < 5 or not len(words) % 2:
            return False
        run = self._runs.get((number, words[1])) or self._begin(number, words[1])
        ms, _, seq = words[2].partition(b"-")
        if run is None or not (ms.isdigit() and seq.isdigit() and len(ms) < 20 > len(seq)):
            return False
        entry_id = (int(ms), int(seq))
        if entry_id <= run.last_id:
            return False
        size_bytes = sum(map(len, words))
        if size_bytes > MAX_REQUEST_BYTES:
            return False
        run.last_id = entry_id
        run.ms.append(entry_id[0])
        run.seq.append(entry_id[1])
        run.requests.append(words)
        run.size_bytes += size_bytes
        self._gathered += 1
        if len(run.requests) >= SEAL_ENTRIES or run.size_bytes >= SEAL_BYTES:
            self._seal(run)
        elif self._gathered >= MAX_GATHERED:
            self.settle()
        return True

    def _begin(self, number: int, key: bytes) -> _Run | None:
        if not 0 <= number < len(self._keyspace.databases):
            return None
        stream = self._keyspace.databases[number].values.get(key)
        if type(stream) is not Stream:
            return None
        if len(self._runs) >= MAX_STREAMS:
            self.settle()
        run = self._runs[number, key] = _Run(stream)
        return run

    def settle(self) -> None:
        """Put everything that was taken into its stream."""
        for (number, key), run in self._runs.items():
            if len(run.requests) >= SHORTEST_SEGMENT:
                self._seal(run)
            else:
                self._add_each(number, key, run)
        self._runs.clear()
        self._gathered = 0

    def _seal(self, run: _Run) -> None:
        entries = list(map(_entry, zip(run.ms, run.seq, strict=True), run.requests))
        segment = Segment.of(run.ms, run.seq, entries)
        run.stream.append_segment(segment, cut_nodes([segment], []))
        self._gathered -= len(entries)
        run.empty()

    def _add_each(self, number: int, key: bytes, run: _Run) -> None:
        keyspace, nodes = self._keyspace, run.stream.nodes
        ids = zip(run.ms, run.seq, strict=True)
        for entry_id, words in zip(ids, run.requests, strict=True):
            fields = words[3:]
            starts_node = nodes.wants_new(sum(map(len, fields)), keyspace.node_limits)
            added = EntryAdded(number, key, entry_id, wire_fields(fields), starts_node, fields)
            keyspace.replay((added,))


def _entry(entry_id: StreamId, request: list[bytes]) -> bytes:
    """Return the wire form of what XADD key id field value ... adds."""
    shown = b"%d-%d" % entry_id
    return b"*2\r\n$%d\r\n%b\r\n%b" % (len(shown), shown, wire_fields(request[3:]))
