"""Nodes of a stream: how they are cut, and those that contradict themselves."""

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.rdb import alike, node_reader, node_writer
from geostream.rdb.node_reader import BadNode, NodeReader
from geostream.rdb.node_writer import begins_of, nodes_of
from geostream.store.images import image_of
from geostream.store.stream import Stream
from tests.support.engines import make_engine
from tests.unit.rdb.listpacks import integer_element, listpack, text_element


def blob(*items):
    """Return a listpack of integers and texts."""
    parts = [integer_element(i) if isinstance(i, int) else text_element(i) for i in items]
    return listpack(parts, len(parts))


def read(*nodes, stored_bytes=1000):
    reader = NodeReader()
    for key, packed in nodes:
        reader.add(key, packed, stored_bytes)
    reader.finish()
    return reader


def parsed(segment):
    parser = hiredis.Reader()
    parser.feed(b"".join(segment.pieces(0, len(segment))))
    found = [parser.gets() for _ in range(len(segment))]
    assert parser.gets() is False
    return found


def entries(reader):
    return [entry for segment in reader.segments for entry in parsed(segment)]


def stream_of(*requests, limits=None):
    bench = make_engine(settings=limits)
    for request in requests:
        bench.execute(*request)
    stream = bench.engine.keyspace.databases[0].values[b"s"]
    assert isinstance(stream, Stream)
    return image_of(stream)


MASTER = (2, 0, 1, b"f", 0)
FIRST = (2, 0, 0, b"v", 4)
SECOND = (0, 1, -5, 2, b"a", 1, b"b", b"", 8)


def test_entries_with_the_fields_of_the_first_and_with_their_own_are_read():
    reader = read(((7, 5), blob(*MASTER, *FIRST, *SECOND)))
    assert entries(reader) == [[b"7-5", [b"f", b"v"]], [b"8-0", [b"a", b"1", b"b", b""]]]
    assert list(reader.nodes()) == [(7, 5)]
    assert reader.last_id == (8, 0)


def test_deleted_entries_leave_nothing_but_their_place_in_the_order():
    reader = read(((7, 5), blob(1, 1, *MASTER[2:], 3, *FIRST[1:], *SECOND)))
    assert entries(reader) == [[b"8-0", [b"a", b"1", b"b", b""]]]
    reader = read(((7, 5), blob(0, 1, *MASTER[2:], 3, *FIRST[1:])))
    assert (entries(reader), reader.last_id, list(reader.nodes())) == ([], (7, 5), [])


def test_differences_of_ids_wrap():
    node = blob(2, 0, 1, b"f", 0, *FIRST, 2, 0, -101, b"v", 4)
    assert read(((5, 100), node)).last_id == (5, 2**64 - 1)
    node = blob(2, 0, 1, b"f", 0, *FIRST, 2, -6, 0, b"v", 4)
    assert read(((5, 100), node)).last_id == (2**64 - 1, 100)


def test_field_names_with_percent_signs_are_names():
    reader = read(((1, 1), blob(1, 0, 1, b"100%d", 0, *FIRST)))
    assert entries(reader) == [[b"1-1", [b"100%d", b"v"]]]


WRONG = {
    "nothing in it": (),
    "no counters": (1, 0),
    "text for a counter": (b"x", 0, 1, b"f", 0, *FIRST),
    "a counter below zero": (-1, 2, 1, b"f", 0, *FIRST),
    "too few fields": (1, 0, 99, b"f", 0, *FIRST),
    "a great many fields": (1, 0, 2**62, b"f", 0, *FIRST),
    "no zero behind the fields": (1, 0, 1, b"f", 1, *FIRST),
    "fewer entries than announced": (2, 0, 1, b"f", 0, *FIRST),
    "more entries than announced": (1, 0, 1, b"f", 0, *FIRST, *SECOND),
    "a great many entries": (2**62, 0, 1, b"f", 0, *FIRST),
    "a wrong count of deleted ones": (1, 1, 1, b"f", 0, *FIRST, *SECOND),
    "a deleted one too many": (1, 0, 1, b"f", 0, 3, *FIRST[1:]),
    "unknown flags": (1, 0, 1, b"f", 0, 6, *FIRST[1:]),
    "text for flags": (1, 0, 1, b"f", 0, b"x", *FIRST[1:]),
    "text for half an ID": (1, 0, 1, b"f", 0, 2, b"x", 0, b"v", 4),
    "a wrong lp-count": (1, 0, 1, b"f", 0, 2, 0, 0, b"v", 5),
    "a wrong lp-count of own fields": (1, 0, 1, b"f", 0, 0, 0, 0, 1, b"f", b"v", 7),
    "an entry cut off": (1, 0, 1, b"f", 0, 2, 0),
    "own fields cut off": (1, 0, 1, b"f", 0, 0, 0, 0, 3, b"f", b"v", 10),
    "one ID twice": (2, 0, 1, b"f", 0, *FIRST, *FIRST),
    "an ID below the key": (1, 0, 1, b"f", 0, 2, 0, -1, b"v", 4),
}


@pytest.mark.parametrize("items", WRONG.values(), ids=WRONG)
def test_a_node_that_contradicts_itself_is_refused(items):
    with pytest.raises(BadNode):
        read(((5, 5), blob(*items)))


def test_ids_ascend_from_node_to_node_and_none_is_zero():
    node = blob(*MASTER, *FIRST, *SECOND)
    read(((7, 5), node), ((8, 1), blob(1, *MASTER[1:], *FIRST)))
    with pytest.raises(BadNode, match="ascend"):
        read(((7, 5), node), ((8, 0), blob(1, *MASTER[1:], *FIRST)))
    with pytest.raises(BadNode, match="ascend"):
        read(((0, 0), blob(1, *MASTER[1:], *FIRST)))


def test_names_told_once_cannot_stand_for_any_amount_of_wire(monkeypatch):
    monkeypatch.setattr(alike, "GROWTH_FREE_BYTES", 10_000)
    monkeypatch.setattr(node_reader, "GROWTH_FACTOR", 4)
    count, name = 50, b"n" * 1000
    same = [part for seq in range(count) for part in (2, 0, seq, b"v", 4)]
    node = blob(count, 0, 1, name, 0, *same)
    read(((1, 1), node), stored_bytes=20_000)
    with pytest.raises(BadNode, match="far more"):
        read(((1, 1), node), stored_bytes=len(node))
    node = blob(count, 1, 1, name, 0, *same, 3, 0, count, b"v", 4)
    with pytest.raises(BadNode, match="far more"):
        read(((1, 1), node), stored_bytes=len(node))


def test_nodes_are_cut_where_the_image_says():
    adds = [("XADD", "s", f"{number}-1", "f", "v") for number in range(1, 12)]
    image = stream_of(*adds, ("XDEL", "s", "4-1"), limits={"stream-node-max-entries": "3"})
    assert list(image.node_first_ids) == [(1, 1), (4, 1), (7, 1), (10, 1)]
    begins = begins_of(image.segments, image.node_first_ids)
    nodes = list(nodes_of(image.segments, begins))
    assert keys_of(nodes) == begins.tolist() == [1, 1, 5, 1, 7, 1, 10, 1]
    assert read(*nodes).length == 10


def test_without_a_word_in_the_image_nodes_have_a_usual_size():
    adds = [("XADD", "s", f"{number}-1", "f", "v") for number in range(1, 2502)]
    image = stream_of(*adds)
    nodes = list(nodes_of(image.segments, begins_of(image.segments, ())))
    assert 25 <= len(nodes) <= 60
    assert all(len(packed) < 4096 for _, packed in nodes)


def test_no_node_becomes_too_large_whatever_the_image_says(monkeypatch):
    monkeypatch.setattr(node_writer, "FULL_BYTES", 2_000)
    sizes = [10, 500, 700, 1500, 5000, 10, 10, 3000, 800, 800, 800] * 300
    adds = [("XADD", "s", f"{number}-1", "f", "v" * size) for number, size in enumerate(sizes, 1)]
    image = stream_of(*adds)
    begins = begins_of(image.segments, [(1, 1)])
    nodes = list(nodes_of(image.segments, begins))
    assert keys_of(nodes) == begins.tolist()
    reader = read(*nodes, stored_bytes=10**7)
    assert reader.length == len(sizes)
    for node in nodes:
        assert len(node[1]) < 2_100 or read(node).length == 1


def test_an_empty_stream_has_no_nodes():
    begins = begins_of([], ())
    assert not begins
    assert list(nodes_of([], begins)) == []


texts = st.one_of(
    st.binary(max_size=70),
    st.integers(-(2**64), 2**64).map(b"%d".__mod__),
    st.sampled_from([b"", b"-", b"-0", b"007", b"+1", b"a" * 64, b"b" * 4095, b"c" * 5000]),
)
pairs = st.lists(st.tuples(st.sampled_from([b"f", b"12", b"name" * 20]), texts), min_size=1)
halves = st.one_of(st.integers(0, 5000), st.integers(0, 2**64 - 1))


def stream_with(rows):
    adds = [
        ("XADD", "s", b"%d-%d" % (ms, seq), *(word for pair in pairs for word in pair))
        for ms, seq, pairs in sorted(rows)
        if (ms, seq) != (0, 0)
    ]
    return stream_of(("XADD", "s", "0-1", "f", "v"), *adds)


def keys_of(nodes):
    return [half for key, _ in nodes for half in key]


def nodes_of_image(image):
    return list(nodes_of(image.segments, begins_of(image.segments, image.node_first_ids)))


@given(st.lists(st.tuples(halves, halves, pairs), unique_by=lambda row: row[:2], max_size=12))
def test_any_entries_come_back(rows):
    rows = [row for row in rows if row[:2] > (0, 1)]
    image = stream_with(rows)
    reader = read(*nodes_of_image(image), stored_bytes=10**6)
    before = [entry for _, entry in image.entries()]
    found = [bytes(s.entry(place)) for s in reader.segments for place in range(len(s))]
    assert found == list(map(bytes, before))
    assert len(found) == len(rows) + 1
    assert reader.last_id == image.last_id
    assert list(reader.nodes()) == list(image.node_first_ids)


def test_entries_with_the_same_names_name_them_once():
    adds = [("XADD", "s", f"5-{seq}", "some-name", "v", "other", "w") for seq in range(1, 90)]
    odd = ("XADD", "s", "6-0", "some-name", "v", "othes", "w")
    ((_, packed),) = nodes_of_image(stream_of(*adds, odd))
    assert packed.count(b"some-name") == 2
    assert packed.count(b"other") == 1
    assert len(entries(read(((5, 1), packed)))) == 90


NODES = nodes_of_image(
    stream_of(
        ("XADD", "s", "5-1", "f", "v", "g", "-300"),
        ("XADD", "s", "5-2", "f", "x" * 100, "g", "70000"),
        ("XADD", "s", "99999-0", "h", "y" * 5000),
        ("XADD", "s", "1700000000000-7", "f", "9999999999", "g", ""),
        limits={"stream-node-max-bytes": "100000"},
    )
)


@given(st.integers(0, len(NODES[0][1]) - 1), st.binary(min_size=1, max_size=4))
def test_a_damaged_node_is_refused_or_a_node(place, put):
    ((key, whole),) = NODES
    damaged = (whole[:place] + put + whole[place + len(put) :])[: len(whole)]
    try:
        reader = read((key, damaged))
    except BadNode as error:
        assert str(error)
    else:
        assert len(entries(reader)) == reader.length


@given(st.integers(0, len(NODES[0][1]) - 1))
def test_a_node_that_is_cut_off_is_refused(size):
    ((key, whole),) = NODES
    cut = whole[: max(0, size - 1)] + b"\xff"
    with pytest.raises(BadNode):
        read((key, cut))
    with pytest.raises(BadNode):
        read((key, len(cut).to_bytes(4, "little") + cut[4:]))


def test_wire_that_is_cut_off_is_told_and_not_written():
    wire = b"*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$5\r\nvalue\r\n"
    packer = node_writer.NodePacker()
    key, packed = packer.pack(wire, 1)
    assert entries(read((key, packed))) == [[b"1-1", [b"f", b"value"]]]
    for size in range(len(wire)):
        with pytest.raises(ValueError, match="cut off"):
            packer.pack(wire[:size], 1)
