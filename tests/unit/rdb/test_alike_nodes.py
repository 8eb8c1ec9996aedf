"""Nodes like most others, which are taken many at a time: it gives what one by one would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.rdb.errors import BadValue
from geostream.rdb.node_reader import NodeReader
from geostream.rdb.strings import Cursor, length_bytes, raw_id_bytes
from tests.unit.rdb.test_alike_entries import BASE, entries, node

NAMES = [b"level", b"msg"]
ENTRIES = 40  # of a node


def nodes(count, size=ENTRIES, value=b"GET /"):
    """Return key and listpack of so many nodes that are alike."""
    made = []
    for number in range(count):
        ids = [(BASE[0] + number * 1000 + step, step) for step in range(size)]
        rows = [[value, number * size + step] for step in range(size)]
        made.append((ids[0], node(ids, NAMES, rows)))
    return made


def stored(made):
    return b"".join(
        b"\x10" + raw_id_bytes(key) + length_bytes(len(blob)) + blob for key, blob in made
    )


def read(made, data=None):
    """Read nodes from where they are stored, something in front of them and behind."""
    data = stored(made) if data is None else data
    cursor = Cursor(b"..." + data + b"...", 3, 3 + len(data))
    reader = NodeReader(len(made))
    ascend = reader.add_stored(cursor, len(made))
    reader.finish()
    return reader, ascend, cursor.at - 3


def one_by_one(made):
    reader = NodeReader()
    for key, blob in made:
        reader.add(key, blob, len(blob))
    reader.finish()
    return reader


def assert_same(made):
    found, ascend, end = read(made)
    expected = one_by_one(made)
    assert ascend
    assert end == len(stored(made))
    assert entries(found) == entries(expected)
    assert list(found.nodes()) == list(expected.nodes())
    assert (found.length, found.last_id) == (expected.length, expected.last_id)


@pytest.mark.parametrize("count", [1, 2, 24, 25, 26, 70])
def test_nodes_that_are_alike_are_all_taken(count):
    assert_same(nodes(count))


def test_nodes_of_which_one_nearly_fills_a_segment_are_all_taken():
    assert_same(nodes(120, size=600))


def test_segments_that_are_full_by_size_are_cut_alike():
    assert_same(nodes(30, value=b"x" * 5000))
    assert_same(nodes(200, value=b"x" * 60))


OTHERS = {
    "other names": node([(BASE[0] + 500, 1)], [b"other"], [[b"v"]]),
    "one entry": node([(BASE[0] + 500, 1)], NAMES, [[b"v", b"w"]]),
    "long values": node([(BASE[0] + 500, 1)], NAMES, [[b"v" * 5000, b"w" * 100]]),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("place", [1, 2, 30, 59])
def test_another_node_among_them_is_taken_too(other, place):
    made = nodes(60)
    key = (made[place - 1][0][0] + 500, 1)
    assert_same([*made[:place], (key, other), *made[place:]])


@given(st.integers(0, 29), st.data())
def test_a_damaged_byte_is_found_as_one_by_one_would(place, data):
    made = nodes(30, size=5)
    key, blob = made[place]
    at = data.draw(st.integers(0, len(blob) - 1))
    changed = bytearray(blob)
    changed[at] ^= data.draw(st.integers(1, 255))
    made[place] = (key, bytes(changed))
    begin = len(stored(made[:place])) + 17
    try:
        expected = one_by_one(made)
    except ValueError as error:
        with pytest.raises(BadValue) as found:
            read(made)
        assert str(found.value.reason) == str(error)
        assert found.value.offset >= begin
    else:
        assert entries(read(made)[0]) == entries(expected)


@pytest.mark.parametrize("size", [0, 1, 16, 17, 18, 19, 30, 200])
def test_nodes_that_end_with_the_data_are_not_read_beyond(size):
    made = nodes(5)
    whole = stored(made)
    begin = len(stored(made[:4]))
    with pytest.raises(BadValue):
        read(made, whole[: begin + size])


def test_keys_that_do_not_ascend_are_left():
    made = nodes(10)
    made[7] = made[3]
    _, ascend, _ = read(made)
    assert not ascend
