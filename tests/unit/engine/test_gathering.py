"""Entries that are gathered are in their streams as if each had been added by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from operator import itemgetter

import pytest
from hiredis import pack_command
from hypothesis import given
from hypothesis import strategies as st

import geostream.commands  # noqa: F401  fills the command table
from geostream.config import Config
from geostream.engine import gathering
from geostream.engine.replay import Replayer
from geostream.store.additions import AdditionReader
from geostream.store.keyspace import Keyspace
from geostream.store.runs import Additions
from geostream.store.stream import Stream
from tests.support.contents import contents

Request = tuple[int, list[bytes]]


def replayed(requests: Iterable[Request | Additions]) -> tuple[Keyspace, int]:
    keyspace = Keyspace()
    replayer = Replayer(keyspace, Config(), 1_000_000)
    replayer.run(requests)
    return keyspace, replayer.failed


def one_by_one(requests: Iterable[Request]) -> Iterator[Request]:
    """Spell XADD so that it is run as a request."""
    for number, words in requests:
        yield number, [words[0].replace(b"XADD", b"xadd"), *words[1:]]


def in_runs(requests: list[Request]) -> Iterator[Request | Additions]:
    """Put additions that follow one another together, as whoever reads a log does."""
    reader, place = AdditionReader(), 0
    while place < len(requests):
        number, same = next(groupby(requests[place:], key=itemgetter(0)))
        run = reader.read(b"".join(pack_command(tuple(words)) for _, words in same), 0)
        if run is None:
            yield requests[place]
            place += 1
        else:
            yield Additions(number, reader.key, run)
            place += len(run)


def known(keyspace: Keyspace) -> object:
    """Return everything but where nodes are cut."""
    everything = contents(keyspace)
    for database in everything.values():
        for value, _ in database.values():
            if isinstance(value, dict):
                del value["nodes"]
    return everything


def assert_accounts_agree(keyspace: Keyspace) -> None:
    for database in keyspace.databases:
        for value in database.values.values():
            if isinstance(value, Stream):
                nodes = value.nodes.all
                assert sum(node.live for node in nodes) == value.length
                assert all(before.last_id < after.first_id for before, after in pairwise(nodes))


def added(place: int, key: bytes, number: int = 0) -> Request:
    return number, [b"XADD", key, b"%d-%d" % (1 + place // 7, place % 7), b"f", b"v%d" % place]


@pytest.mark.parametrize("keys", [[b"s"], [b"s", b"t", b"u"]])
def test_long_runs_of_streams_side_by_side_are_as_single_entries(keys: list[bytes]) -> None:
    requests = [
        added(place, key, number) for place in range(2500) for key in keys for number in (0, 3)
    ]
    ours, failed = replayed(requests)
    theirs, _ = replayed(one_by_one(requests))
    assert not failed
    assert known(ours) == known(theirs)
    assert_accounts_agree(ours)
    requests.sort(key=lambda request: (request[0], request[1][1]))
    ours, failed = replayed(in_runs(requests))
    assert not failed
    assert known(ours) == known(theirs)
    assert_accounts_agree(ours)
    for database in (0, 3):
        ours_s, theirs_s = (k.databases[database].stream(b"s") for k in (ours, theirs))
        assert ours_s is not None
        assert theirs_s is not None
        assert ours_s.size_bytes == pytest.approx(theirs_s.size_bytes, rel=0.1)


ids = st.builds(lambda ms, seq: b"%d-%d" % (ms, seq), st.integers(0, 40), st.integers(0, 2))
spelled = st.one_of(ids, st.sampled_from([b"0041-0", b"+7-0", b"99", b"x", b"1-1-1", b"50-*"]))
requests = st.one_of(
    st.builds(
        lambda number, key, entry_id, fields: (number, [b"XADD", key, entry_id, *fields]),
        st.integers(0, 1),
        st.sampled_from([b"s", b"t", b"text"]),
        spelled,
        st.lists(st.sampled_from([b"f", b"v", b"MAXLEN", b"5"]), min_size=1, max_size=4),
    ),
    st.sampled_from(
        [
            (0, [b"XDEL", b"s", b"3-0"]),
            (0, [b"XTRIM", b"s", b"MAXLEN", b"2"]),
            (0, [b"DEL", b"t"]),
            (0, [b"SWAPDB", b"0", b"1"]),
            (0, [b"RENAME", b"s", b"t"]),
            (0, [b"SET", b"text", b"v"]),
            (0, [b"XADD", b"s", b"MAXLEN", b"1", b"60-0", b"f", b"v"]),
        ]
    ),
)


@given(st.lists(requests, max_size=40), st.sampled_from([1, 2, 250]))
def test_any_log_comes_to_the_same(log: list[Request], shortest: int) -> None:
    before = gathering.SHORTEST_SEGMENT
    gathering.SHORTEST_SEGMENT = shortest
    try:
        found = [replayed(log), replayed(in_runs(log))]
    finally:
        gathering.SHORTEST_SEGMENT = before
    theirs, also_failed = replayed(one_by_one(log))
    for ours, failed in found:
        assert known(ours) == known(theirs)
        assert failed == also_failed
        assert_accounts_agree(ours)


def test_what_is_gathered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_STREAMS", 3)
    monkeypatch.setattr(gathering, "MAX_GATHERED", 10)
    log = [added(place, b"s%d" % (place % 8)) for place in range(200)]
    theirs = known(replayed(one_by_one(log))[0])
    assert known(replayed(log)[0]) == theirs
    assert known(replayed(in_runs(log))[0]) == theirs
