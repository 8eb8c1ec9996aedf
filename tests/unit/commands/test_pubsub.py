"""Subscriptions, their confirmations, and who receives what in which order."""

from geostream.errors import CommandError
from geostream.reply import Push, Several
from tests.support.engines import make_engine


def test_a_client_that_matches_twice_receives_twice_channel_first():
    bench = make_engine()
    reader = bench.connect()
    bench.execute("PSUBSCRIBE n*", client=reader)
    bench.execute("SUBSCRIBE news", client=reader)
    assert bench.execute("PUBLISH news hi") == 2
    assert reader.link.pushed == [
        Push((b"message", b"news", b"hi")),
        Push((b"pmessage", b"n*", b"news", b"hi")),
    ]


def test_each_name_is_confirmed_with_the_count_so_far():
    bench = make_engine()
    assert bench.execute("SUBSCRIBE a b a") == Several(
        [Push((b"subscribe", name, count)) for name, count in ((b"a", 1), (b"b", 2), (b"a", 2))]
    )
    assert bench.execute("PUNSUBSCRIBE") == Several([Push((b"punsubscribe", None, 2))])
    assert bench.execute("UNSUBSCRIBE") == Several(
        [Push((b"unsubscribe", b"a", 1)), Push((b"unsubscribe", b"b", 0))]
    )
    assert not bench.client.is_guarded
    assert not bench.engine.pubsub.channels


def test_a_resp2_subscriber_may_only_manage_its_subscriptions():
    bench = make_engine()
    bench.execute("SUBSCRIBE a")
    reply = bench.execute("XLEN s")
    assert type(reply) is CommandError
    assert reply.line.startswith(b"ERR Can't execute 'xlen': only (P|S)SUBSCRIBE")


def test_what_a_client_publishes_to_itself_comes_behind_the_reply():
    bench = make_engine()
    bench.execute("HELLO 3")
    bench.execute("SUBSCRIBE a")
    assert bench.execute("PUBLISH a hi") == Several([1, Push((b"message", b"a", b"hi"))])
    assert bench.client.link.pushed == []


def test_shard_channels_are_counted_apart():
    bench = make_engine()
    bench.execute("SSUBSCRIBE a")
    other = bench.connect()
    assert bench.execute("PUBLISH a hi", client=other) == 0
    assert bench.execute("SPUBLISH a hi", client=other) == 1
    assert bench.execute("PUBSUB SHARDNUMSUB a", client=other) == [b"a", 1]
    assert bench.execute("PUBSUB NUMSUB a", client=other) == [b"a", 0]


def test_what_a_transaction_publishes_to_itself_comes_behind_the_reply():
    bench = make_engine()
    for request in ("MULTI", "SUBSCRIBE a", "PUBLISH a hi"):
        bench.execute(request)
    confirmed = Several([Push((b"subscribe", b"a", 1))])
    assert bench.execute("EXEC") == Several([[confirmed, 1], Push((b"message", b"a", b"hi"))])
    assert bench.client.link.pushed == []


def test_what_a_client_hears_is_held_back_no_longer_than_its_request():
    bench = make_engine()
    bench.execute("SUBSCRIBE a")
    for ending in ("UNSUBSCRIBE", "RESET"):
        bench.execute(ending)
        bench.engine.pubsub.send(bench.client, Push((b"message", b"a", b"late")))
        assert bench.client.link.pushed.pop() == Push((b"message", b"a", b"late"))
        bench.execute("SUBSCRIBE a")
