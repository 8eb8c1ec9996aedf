"""MULTI, EXEC, DISCARD, WATCH: what is run, what is refused, what counts as a change."""

from geostream.errors import CommandError
from geostream.reply import NULL_ARRAY, OK, QUEUED, Simple
from tests.support.engines import make_engine


def error_line(reply):
    assert type(reply) is CommandError
    return reply.line


def test_exec_replies_with_the_replies_errors_among_them():
    bench = make_engine()
    bench.execute("MULTI")
    for request in ("SET a x", "INCR a", "PING"):
        assert bench.execute(request) == QUEUED
    first, second, third = bench.execute("EXEC")
    assert (first, third) == (OK, Simple(b"PONG"))
    assert error_line(second) == b"ERR value is not an integer or out of range"
    assert bench.engine.stats.commands["incr"].failed == 1


def test_an_error_while_queueing_spoils_the_transaction():
    bench = make_engine()
    bench.execute("MULTI")
    bench.execute("XLEN")
    bench.execute("SET a 1")
    assert error_line(bench.execute("EXEC")).startswith(b"EXECABORT Transaction discarded because")
    assert bench.execute("EXISTS a") == 0


def test_exec_with_arguments_ends_the_transaction():
    bench = make_engine()
    bench.execute("MULTI")
    assert error_line(bench.execute("EXEC now")) == (
        b"EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"
    )
    assert bench.client.transaction is None


def test_nested_multi_and_watch_do_not_spoil_it():
    bench = make_engine()
    bench.execute("MULTI")
    assert error_line(bench.execute("MULTI")) == b"ERR MULTI calls can not be nested"
    assert error_line(bench.execute("WATCH k")) == b"ERR WATCH inside MULTI is not allowed"
    assert bench.execute("EXEC") == []


def test_a_watched_key_that_changed_makes_exec_do_nothing():
    bench = make_engine()
    bench.execute("WATCH k")
    bench.execute("XADD k 1-1 f v", client=bench.connect())
    bench.execute("MULTI")
    bench.execute("SET a 1")
    assert bench.execute("EXEC") is NULL_ARRAY
    bench.execute("MULTI")
    assert bench.execute("EXEC") == []


def test_reading_a_watched_stream_by_group_is_no_change():
    bench = make_engine()
    bench.execute("XADD k 1-1 f v")
    bench.execute("XGROUP CREATE k g 0")
    bench.execute("WATCH k")
    bench.execute("XREADGROUP GROUP g c STREAMS k >")
    bench.execute("MULTI")
    assert bench.execute("EXEC") == []


def test_a_watched_key_that_expires_before_exec_counts_as_changed():
    bench = make_engine()
    bench.execute("SET k v PX 100")
    bench.execute("WATCH k")
    bench.execute("MULTI")
    bench.clock.advance(200)
    assert bench.execute("EXEC") is NULL_ARRAY


def test_a_key_that_had_expired_before_watch_does_not():
    bench = make_engine()
    bench.execute("SET k v PX 100")
    bench.clock.advance(200)
    bench.execute("WATCH k")
    bench.execute("MULTI")
    assert bench.execute("EXEC") == []


def test_nothing_waits_inside_a_transaction_and_the_call_is_counted():
    bench = make_engine()
    bench.execute("MULTI")
    bench.execute("XREAD BLOCK 0 STREAMS s $")
    assert bench.execute("EXEC") == [NULL_ARRAY]
    assert bench.client.ticket is None
    assert bench.engine.stats.commands["xread"].calls == 1


def test_readers_are_served_once_after_the_whole_transaction():
    bench = make_engine()
    reader = bench.connect()
    bench.execute("XREAD BLOCK 0 STREAMS s $", client=reader)
    bench.execute("MULTI")
    bench.execute("XADD s 1-1 f v")
    bench.execute("XADD s 2-1 f v")
    bench.execute("XDEL s 1-1 2-1")
    bench.execute("EXEC")
    assert reader.link.pushed == []


def test_exec_is_refused_when_something_queued_needs_memory_there_is_not():
    bench = make_engine()
    bench.execute("SET a 1")
    bench.execute("MULTI")
    bench.execute("SET b 1")
    bench.engine.config.set_many({"maxmemory": "1"})
    assert error_line(bench.execute("EXEC")).startswith(
        b"EXECABORT Transaction discarded because of: OOM"
    )
    assert bench.execute("EXISTS b") == 0


def test_a_client_that_queues_more_than_it_may_send_is_hung_up_on():
    bench = make_engine(settings={"max-pending-bytes": "1mb"})
    bench.execute("MULTI")
    bench.execute(b"SET", b"a", bytes(2**20))
    assert bench.client.link.is_closed
    assert bench.client.transaction.queue == []
