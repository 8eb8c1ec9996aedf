"""Any sequence of stream commands, to geostream and a real server: the same replies.

The keys, groups, consumers and IDs are few, so that commands meet: an entry is
deleted while it is pending, claimed after a trim, delivered again after a group
was set back. Two more connections block in reads and are served, or not, by what
the first does. At the end every key's XINFO STREAM FULL COUNT 0 is compared.

``GEOSTREAM_HYPOTHESIS=thorough`` looks longer.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import Fleet
from tests.support.both import Both
from tests.support.servers import REDIS, VALKEY

pytestmark = pytest.mark.real_redis

SIZES = {
    "": (settings.default.max_examples * 6 // 5, 50),
    "quick": (20, 30),
    "thorough": (3000, 80),
}
EXAMPLES, STEPS = SIZES[os.environ.get("GEOSTREAM_HYPOTHESIS", "")]

NODE_ENTRIES = "stream-node-max-entries"
TWO_KEYS = "XREADGROUP GROUP g c BLOCK 0 STREAMS s t > >"
keys = st.sampled_from(["s", "t"])
groups = st.sampled_from(["g", "h"])
consumers = st.sampled_from(["a", "b", "c"])
ids = st.builds(lambda ms, seq: f"{ms}-{seq}", st.integers(0, 8), st.integers(0, 2))
some_ids = st.lists(ids, min_size=1, max_size=4)
starts = st.one_of(ids, st.sampled_from(["-", "0", "(1-0", "(3-1", "5"]))
ends = st.one_of(ids, st.sampled_from(["+", "(5-0", "4", "9"]))
counts = st.sampled_from([[], ["COUNT", 1], ["COUNT", 2], ["COUNT", 3], ["COUNT", 0]])
policies = st.sampled_from(["KEEPREF", "DELREF", "ACKED"])
entries_read = st.sampled_from([[], ["ENTRIESREAD", 0], ["ENTRIESREAD", -1]])


class StreamMachine(RuleBasedStateMachine):
    """The commands both servers have always had."""

    fleet: Fleet
    server: str

    @initialize(
        protocol=st.sampled_from([2, 3]),
        node_entries=st.sampled_from([2, 3, 100]),
        length=st.integers(0, 6),
        is_delivered=st.booleans(),
    )
    def begin(self, protocol: int, node_entries: int, length: int, is_delivered: bool) -> None:
        ports = self.fleet.empty("subject").port, self.fleet.empty(self.server).port
        self.both = Both(ports, self.server, protocol)
        self.both.run("CONFIG", "SET", NODE_ENTRIES, node_entries)
        self.waiters: list[Both] = []
        self.last_wait = ""
        for key in ("s", "t"):
            for n in range(length):
                self.both.run("XADD", key, f"{n}-1", "f", "v")
            self.both.run("XGROUP", "CREATE", key, "g", "0", "MKSTREAM")
            if is_delivered:
                self.both.run("XREADGROUP", "GROUP", "g", "a", "COUNT", 3, "STREAMS", key, ">")

    def run(self, *args: Any) -> Any:
        reply = self.both.run(*args)
        self._hear_waiters()
        return reply

    def _hear_waiters(self) -> None:
        """Compare what the waiters got, if anything; both servers must have served the same."""
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            is_blocked = self.both.is_blocked(waiter)
            assert is_blocked[0] == is_blocked[1], f"waits (geostream, other): {is_blocked}"
            if is_blocked[0]:
                assert not waiter.ours.has_data()
                assert not waiter.theirs.has_data()
                self.waiters.append(waiter)
            else:
                waiter.read()
                waiter.close()

    @rule(key=keys, entry_id=ids, value=st.sampled_from(["1", "x" * 70]))
    def add(self, key: str, entry_id: str, value: str) -> None:
        self.run("XADD", key, entry_id, "f", value)

    @rule(key=keys, count=st.integers(1, 5))
    def add_several(self, key: str, count: int) -> None:
        for n in range(count):
            self.run("XADD", key, f"{n + 1}-*", "f", "v", "g", n)

    @rule(
        key=keys,
        entry_id=ids,
        trim=st.sampled_from(["MAXLEN 2", "MAXLEN ~ 2", "MINID 3", "MINID ~ 4-0", "MAXLEN 0"]),
        create=st.booleans(),
    )
    def add_and_trim(self, key: str, entry_id: str, trim: str, create: bool) -> None:
        options = [] if create else ["NOMKSTREAM"]
        self.run("XADD", key, *options, *trim.split(), entry_id, "f", "v")

    @rule(
        key=keys,
        how=st.sampled_from(["MAXLEN", "MAXLEN ~", "MINID", "MINID ~", "MAXLEN ~ LIMIT"]),
        to=st.integers(0, 6),
    )
    def trim(self, key: str, how: str, to: int) -> None:
        words = how.split()
        limit = ["LIMIT", 2] if words[-1] == "LIMIT" else []
        self.run("XTRIM", key, *[word for word in words if word != "LIMIT"], to, *limit)

    @rule(key=keys, entry_ids=some_ids)
    def delete(self, key: str, entry_ids: list[str]) -> None:
        self.run("XDEL", key, *entry_ids)

    @rule(key=keys, start=starts, end=ends, count=counts)
    def look(self, key: str, start: str, end: str, count: list[Any]) -> None:
        self.run("XRANGE", key, start, end, *count)
        self.run("XREVRANGE", key, end, start, *count)
        self.run("XLEN", key)

    @rule(key=keys, other=keys, entry_id=ids, count=counts)
    def read(self, key: str, other: str, entry_id: str, count: list[Any]) -> None:
        self.run("XREAD", *count, "STREAMS", key, other, entry_id, "0")
        self.run("XREAD", *count, "STREAMS", key, "$")

    @rule(key=keys, group=groups, at=st.one_of(ids, st.sampled_from(["0", "$"])), read=entries_read)
    def create_group(self, key: str, group: str, at: str, read: list[Any]) -> None:
        self.run("XGROUP", "CREATE", key, group, at, "MKSTREAM", *read)

    @rule(key=keys, group=groups, at=st.one_of(ids, st.sampled_from(["0", "$"])), read=entries_read)
    def set_group(self, key: str, group: str, at: str, read: list[Any]) -> None:
        self.run("XGROUP", "SETID", key, group, at, *read)

    @rule(key=keys, group=groups)
    def destroy_group(self, key: str, group: str) -> None:
        self.run("XGROUP", "DESTROY", key, group)

    @rule(key=keys, group=groups, consumer=consumers, delete=st.booleans())
    def change_consumer(self, key: str, group: str, consumer: str, delete: bool) -> None:
        self.run("XGROUP", "DELCONSUMER" if delete else "CREATECONSUMER", key, group, consumer)

    @rule(key=keys, group=groups, consumer=consumers, count=counts, noack=st.booleans())
    def deliver(self, key: str, group: str, consumer: str, count: list[Any], noack: bool) -> None:
        words = ["NOACK"] if noack else []
        self.run("XREADGROUP", "GROUP", group, consumer, *count, *words, "STREAMS", key, ">")

    @rule(group=groups, consumer=consumers, count=counts, entry_id=ids)
    def deliver_two(self, group: str, consumer: str, count: list[Any], entry_id: str) -> None:
        begin = ["XREADGROUP", "GROUP", group, consumer, *count, "STREAMS", "s", "t"]
        self.run(*begin, ">", ">")
        self.run(*begin, entry_id, ">")

    @rule(key=keys, group=groups, consumer=consumers, entry_id=ids, count=counts)
    def history(self, key: str, group: str, consumer: str, entry_id: str, count: list[Any]) -> None:
        self.run("XREADGROUP", "GROUP", group, consumer, *count, "STREAMS", key, entry_id)

    @rule(key=keys, group=groups, entry_ids=some_ids)
    def acknowledge(self, key: str, group: str, entry_ids: list[str]) -> None:
        self.run("XACK", key, group, *entry_ids)

    @rule(
        key=keys,
        group=groups,
        consumer=consumers,
        entry_ids=some_ids,
        options=st.lists(
            st.sampled_from(["JUSTID", "FORCE", "RETRYCOUNT 5", "IDLE 100000", "LASTID 4-1"]),
            unique=True,
            max_size=3,
        ),
        min_idle=st.sampled_from([0, 0, 50000]),
    )
    def claim(
        self,
        key: str,
        group: str,
        consumer: str,
        entry_ids: list[str],
        options: list[str],
        min_idle: int,
    ) -> None:
        words = [word for option in options for word in option.split()]
        self.run("XCLAIM", key, group, consumer, min_idle, *entry_ids, *words)

    @rule(
        key=keys,
        group=groups,
        consumer=consumers,
        start=starts,
        count=st.sampled_from([[], ["COUNT", 1], ["COUNT", 2]]),
        just_id=st.booleans(),
        min_idle=st.sampled_from([0, 0, 50000]),
    )
    def autoclaim(
        self,
        key: str,
        group: str,
        consumer: str,
        start: str,
        count: list[Any],
        just_id: bool,
        min_idle: int,
    ) -> None:
        words = [*count, *(["JUSTID"] if just_id else [])]
        self.run("XAUTOCLAIM", key, group, consumer, min_idle, start, *words)

    @rule(key=keys, group=groups, consumer=consumers, start=starts, end=ends)
    def pending(self, key: str, group: str, consumer: str, start: str, end: str) -> None:
        self.run("XPENDING", key, group)
        self.run("XPENDING", key, group, start, end, 3)
        self.run("XPENDING", key, group, "IDLE", 50000, start, end, 10, consumer)
        self.run("XPENDING", key, group, "-", "+", 10, consumer)

    @rule(
        key=keys,
        entry_id=ids,
        options=st.sampled_from(["", "ENTRIESADDED 20", "MAXDELETEDID 2-0", "MAXDELETEDID 0-0"]),
    )
    def set_id(self, key: str, entry_id: str, options: str) -> None:
        self.run("XSETID", key, entry_id, *options.split())

    @rule(key=keys, group=groups)
    def inform(self, key: str, group: str) -> None:
        self.run("XINFO", "STREAM", key)
        self.run("XINFO", "GROUPS", key)
        self.run("XINFO", "CONSUMERS", key, group)
        self.run("XINFO", "STREAM", key, "FULL", "COUNT", 2)

    @rule(
        lines=st.lists(
            st.sampled_from(
                [
                    "XADD s 5-* f v",
                    "XADD s 5-* f w",
                    "XDEL s 5-0 5-1",
                    "DEL t",
                    "RENAME s t",
                    "COPY t s REPLACE",
                    "XGROUP CREATE s g 0",
                    "XREADGROUP GROUP g a BLOCK 0 STREAMS s >",
                    "SET t x",
                ]
            ),
            max_size=4,
        )
    )
    def transact(self, lines: list[str]) -> None:
        self.both.run("MULTI")
        for line in lines:
            self.both.run(line)
        self.run("EXEC")

    @rule(line=st.sampled_from(["DEL s", "DEL t", "RENAME s t", "SET t x", "COPY s t", "FLUSHALL"]))
    def change_key(self, line: str) -> None:
        self.run(line)

    @precondition(lambda self: len(self.waiters) < 2)
    @rule(
        line=st.sampled_from(
            [
                "XREAD BLOCK 0 STREAMS s $",
                "XREAD BLOCK 0 COUNT 1 STREAMS s t $ 3",
                "XREADGROUP GROUP g a BLOCK 0 STREAMS s >",
                "XREADGROUP GROUP g b BLOCK 0 COUNT 1 STREAMS s >",
                "XREADGROUP GROUP h c BLOCK 0 NOACK STREAMS t >",
                TWO_KEYS,
            ]
        )
    )
    def wait(self, line: str) -> None:
        # A reader of two keys that is passed over on one of them keeps its place here, and loses
        # it on a real server (README); so it waits alone.
        if self.waiters and TWO_KEYS in (line, self.last_wait):
            return
        self.last_wait = line
        waiter = self.both.another()
        waiter.learn_ids()
        waiter.send(line)
        if self.both.is_settled(waiter):
            self.waiters.append(waiter)
        else:
            waiter.read()
            waiter.close()

    def teardown(self) -> None:
        if not hasattr(self, "both"):
            return
        try:
            for key in ("s", "t"):
                self.run("XINFO", "STREAM", key, "FULL", "COUNT", 0)
                self.run("XINFO", "GROUPS", key)
        finally:
            self.both.close()


class StreamMachineWithPolicies(StreamMachine):
    """The commands Redis got with 8.2 as well, and counters it clamps.

    What every group has acknowledged Redis 8.2 knows by a number that it forgets to
    correct when a group is destroyed (mended in 8.6): from then on nothing asks for ACKED.
    """

    has_destroyed = False

    @rule(key=keys, group=groups)
    def destroy_group(self, key: str, group: str) -> None:
        self.has_destroyed = True
        self.run("XGROUP", "DESTROY", key, group)

    def right_policy(self, policy: str) -> str:
        return "DELREF" if policy == "ACKED" and self.has_destroyed else policy

    @rule(key=keys, group=groups, at=ids, read=st.integers(0, 9))
    def set_counter(self, key: str, group: str, at: str, read: int) -> None:
        self.run("XGROUP", "CREATE", key, group, at, "ENTRIESREAD", read)
        self.run("XGROUP", "SETID", key, group, at, "ENTRIESREAD", read)

    @rule(key=keys, policy=policies, entry_ids=some_ids)
    def delete_with_policy(self, key: str, policy: str, entry_ids: list[str]) -> None:
        policy = self.right_policy(policy)
        self.run("XDELEX", key, policy, "IDS", len(entry_ids), *entry_ids)

    @rule(key=keys, group=groups, policy=policies, entry_ids=some_ids)
    def acknowledge_and_delete(
        self, key: str, group: str, policy: str, entry_ids: list[str]
    ) -> None:
        policy = self.right_policy(policy)
        self.run("XACKDEL", key, group, policy, "IDS", len(entry_ids), *entry_ids)

    @rule(key=keys, policy=policies, how=st.sampled_from(["MAXLEN", "MINID"]), to=st.integers(0, 5))
    def trim_with_policy(self, key: str, policy: str, how: str, to: int) -> None:
        self.run("XTRIM", key, self.right_policy(policy), how, "=", to)

    @rule(key=keys, policy=policies, entry_id=ids, to=st.integers(0, 5))
    def add_and_trim_with_policy(self, key: str, policy: str, entry_id: str, to: int) -> None:
        policy = self.right_policy(policy)
        self.run("XADD", key, policy, "MAXLEN", to, entry_id, "f", "v")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("server", "machine"),
    [(REDIS, StreamMachineWithPolicies), (VALKEY, StreamMachine)],
    ids=[REDIS, VALKEY],
)
def test_any_sequence_has_the_same_replies(
    fleet: Fleet, server: str, machine: type[StreamMachine]
) -> None:
    here = type("Machine", (machine,), {"fleet": fleet, "server": server})
    try:
        run_state_machine_as_test(
            here,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            ),
        )
    finally:  # the servers are those of all tests
        for role in ("subject", server):
            fleet.restore(role, {NODE_ENTRIES.encode()})
