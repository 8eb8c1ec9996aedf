"""Where Redis would cut a stream, measured on real servers (XINFO STREAM's radix-tree-keys)."""

import pytest

from geostream.store.nodes import Node, NodeLimits, Nodes, integer_cost, text_cost

FIELDS = [b"f", b"v"]


def filled(count, limits):
    nodes = Nodes()
    for ms in range(1, count + 1):
        nodes.append((ms, 0), FIELDS, nodes.wants_new(2, limits))
    return nodes


@pytest.mark.parametrize(
    "value, cost",
    [
        (0, 2),
        (127, 2),
        (128, 3),
        (-1, 3),
        (4095, 3),
        (4096, 4),
        (-4097, 4),
        (2**15, 5),
        (2**23, 6),
        (2**31, 10),
        (-(2**31) - 1, 10),
    ],
)
def test_an_integer_costs_what_its_range_needs(value, cost):
    assert integer_cost(value) == cost
    assert text_cost(b"%d" % value) == cost


@pytest.mark.parametrize(
    "text, cost",
    [
        (b"", 2),
        (b"abc", 5),
        (b"007", 5),
        (b"-0", 4),
        (b"9223372036854775808", 21),
        (b"x" * 63, 65),
        (b"x" * 64, 67),
        (b"x" * 125, 128),
        (b"x" * 126, 130),
        (b"x" * 4096, 4096 + 5 + 2),
    ],
)
def test_a_text_costs_its_length_and_the_lengths_around(text, cost):
    assert text_cost(text) == cost


def test_a_node_takes_so_many_entries():
    assert [node.live for node in filled(8, NodeLimits(4096, 3)).all] == [3, 3, 2]


def test_deleted_entries_still_take_room_in_their_node():
    nodes = filled(3, NodeLimits(4096, 3))
    nodes.remove((2, 0))
    assert nodes.wants_new(2, NodeLimits(4096, 3))


def test_a_node_without_living_entries_is_gone():
    nodes = filled(8, NodeLimits(4096, 3))
    for ms in (4, 5, 6):
        nodes.remove((ms, 0))
    assert [node.first_id for node in nodes.all] == [(1, 0), (7, 0)]


def test_the_oldest_entries_go_across_nodes():
    nodes = filled(8, NodeLimits(4096, 3))
    nodes.remove_first(4, whole=1)
    assert [(node.first_id, node.live) for node in nodes.all] == [((4, 0), 2), ((7, 0), 2)]


def test_a_node_that_trimming_empties_entry_by_entry_stays_until_it_is_dropped():
    nodes = filled(8, NodeLimits(4096, 3))
    nodes.remove((6, 0))
    nodes.remove_first(5, whole=1)
    assert [(node.first_id, node.live) for node in nodes.all] == [((4, 0), 0), ((7, 0), 2)]
    nodes.drop_empty(2)
    assert [(node.first_id, node.live) for node in nodes.all] == [((7, 0), 2)]


def test_a_node_takes_so_many_bytes():
    limits = NodeLimits(200, 0)
    nodes = filled(100, limits)
    assert len(nodes) > 5
    assert all(node.size_bytes < 200 + 20 for node in nodes.all)


def test_no_limit_is_no_limit():
    assert len(filled(1000, NodeLimits(0, 0))) == 1


def test_other_field_names_cost_more_than_the_first_ones():
    same, other = Node((1, 0), [b"field"]), Node((1, 0), [b"field"])
    before = same.size_bytes
    same.add((1, 1), [b"field", b"v"])
    other.add((1, 1), [b"other", b"v"])
    assert before < same.size_bytes < other.size_bytes


def test_a_copy_has_numbers_of_its_own():
    nodes = filled(3, NodeLimits(4096, 100))
    copy = nodes.copy()
    nodes.remove((1, 0))
    assert (copy.all[0].live, nodes.all[0].live) == (3, 2)


def test_first_ids_stay_those_of_the_moment_they_were_taken():
    nodes = filled(5, NodeLimits(4096, 2))
    taken = nodes.first_ids()
    before = [(1, 0), (3, 0), (5, 0)]
    nodes.append((6, 0), FIELDS, True)
    nodes.remove((3, 0))
    nodes.remove_first(3, whole=2)
    assert list(nodes.first_ids()) == [(5, 0), (6, 0)]
    assert list(taken) == before
    assert len(taken) == 3
    assert (3, 0) in taken
    assert (6, 0) not in taken
