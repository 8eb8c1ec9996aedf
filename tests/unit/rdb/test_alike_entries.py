"""Entries like most others, which one loop takes: it gives what the thorough way would."""

import pytest

from geostream.rdb.node_reader import BadNode
from tests.unit.rdb import test_nodes
from tests.unit.rdb.listpacks import integer_element, listpack, text_element

BASE = (1_700_000_000_000, 0)
COUNT = 12
VALUES = [
    *(b"x" * size for size in (0, 1, 9, 10, 31, 32, 33, 62, 63, 64, 65, 500, 5000)),
    *(0, 1, 127, 128, -1, -4096, 4095, 2**15 - 1, -(2**15), 2**23 - 1, 2**31, -(2**63), 2**63 - 1),
]
IDS = [
    [(BASE[0] + 3 * number, 0) for number in range(COUNT)],
    [(BASE[0], number) for number in range(5, COUNT + 5)],  # the sequence gets a second digit
    [(9_995 + number, 0) for number in range(COUNT)],  # so does the part before the last four
    [(number, number) for number in range(1, COUNT + 1)],
    [(99_999_990 + number * 7, 2**64 - 1 - number) for number in range(COUNT)],
    [(2**64 - COUNT + number, 2**63) for number in range(COUNT)],
]


def element(item):
    return integer_element(item) if isinstance(item, int) else text_element(item)


def word(item):
    return b"%d" % item if isinstance(item, int) else item


def signed(difference):
    return (difference + 2**63) % 2**64 - 2**63


def node(ids, names, rows):
    """Return the listpack of a node whose entries all have these fields."""
    items = [len(rows), 0, len(names), *names, 0]
    for (ms, seq), row in zip(ids, rows, strict=True):
        items += [2, signed(ms - ids[0][0]), signed(seq - ids[0][1]), *row, len(names) + 3]
    parts = [element(item) for item in items]
    return listpack(parts, len(parts))


def read(*nodes):
    return test_nodes.read(*nodes, stored_bytes=10**6)


def entries(reader):
    found = []
    for segment in reader.segments:
        own = test_nodes.parsed(segment)
        assert [b"%d-%d" % each for each in segment.ids(0, len(segment))] == [e[0] for e in own]
        assert [len(one) for one in segment.entries(0, len(segment))] == list(
            segment.sizes(0, len(segment))
        )
        found += own
    return found


def expected(ids, names, rows):
    return [
        [
            b"%d-%d" % each,
            [part for pair in zip(names, map(word, row), strict=True) for part in pair],
        ]
        for each, row in zip(ids, rows, strict=True)
    ]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("place", [0, COUNT // 2, COUNT - 1])
def test_a_value_of_any_kind_among_short_ones_is_read(value, place):
    rows = [[b"INFO", 5] for _ in range(COUNT)]
    rows[place] = [value, b"v"]
    made = node(IDS[0], [b"level", b"n"], rows)
    assert entries(read((BASE, made))) == expected(IDS[0], [b"level", b"n"], rows)


@pytest.mark.parametrize("ids", IDS)
def test_ids_of_any_length_are_read(ids):
    rows = [[b"v%d" % number] for number in range(COUNT)]
    assert entries(read((ids[0], node(ids, [b"f"], rows)))) == expected(ids, [b"f"], rows)


@pytest.mark.parametrize("size", [0, 1, 20, 23, 24, 25, 26, 100, 300])
@pytest.mark.parametrize("count", [1, 2, 123, 124, 125, 130])
def test_names_of_any_length_and_number_are_read(size, count):
    names = [b"n" * size for _ in range(count)]
    rows = [[b"%d!" % number for number in range(count)] for _ in range(COUNT)]
    assert entries(read((BASE, node(IDS[0], names, rows)))) == expected(IDS[0], names, rows)


def test_the_next_node_may_have_other_names_or_the_same():
    later = [(ms + 1000, seq) for ms, seq in IDS[0]]
    last = [(ms + 2000, seq) for ms, seq in IDS[0]]
    rows = [[b"v"] for _ in range(COUNT)]
    first, second = node(IDS[0], [b"f"], rows), node(later, [b"ff"], rows)
    third = node(last, [b"ff"], rows)
    reader = read((BASE, first), (later[0], second), (last[0], third))
    assert entries(reader) == [
        *expected(IDS[0], [b"f"], rows),
        *expected(later, [b"ff"], rows),
        *expected(last, [b"ff"], rows),
    ]
    assert list(reader.nodes()) == [IDS[0][0], later[0], last[0]]


def test_segments_end_where_they_are_full_in_the_middle_of_a_node():
    ids = [(BASE[0] + number, 0) for number in range(2500)]
    rows = [[b"v%d" % number] for number in range(2500)]
    reader = read((BASE, node(ids, [b"f"], rows)))
    assert [len(segment) for segment in reader.segments] == [1000, 1000, 500]
    assert entries(reader) == expected(ids, [b"f"], rows)


@pytest.mark.parametrize("ids", [IDS[0], IDS[1]])
def test_a_byte_that_is_wrong_is_refused_or_stands_for_another_entry(ids):
    rows = [[b"INFO", 5, b"some text"] for _ in range(COUNT)]
    good = node(ids, [b"level", b"n", b"msg"], rows)
    refused = 0
    for place in range(len(good)):
        for flipped in (1, 2, 0x80, 0xFF):
            bad = bytearray(good)
            bad[place] ^= flipped
            try:
                reader = read((ids[0], bytes(bad)))
            except BadNode:
                refused += 1
                continue
            found = entries(reader)
            assert len(found) == reader.length == COUNT
            assert [len(fields) for _, fields in found] == [6] * COUNT
    assert refused > len(good)
