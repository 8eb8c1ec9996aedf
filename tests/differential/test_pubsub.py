"""SUBSCRIBE and its kin, in both protocols."""

from __future__ import annotations

import pytest

from tests.support.both import Both

pytestmark = pytest.mark.real_redis


def read_some(both: Both, count: int) -> None:
    for _ in range(count):
        both.read()


def test_subscriptions_are_counted(both: Both) -> None:
    both.send("SUBSCRIBE a b a")
    read_some(both, 3)
    both.send("PSUBSCRIBE x* y*")
    read_some(both, 2)
    both.send("UNSUBSCRIBE a nothing")
    read_some(both, 2)
    both.send("UNSUBSCRIBE")
    read_some(both, 1)
    both.send("UNSUBSCRIBE")
    read_some(both, 1)
    both.send("PUNSUBSCRIBE x*")
    read_some(both, 1)
    both.send("PUNSUBSCRIBE")
    read_some(both, 1)
    both.send("PUNSUBSCRIBE")
    read_some(both, 1)
    both.send("PUNSUBSCRIBE nothing")
    read_some(both, 1)
    both.run("XLEN s")


def test_messages(both: Both) -> None:
    listener = both.another()
    listener.send("SUBSCRIBE a b")
    read_some(listener, 2)
    listener.send("PSUBSCRIBE a* [b]")
    read_some(listener, 2)
    both.run("PUBLISH a hello")
    read_some(listener, 2)
    both.run('PUBLISH b "\\x00\\r\\n"')
    read_some(listener, 2)
    both.run("PUBLISH abc pattern")
    read_some(listener, 1)
    both.run("PUBLISH nobody x")
    both.run_many(
        "PUBSUB CHANNELS\nPUBSUB CHANNELS a*\nPUBSUB NUMSUB a b c\nPUBSUB NUMSUB\nPUBSUB NUMPAT"
    )


@pytest.mark.protocols(2)
def test_a_subscriber_may_do_little_in_resp2(both: Both) -> None:
    both.send("SUBSCRIBE a")
    both.read()
    both.run_many(
        """
        PING
        PING hello
        XLEN s
        GET k
        PUBLISH a x
        XADD s 1-1 f v
        XGROUP CREATE s g 0
        MULTI
        FOO
        XADD
        RESET
        PING
        """
    )


@pytest.mark.protocols(3)
def test_a_subscriber_may_do_everything_in_resp3(both: Both) -> None:
    both.send("SUBSCRIBE a")
    both.read()
    both.run_many("PING\nPING hello\nXADD s 1-1 f v\nXLEN s")
    both.send("PUBLISH a x")
    both.read()
    both.read()


def test_subscribing_in_a_transaction(both: Both) -> None:
    both.run("MULTI")
    both.run("SUBSCRIBE a")
    both.run("PUBLISH b x")
    both.send("EXEC")
    for client in (both.ours, both.theirs):
        assert client.read() is not None
    both._sent.clear()


def test_shard_channels(both: Both) -> None:
    listener = both.another()
    listener.send("SSUBSCRIBE a b")
    read_some(listener, 2)
    both.run("SPUBLISH a hello")
    read_some(listener, 1)
    both.run("PUBLISH a other")
    both.run_many("PUBSUB SHARDCHANNELS\nPUBSUB SHARDNUMSUB a x")
    listener.send("SUNSUBSCRIBE a")
    read_some(listener, 1)
    listener.send("SUNSUBSCRIBE")
    read_some(listener, 1)


def test_a_listener_that_hung_up_is_not_counted(both: Both) -> None:
    listener = both.another()
    listener.send("SUBSCRIBE a")
    listener.read()
    listener.send("QUIT")
    assert listener.ours.read() is not None
    assert listener.ours.is_closed()
    assert both.ours.call("PUBLISH", "a", "x") == 0
