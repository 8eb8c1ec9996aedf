"""The steps that every request takes do the same in both languages; here is what they do in Python.

That they do it in C too is seen where compiled modules are made of them.
"""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from geostream.engine import steps
from geostream.store import lists
from tests.support.engines import make_engine


@given(st.lists(st.integers()))
def test_a_list_is_emptied_and_stays_the_same_list(items: list[int]) -> None:
    emptied = items
    lists.empty(items)
    items.append(1)
    assert emptied == [1]


def test_an_item_is_counted_up() -> None:
    column = array("Q", [0, 2**40, 0])
    steps.count_up(column, 1)
    assert column.tolist() == [0, 2**40 + 1, 0]


def test_the_journal_is_emptied_however_much_a_command_changed() -> None:
    bench = make_engine()
    for number in range(20):
        bench.execute(f"XADD s 1-{number + 1} f v")
    for number in range(6):
        bench.execute(f"XGROUP CREATE s g{number} 0")
        bench.execute(f"XREADGROUP GROUP g{number} c COUNT 9 STREAMS s >")
    told: list[int] = []
    bench.engine.listeners.append(lambda journal: told.append(len(journal)))
    bench.execute("XADD s 2-0 f v")
    bench.execute("XTRIM s MAXLEN 5 DELREF")
    assert told == [1, 7]
    assert bench.engine.keyspace.journal == []


def test_calls_are_counted_also_after_the_counters_were_reset() -> None:
    bench = make_engine()
    for _ in range(3):
        bench.execute("XADD s * f v")
    assert sum(bench.engine.stats.of("xadd").buckets) == 3
    bench.execute("CONFIG RESETSTAT")
    bench.execute("XADD s * f v")
    assert bench.engine.stats.of("xadd").calls == 1
