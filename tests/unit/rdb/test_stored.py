"""Segments that hold nodes as they are stored: nobody can tell them from others."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geostream.rdb import lock
from geostream.rdb.errors import BadValue
from geostream.rdb.lzf import compress_in_python, decompress_in_python
from geostream.rdb.strings import length_bytes, raw_id_bytes
from geostream.store.ids import MAX_ID, MIN_ID
from geostream.store.node_cuts import cut_nodes
from geostream.store.unpacked import Unpacked
from tests.unit.rdb.test_alike_entries import entries
from tests.unit.rdb.test_alike_nodes import OTHERS, nodes, one_by_one, read


@pytest.fixture(autouse=True)
def stored_is_left(monkeypatch):
    """Have nodes left as they are stored in plain Python too, where it is not worth it."""
    monkeypatch.setattr(lock, "is_free", lambda: True)


def loaded(count=200, size=40):
    """Return the segments that are held as they are stored, of so many nodes."""
    reader, _, _ = read(nodes(count, size))
    found = [segment for segment in reader.segments if segment.is_stored]
    assert len(found) >= 2
    return found


@pytest.mark.parametrize("size", [1, 40, 85, 100, 600, 1000])
def test_segments_full_of_nodes_like_most_are_left_as_they_are_stored(size):
    made = nodes(4200 // size + 2, size)
    reader, _, end = read(made)
    assert entries(reader) == entries(one_by_one(made))
    stored = [segment for segment in reader.segments if segment.is_stored]
    assert sum(map(len, stored)) >= 2000
    assert all(1000 - size < len(segment) <= 1000 for segment in stored)
    assert sum(segment.size_bytes - segment.saved_bytes for segment in stored) < end + 1000


def test_what_is_in_no_full_segment_is_not():
    reader, _, _ = read(nodes(24))
    assert [segment.is_stored for segment in reader.segments] == [False]


@pytest.mark.parametrize("other", [OTHERS["other names"], OTHERS["long values"]])
def test_nodes_unlike_the_others_are_never_left_so(other):
    made = nodes(200)
    key = (made[99][0][0] + 500, 1)
    reader, _, _ = read([*made[:100], (key, other), *made[100:]])
    (place,) = (n for n, segment in enumerate(reader.segments) if segment.find(key) >= 0)
    assert not reader.segments[place].is_stored
    assert sum(segment.is_stored for segment in reader.segments) >= 2


def test_they_know_first_and_last_id_and_size_without_being_read():
    for segment in loaded():
        plain = segment.plain()
        assert segment.packed is not None
        assert not segment.is_unpacked
        assert (segment.id_at(0), segment.id_at(-1)) == (plain.id_at(0), plain.id_at(-1))
        assert (len(segment), segment.live_bytes) == (len(plain), plain.live_bytes)
        assert segment.size_bytes == plain.size_bytes
        assert (segment.find(MIN_ID), segment.index(MAX_ID)) == (-1, len(segment))
        assert not segment.is_unpacked


def test_all_ways_to_read_give_what_was_stored():
    for segment in loaded():
        plain = segment.plain()
        size = len(plain)
        whole = b"".join(plain.pieces(0, size))
        segment.is_used = False
        assert b"".join(segment.pieces(0, size)) == whole  # for once
        assert not segment.is_unpacked
        assert b"".join(segment.pieces(0, size)) == whole
        assert segment.ids(0, size) == plain.ids(0, size)
        assert segment.entries(3, 30) == plain.entries(3, 30)
        assert list(segment.sizes(0, size)) == list(plain.sizes(0, size))
        assert segment.pieces_reversed(5, 9) == plain.pieces_reversed(5, 9)
        assert segment.find(plain.ids(500, 501)[0]) == 500


def test_segments_made_of_them_are_plain():
    one, other = loaded()[:2]
    plain = one.plain()
    assert one.from_place(900).entries(0, 50) == plain.entries(900, 950)
    left = other.without([0, 7])
    assert left.ids(0, 6) == other.plain().ids(1, 7)
    assert not (left.is_stored or one.from_place(900).is_stored)


def test_a_cache_is_told_of_those_that_were_read_before_it_was_there():
    cache = Unpacked(10**6)
    one, other, *_ = loaded()
    one.entry(7)
    one.attach(cache)
    other.attach(cache)
    assert cache.size_bytes == one.size_bytes
    other.entry(7)
    assert cache.size_bytes == one.size_bytes + other.size_bytes
    cache.max_bytes = 0
    one.is_used = other.is_used = False
    cache.shrink()
    assert not (one.is_unpacked or other.is_unpacked)


@pytest.mark.parametrize("size", [1, 40, 85])
def test_the_account_of_nodes_needs_no_look_at_their_entries(size):
    reader, _, _ = read(nodes(4200 // size + 2, size))
    account = cut_nodes(reader.segments, reader.nodes())
    assert not any(segment.is_unpacked for segment in reader.segments)
    expected = cut_nodes([s.plain() for s in reader.segments], list(reader.nodes()))
    told = [
        [(node.first_id, node.last_id, node.live, node.total) for node in nodes.all]
        for nodes in (account, expected)
    ]
    assert told[0] == told[1]
    assert account.all[-1].size_bytes == expected.all[-1].size_bytes
    assert account.all[-1].names == expected.all[-1].names


# Nodes that are packed by LZF


def packed(made):
    """Return nodes as a server stores them that packs strings."""
    return b"".join(key + head + body for key, head, body in map(pieces, made))


def pieces(node):
    key, blob = node
    body = compress_in_python(blob)
    head = b"\xc3" + length_bytes(len(body)) + length_bytes(len(blob))
    return b"\x10" + raw_id_bytes(key), head, body


def test_nodes_that_are_packed_are_left_so():
    made = nodes(200)
    reader, _, end = read(made, packed(made))
    assert end == len(packed(made))
    assert entries(reader) == entries(one_by_one(made))
    found = [segment for segment in reader.segments if segment.is_stored]
    assert len(found) >= 6
    assert sum(segment.size_bytes - segment.saved_bytes for segment in found) < end + 1200
    assert list(reader.nodes()) == list(one_by_one(made).nodes())


def test_nodes_too_large_to_be_unpacked_in_place_are_read_too():
    made = nodes(30, size=200, value=b"x" * 400)
    assert len(made[0][1]) > 2**15
    reader, _, _ = read(made, packed(made))
    assert entries(reader) == entries(one_by_one(made))


@given(st.integers(1, 5), st.integers(0, 10**6), st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_to_a_packed_node_is_found_or_shows(place, at, change):
    made = nodes(6, size=8)
    _, head, body = pieces(made[place])
    damaged = bytearray(body)
    damaged[at % len(body)] ^= change
    begin = len(packed(made[:place])) + 17
    data = bytearray(packed(made))
    data[begin + len(head) : begin + len(head) + len(body)] = damaged
    blob = made[place][1]
    try:
        made[place] = (made[place][0], decompress_in_python(bytes(damaged), len(blob)))
        expected = one_by_one(made)
    except ValueError as error:
        with pytest.raises(BadValue) as found:
            read(made, bytes(data))
        assert found.value.reason == str(error)
        assert found.value.offset >= begin
    else:
        assert entries(read(made, bytes(data))[0]) == entries(expected)


@given(st.integers(0, 8), st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_to_the_lengths_of_a_packed_node_is_found(at, change):
    made = nodes(6, size=8)
    data = bytearray(packed(made))
    begin = len(packed(made[:3])) + 17
    _, head, _ = pieces(made[3])
    data[begin + at % len(head)] ^= change
    with pytest.raises(BadValue):
        read(made, bytes(data))


@pytest.mark.parametrize("cut", [1, 2, 30, 60])
def test_packed_nodes_that_end_with_the_data_are_not_read_beyond(cut):
    made = nodes(6)
    with pytest.raises(BadValue):
        read(made, packed(made)[:-cut])
