"""XTRIM, and where nodes end: what ``~`` and LIMIT leave behind, and radix-tree-keys."""

from __future__ import annotations

import random

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis


def fill(both: Both, count: int, key: str = "s") -> None:
    both.run_many("\n".join(f"XADD {key} {n}-0 f v" for n in range(1, count + 1)))


@pytest.mark.parametrize(
    "options",
    [
        "",
        "MAXLEN",
        "MAXLEN 2",
        "MAXLEN = 2",
        "MAXLEN ~ 2",
        "MAXLEN ~",
        "MAXLEN =",
        "MAXLEN -1",
        "MAXLEN x",
        "MAXLEN 0",
        "MAXLEN 100",
        "MINID",
        "MINID 3",
        "MINID = 3-0",
        "MINID ~ 3-0",
        "MINID x",
        "MINID -",
        "MINID 99",
        "MINID ~",
        "LIMIT 3",
        "LIMIT 0",
        "LIMIT",
        "LIMIT x MAXLEN 2",
        "LIMIT 5 FOO",
        "MAXLEN 2 LIMIT 3",
        "MAXLEN 2 LIMIT 0",
        "MAXLEN = 2 LIMIT 3",
        "MAXLEN ~ 2 LIMIT 3",
        "MAXLEN ~ 2 LIMIT 0",
        "MAXLEN ~ 2 LIMIT -1",
        "MAXLEN ~ 2 LIMIT x",
        "MAXLEN ~ 2 LIMIT",
        "LIMIT 3 MAXLEN ~ 2",
        "MAXLEN 2 MINID 1",
        "MINID 1 MAXLEN 2",
        "MAXLEN 2 MAXLEN 1",
        "MAXLEN 2 FOO",
        "FOO 2",
        "FOO MAXLEN 2",
        "NOMKSTREAM MAXLEN 2",
        "maxlen 2",
        "minid 2",
    ],
)
def test_options(both: Both, options: str) -> None:
    fill(both, 5)
    both.run_many(
        f"""
        XTRIM s {options}
        XRANGE s - +
        XTRIM missing {options}
        SET t x
        XTRIM t {options}
        """
    )


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize(
    "options",
    [
        "KEEPREF MAXLEN 2",
        "MAXLEN 2 KEEPREF",
        "DELREF MAXLEN 2",
        "MAXLEN 2 DELREF",
        "ACKED MAXLEN 2",
        "MAXLEN = 2 ACKED",
        "MAXLEN 0 ACKED",
        "MINID 4 ACKED",
        "MINID 4 DELREF",
        "MINID 99 ACKED",
        "KEEPREF KEEPREF MAXLEN 2",
        "KEEPREF DELREF MAXLEN 2",
        "MAXLEN 2 KEEPREF ACKED",
        "KEEPREF",
        "ACKED LIMIT 3",
        "MAXLEN ~ 2 KEEPREF",
    ],
)
@pytest.mark.parametrize("groups", [0, 1, 2])
@pytest.mark.parametrize("node_entries", [3, 100])
def test_reference_policies(both: Both, options: str, groups: int, node_entries: int) -> None:
    both.run("CONFIG", "SET", "stream-node-max-entries", node_entries)
    fill(both, 7)
    for group in "gh"[:groups]:
        both.run_many(
            f"""
            XGROUP CREATE s {group} 0
            XREADGROUP GROUP {group} c COUNT 5 STREAMS s >
            XACK s {group} 1-0 {"2-0" if group == "g" else "3-0"}
            """
        )
    both.run_many(f"XTRIM s {options}\nXRANGE s - +\nXINFO STREAM s FULL")


@pytest.mark.parametrize("node_entries", [1, 2, 3, 4, 7, 100, 0])
@pytest.mark.parametrize("seed", range(3))
def test_approximate_trims_end_where_nodes_end(both: Both, node_entries: int, seed: int) -> None:
    both.run("CONFIG", "SET", "stream-node-max-entries", node_entries)
    chance = random.Random(seed)
    fill(both, 40)
    last = 40
    for _ in range(40):
        match chance.randrange(5):
            case 0:
                both.run("XTRIM", "s", "MAXLEN", "~", chance.randrange(last + 2))
            case 1:
                both.run("XTRIM", "s", "MINID", "~", chance.randrange(last + 2))
            case 2:
                limit = chance.randrange(12)
                both.run("XTRIM", "s", "MAXLEN", "~", chance.randrange(30), "LIMIT", limit)
            case 3:
                last += 1
                both.run("XADD", "s", "MAXLEN", "~", chance.randrange(40), f"{last}-0", "f", "v")
            case 4:
                both.run("XDEL", "s", *(f"{chance.randrange(1, last + 1)}-0" for _ in range(3)))
        both.run("XINFO STREAM s")
        if chance.random() < 0.5:
            for _ in range(chance.randrange(4)):
                last += 1
                both.run("XADD", "s", f"{last}-0", "f", "v")
    both.run("XRANGE s - +")


def test_without_a_limit_an_approximate_trim_stops_at_a_hundred_nodes(both: Both) -> None:
    both.run("CONFIG SET stream-node-max-entries 2")
    fill(both, 420)
    both.run_many("XTRIM s MAXLEN ~ 0\nXTRIM s MAXLEN ~ 0 LIMIT 0\nXLEN s\nXINFO STREAM s")


def test_a_node_vanishes_with_its_last_entry(both: Both) -> None:
    both.run("CONFIG SET stream-node-max-entries 3")
    fill(both, 9)
    both.run_many(
        """
        XDEL s 4-0 5-0
        XINFO STREAM s
        XDEL s 6-0
        XINFO STREAM s
        XDEL s 9-0 8-0
        XADD s 10-0 f v
        XINFO STREAM s
        XDEL s 7-0
        XADD s 11-0 f v
        XINFO STREAM s
        XTRIM s MINID 3-0
        XINFO STREAM s
        """
    )


@pytest.mark.parametrize(
    "trims",
    [
        "XTRIM s MINID 4",
        "XTRIM s MINID ~ 5",
        "XTRIM s MINID 5",
        "XTRIM s MAXLEN 2",
        "XTRIM s MAXLEN 1",
        "XTRIM s MAXLEN ~ 1",
        "XTRIM s MAXLEN ~ 1 LIMIT 1",
        "XADD s MAXLEN ~ 2 7-0 f v",
        "XADD s MINID 5 7-0 f v",
        "XDEL s 5-0 6-0",
    ],
)
def test_a_node_trimmed_empty_stays_until_a_later_trim(both: Both, trims: str) -> None:
    both.run("CONFIG SET stream-node-max-entries 2")
    fill(both, 6)
    both.run_many(
        f"""
        XDEL s 4-0
        XTRIM s MINID 4
        XINFO STREAM s
        {trims}
        XINFO STREAM s
        XADD s 8-0 f v
        XADD s 9-0 f v
        XINFO STREAM s
        """
    )


def test_an_entry_goes_into_a_node_that_was_trimmed_empty(both: Both) -> None:
    both.run("CONFIG SET stream-node-max-entries 3")
    fill(both, 2)
    both.run_many(
        """
        XDEL s 2-0
        XTRIM s MINID 2
        XINFO STREAM s
        XADD s 3-0 f v
        XINFO STREAM s
        XADD s 4-0 f v
        XINFO STREAM s
        XTRIM s MAXLEN 0
        XINFO STREAM s
        """
    )


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("policy", ["ACKED", "DELREF"])
@pytest.mark.parametrize("acknowledged", ["1-0", "1-0 2-0", "2-0 3-0", "3-0 5-0", "3-0 5-0 6-0"])
def test_nodes_trimmed_empty_by_a_policy(both: Both, policy: str, acknowledged: str) -> None:
    both.run("CONFIG SET stream-node-max-entries 2")
    fill(both, 6)
    both.run_many(
        f"""
        XDEL s 4-0
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c STREAMS s >
        XACK s g {acknowledged}
        XTRIM s {policy} MINID 4
        XINFO STREAM s
        XTRIM s {policy} MINID 5
        XINFO STREAM s
        XTRIM s {policy} MAXLEN 2
        XINFO STREAM s
        XTRIM s {policy} MINID 6
        XINFO STREAM s
        XTRIM s MINID 6
        XINFO STREAM s
        """
    )


def _value(chance: random.Random) -> bytes:
    kinds = (
        lambda: str(chance.choice([0, 1, -1, 127, 128, -4096, -4097, 4095, 4096, 32767, 32768])),
        lambda: str(
            chance.choice([-(2**23), 2**23 - 1, 2**23, 2**31 - 1, 2**31, 2**63 - 1, 2**63])
        ),
        lambda: str(chance.randrange(-(2**40), 2**40)),
        lambda: chance.choice(["007", "+5", "1.0", "-0", "", "9223372036854775808"]),
        lambda: "x" * chance.choice([0, 1, 62, 63, 64, 65, 126, 127, 128]),
        lambda: "y" * chance.randrange(200),
        lambda: "z" * chance.choice([1000, 4090, 4095, 4096, 5000]),
    )
    return chance.choices(kinds, weights=[5, 5, 3, 3, 4, 4, 1])[0]().encode()


@pytest.mark.protocols(2)
@pytest.mark.parametrize("node_bytes", [0, 200, 1000, 4096, 20000])
@pytest.mark.parametrize("seed", range(6))
def test_nodes_are_as_many_for_any_sizes(both: Both, node_bytes: int, seed: int) -> None:
    chance = random.Random(f"{node_bytes} {seed}")
    both.run("CONFIG", "SET", "stream-node-max-bytes", node_bytes)
    both.run("CONFIG", "SET", "stream-node-max-entries", chance.choice([0, 10, 100, 300]))
    field_sets = [
        [b"f"],
        [b"f", b"g"],
        [b"%d" % chance.randrange(100000)],
        [b"n" * chance.randrange(100)],
        [b"f"] * chance.choice([3, 130]),
    ]
    usual = chance.choice(field_sets)
    milliseconds, sequence = chance.choice([(1, 0), (2**40, 5), (2**62, 2**63)])
    requests: list[list[bytes | str]] = []
    for _ in range(300):
        names = usual if chance.random() < 0.8 else chance.choice(field_sets)
        pairs = [part for name in names for part in (name, _value(chance))]
        requests += [["XADD", "s", f"{milliseconds}-{sequence}", *pairs], ["XINFO", "STREAM", "s"]]
        if chance.random() < 0.7:
            sequence += chance.choice([1, 1, 200, 5000])
        else:
            milliseconds += chance.choice([1, 1, 3, 150, 40000, 2**33])
            sequence = chance.choice([0, 0, 7, 2**63])
    both.run_at_once(requests)


@pytest.mark.protocols(2)
def test_the_entry_limit_of_a_node_counts_deleted_slots(both: Both) -> None:
    both.run("CONFIG SET stream-node-max-entries 4")
    for n in range(1, 30):
        both.run("XADD", "s", f"{n}-0", "f", "v")
        if n % 3:
            both.run("XDEL", "s", f"{n}-0")
        both.run("XINFO STREAM s")
    both.run("XTRIM s MAXLEN ~ 3")
    both.run("XRANGE s - +")


def test_changed_node_limits_bind_later_entries_only(both: Both) -> None:
    fill(both, 10)
    both.run_many(
        """
        CONFIG SET stream-node-max-entries 5
        XINFO STREAM s
        XADD s 11-0 f v
        XINFO STREAM s
        CONFIG SET stream-node-max-entries 0
        CONFIG GET stream-node-max-*
        CONFIG SET stream-node-max-bytes 4kb
        CONFIG SET stream-node-max-bytes 1mb stream-node-max-entries 7
        CONFIG GET stream-node-max-*
        CONFIG SET stream-node-max-bytes x
        CONFIG SET stream-node-max-entries x
        """
    )


def test_trims_leave_the_counters_alone(both: Both) -> None:
    fill(both, 5)
    both.run_many(
        """
        XDEL s 2-0
        XTRIM s MAXLEN 1
        XINFO STREAM s
        XTRIM s MINID 9-9
        XINFO STREAM s
        XADD s 6-0 f v
        XINFO STREAM s
        """
    )


def test_trimmed_entries_stay_pending(both: Both) -> None:
    fill(both, 5)
    both.run_many(
        """
        XGROUP CREATE s g 0
        XREADGROUP GROUP g c STREAMS s >
        XTRIM s MAXLEN 2
        XPENDING s g
        XPENDING s g - + 10
        XREADGROUP GROUP g c STREAMS s 0
        XTRIM s MAXLEN 0
        XREADGROUP GROUP g c STREAMS s 0
        XINFO STREAM s FULL
        """
    )
