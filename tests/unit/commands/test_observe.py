"""MONITOR, SLOWLOG and LATENCY: what they show and what they keep to themselves."""

from geostream.engine.stopwatch import Stopwatch
from geostream.reply import NO_REPLY, OK, Several, Simple
from tests.support.engines import make_engine


def lines(client):
    return [line.text.split(b"] ", 1)[1] for line in client.link.pushed]


def test_a_monitor_sees_what_ran_with_the_database_selected_afterwards():
    bench = make_engine(now_ms=1_500)
    monitor = bench.connect()
    assert bench.execute("MONITOR", client=monitor) == OK
    bench.execute("SELECT 2")
    assert monitor.link.pushed == [Simple(b'1.500000 [2 127.0.0.1:1] "SELECT" "2"')]


def test_a_monitor_sees_no_passwords_no_administration_and_nothing_refused():
    bench = make_engine()
    monitor = bench.connect()
    bench.execute("MONITOR", client=monitor)
    for request in ("AUTH default x", "HELLO 2 AUTH default x", "CONFIG GET port", "XLEN"):
        bench.execute(request)
    assert lines(monitor) == [
        b'"AUTH" "(redacted)" "(redacted)"',
        b'"HELLO" "2" "AUTH" "(redacted)" "(redacted)"',
    ]


def test_a_monitor_sees_a_transaction_in_the_order_in_which_it_ran():
    bench = make_engine()
    monitor = bench.connect()
    bench.execute("MONITOR", client=monitor)
    for request in ("MULTI", "PING", "EXEC"):
        bench.execute(request)
    assert lines(monitor) == [b'"MULTI"', b'"PING"', b'"EXEC"']


def test_words_are_shown_quoted_and_escaped():
    bench = make_engine()
    monitor = bench.connect()
    bench.execute("MONITOR", client=monitor)
    bench.execute(b"ECHO", b'a"\\\n\x00\xff ')
    assert lines(monitor) == [rb'"ECHO" "a\"\\\n\x00\xff "']


def test_a_monitor_hears_of_its_own_command_behind_the_reply():
    bench = make_engine()
    bench.execute("MONITOR")
    reply = bench.execute("PING")
    assert type(reply) is Several
    assert reply.replies[0] == Simple(b"PONG")
    assert bench.execute("MONITOR") is NO_REPLY


def test_the_slow_log_keeps_no_passwords_and_cuts_long_arguments():
    bench = make_engine(settings={"slowlog-log-slower-than": "0"})
    bench.execute("AUTH default secret")
    bench.execute("CONFIG SET requirepass secret")
    bench.execute(b"ECHO", b"x" * 200)
    shown = [entry[3] for entry in bench.execute("SLOWLOG GET -1")]
    assert shown == [
        [b"ECHO", b"x" * 128 + b"... (72 more bytes)"],
        [b"CONFIG", b"SET", b"requirepass", b"(redacted)"],
        [b"AUTH", b"(redacted)", b"(redacted)"],
    ]


def slow_engine(took_ms):
    """An engine that notes spikes of 10 ms, and where every command takes so long."""
    bench = make_engine(now_ms=5_000, settings={"latency-monitor-threshold": "10"})
    ticks = iter(range(0, 10**12, took_ms * 1_000_000))

    class Ticking(Stopwatch):
        def read_ns(self):
            return next(ticks)

    bench.engine.stopwatch = Ticking()
    return bench


def test_slow_commands_are_latency_events_by_what_the_table_calls_them():
    bench = slow_engine(took_ms=12)
    bench.execute("PING")
    bench.execute("XRANGE s - +")
    assert bench.execute("LATENCY LATEST") == [
        [b"fast-command", 5, 12, 12],
        [b"command", 5, 12, 12],
    ]
    assert bench.execute("LATENCY RESET fast-command") == 1
    assert bench.execute("LATENCY HISTORY fast-command") == []


def test_spikes_of_one_second_are_one_sample():
    bench = slow_engine(took_ms=12)
    bench.execute("PING")
    bench.execute("PING")
    bench.clock.advance(1_000)
    bench.execute("PING")
    assert bench.execute("LATENCY HISTORY fast-command") == [[5, 12], [6, 12]]
    assert b"all time high 12 ms" in bench.execute("LATENCY GRAPH fast-command").text
    assert b"2 spikes" in bench.execute("LATENCY DOCTOR").text


def test_without_a_threshold_nothing_is_noted():
    bench = slow_engine(took_ms=12)
    bench.engine.config.set_many({"latency-monitor-threshold": "0"})
    bench.execute("PING")
    assert bench.execute("LATENCY LATEST") == []


def test_a_histogram_is_cumulative_and_a_container_stands_for_its_subcommands():
    bench = make_engine()
    bench.execute("CLIENT ID")
    bench.execute("CLIENT ID")
    reply = bench.execute("LATENCY HISTOGRAM client nosuch")
    assert list(reply) == [b"client|id"]
    assert reply[b"client|id"][b"calls"] == 2
    assert list(reply[b"client|id"][b"histogram_usec"].items) == [(1, 2)]
