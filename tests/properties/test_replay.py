"""Whatever commands do, carrying out their effects again gives an equal store.

The commands are drawn at random over a few keys, groups and consumers, many of them
wrong on purpose; the journal is collected on the way and replayed into an empty keyspace.
The whole runs under a guard that fails if anything gives up the processor.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from geostream.store.capture import Capture
from geostream.store.effects import Effect
from geostream.store.ids import MAX_ID
from geostream.store.keyspace import Keyspace
from geostream.store.stream import Stream
from tests.support.contents import contents
from tests.support.engines import make_engine
from tests.support.no_switch import no_switch

keys = st.sampled_from(["s", "t", "x"])
groups = st.sampled_from(["g", "h"])
consumers = st.sampled_from(["a", "b"])
ids = st.builds("{}-{}".format, st.integers(0, 6), st.integers(0, 3))
counts = st.integers(0, 4)
policies = st.sampled_from([[], ["KEEPREF"], ["DELREF"], ["ACKED"]])


def words(*parts: object) -> st.SearchStrategy[list[str]]:
    """Draw a request: strategies are drawn from, lists spliced in, the rest is text."""
    drawn = [part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts]
    return st.tuples(*drawn).map(
        lambda values: [
            str(word)
            for value in values
            for word in (value if isinstance(value, list) else [value])
        ]
    )


added = st.one_of(st.just("*"), ids, st.integers(0, 6).map("{}-*".format))
adds = st.one_of(
    words("XADD", keys, added, "f", counts),
    words("XADD", keys, policies, "MAXLEN", counts, added, "f", "v", "g", "long" * 20),
    words("XADD", keys, "MAXLEN", "~", counts, "*", "f", "v"),
    words("XADD", keys, "IDMP", consumers, counts, "*", "f", "v"),
    words("XADD", keys, "IDMPAUTO", consumers, "*", "f", counts),
)
deletions = st.one_of(
    words("XDEL", keys, ids, ids),
    words("XDELEX", keys, policies, "IDS", 2, ids, ids),
    words("XACKDEL", keys, groups, policies, "IDS", 2, ids, ids),
    words("XTRIM", keys, policies, "MAXLEN", counts),
    words("XTRIM", keys, policies, "MINID", ids),
    words("XTRIM", keys, "MAXLEN", "~", counts, "LIMIT", counts),
)
group_changes = st.one_of(
    words("XGROUP", "CREATE", keys, groups, ids, "MKSTREAM"),
    words("XGROUP", "CREATE", keys, groups, "$", "ENTRIESREAD", counts),
    words("XGROUP", "SETID", keys, groups, ids),
    words("XGROUP", "DESTROY", keys, groups),
    words("XGROUP", "CREATECONSUMER", keys, groups, consumers),
    words("XGROUP", "DELCONSUMER", keys, groups, consumers),
)
deliveries = st.one_of(
    words("XREADGROUP", "GROUP", groups, consumers, "COUNT", counts, "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "NOACK", "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "STREAMS", keys, ids),
    words("XREADGROUP", "GROUP", groups, consumers, "CLAIM", counts, "STREAMS", keys, ">"),
    words("XREADGROUP", "GROUP", groups, consumers, "BLOCK", 0, "STREAMS", keys, ">"),
    words("XACK", keys, groups, ids, ids),
    words("XNACK", keys, groups, "FAIL", "IDS", 2, ids, ids, "FORCE"),
    words("XNACK", keys, groups, "SILENT", "IDS", 1, ids),
    words("XCLAIM", keys, groups, consumers, 0, ids, ids, "FORCE", "IDLE", counts),
    words("XCLAIM", keys, groups, consumers, counts, ids, "LASTID", ids),
    words("XAUTOCLAIM", keys, groups, consumers, 0, ids, "COUNT", 2),
)
others = st.one_of(
    words("XSETID", keys, ids, "ENTRIESADDED", 7, "MAXDELETEDID", ids),
    words("XCFGSET", keys, "IDMP-MAXSIZE", st.integers(1, 3)),
    words("XIDMPRECORD", keys, "p", counts, ids),
    words("SET", keys, counts, "PX", st.integers(1, 30)),
    words("APPEND", keys, counts),
    words("INCR", keys),
    words("DEL", keys, keys),
    words("PEXPIRE", keys, st.integers(-1, 40)),
    words("PERSIST", keys),
    words("RENAME", keys, keys),
    words("COPY", keys, keys, "REPLACE"),
    words("COPY", keys, keys, "DB", 1),
    words("MOVE", keys, 1),
    words("SWAPDB", 0, 1),
    words("SELECT", st.integers(0, 1)),
    words("FLUSHDB"),
)
commands = st.one_of(adds, adds, group_changes, deliveries, deliveries, deletions, others)


@given(st.lists(st.tuples(commands, st.integers(0, 20)), max_size=60))
def test_replaying_the_effects_of_any_commands_gives_an_equal_store(requests):
    journal: list[Effect] = []
    subject = make_engine(now_ms=1_000)
    subject.engine.listeners.append(journal.extend)
    subject.engine.keyspace.node_limits.max_entries = 3
    with no_switch():
        for request, passing_ms in requests:
            subject.advance(passing_ms)
            subject.engine.unblock(subject.client)
            subject.execute(*request)
    replayed = Keyspace()
    replayed.replay(journal)
    assert contents(replayed) == contents(subject.engine.keyspace)
    assert contents(through_a_capture(subject.engine.keyspace)) == contents(replayed)


def through_a_capture(keyspace: Keyspace) -> Keyspace:
    """Return a keyspace made of an image, with the accounts of nodes as they were."""
    restored = Keyspace()
    restored.replay(list(Capture(keyspace)))
    for number, database in enumerate(keyspace.databases):
        for key, value in database.values.items():
            copy = restored.databases[number].values[key]
            if isinstance(value, Stream) and isinstance(copy, Stream):
                cuts = [(node.first_id, node.live) for node in value.nodes.all if node.live]
                cuts = [
                    (copy.select(first_id, MAX_ID, 1).ids()[0], live) for first_id, live in cuts
                ]
                assert [(node.first_id, node.live) for node in copy.nodes.all] == cuts
                copy.nodes = value.nodes
    return restored
