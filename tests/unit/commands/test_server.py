"""Commands about the server, and the settings behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geostream.config import Config, Reading, load, read_flags
from geostream.engine.command import MEMORY_LIMIT
from geostream.engine.host import Host
from geostream.errors import CommandError
from geostream.reply import NO_REPLY, OK
from tests.support.engines import Bench, make_engine


class RecordingHost(Host):
    """Remembers what it was asked to do."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def shut_down(self) -> None:
        self.asked.append("shut down")

    def sleep(self, duration_s: float) -> None:
        self.asked.append(duration_s)

    def log(self, message: bytes) -> None:
        self.asked.append(message)


def info(bench: Bench, *sections: str) -> dict[str, str]:
    text = bench.execute("INFO", *sections).text.decode()
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def debugging(host: Host | None = None) -> Bench:
    bench = make_engine(host=host)
    config = Config([_allow_debug])
    bench.engine.config = config
    return bench


def _allow_debug() -> Reading:
    return read_flags([("--set", "enable-debug-command", "yes")])


def line(reply: Any) -> str:
    assert isinstance(reply, CommandError)
    return reply.line.decode()


@pytest.mark.parametrize("request_", ["SAVE", "BGSAVE", "BGSAVE SCHEDULE", "BGREWRITEAOF"])
def test_saving_is_refused_because_nothing_could_be_saved(request_: str) -> None:
    assert "no persistence configured" in line(make_engine().execute(request_))


@pytest.mark.parametrize("options", ["FOO", "SAVE NOSAVE", "ABORT NOW", "NOSAVE ABORT"])
def test_shutdown_refuses_options_that_make_no_sense(options: str) -> None:
    host = RecordingHost()
    assert line(make_engine(host=host).execute(f"SHUTDOWN {options}")) == "ERR syntax error"
    assert host.asked == []


def test_shutdown_ends_the_process_and_answers_nothing() -> None:
    host = RecordingHost()
    assert make_engine(host=host).execute("SHUTDOWN NOSAVE") is NO_REPLY
    assert host.asked == ["shut down"]


def test_shutdown_that_is_to_save_does_not_go_unsaved() -> None:
    host = RecordingHost()
    assert "no persistence" in line(make_engine(host=host).execute("SHUTDOWN SAVE"))
    assert host.asked == []


def test_wait_for_replicas_that_are_not_there_ends_with_the_timeout() -> None:
    bench = make_engine()
    assert bench.execute("WAIT 0 0") == 0
    assert bench.execute("WAIT 1 50") is NO_REPLY
    ticket = bench.client.ticket
    assert ticket is not None
    assert info(bench, "clients")["blocked_clients"] == "1"
    bench.clock.advance(50)
    bench.engine.wake(ticket, bench.clock.now_ms())
    assert bench.client.link.pushed == [0]  # type: ignore[attr-defined]


def test_config_set_changes_what_it_names_or_nothing() -> None:
    bench = make_engine()
    assert bench.execute("CONFIG SET stream-node-max-entries 7 maxmemory 1mb") is OK
    assert bench.engine.keyspace.node_limits.max_entries == 7
    assert bench.engine.limits == MEMORY_LIMIT
    refused = bench.execute("CONFIG SET stream-node-max-entries 9 maxmemory lots")
    assert line(refused) == (
        "ERR CONFIG SET failed (possibly related to argument 'maxmemory')"
        " - argument must be a memory value"
    )
    assert bench.engine.keyspace.node_limits.max_entries == 7
    assert bench.execute("CONFIG GET STREAM-NODE-MAX-E*").items == [
        (b"stream-node-max-entries", b"7")
    ]


def test_config_set_follows_the_slow_log() -> None:
    bench = make_engine()
    bench.execute("CONFIG SET slowlog-log-slower-than -1 slowlog-max-len 3")
    assert bench.engine.slowlog.entries.maxlen == 3
    assert bench.engine.slowlog.threshold_ns > 2**62


def test_what_config_rewrite_wrote_is_there_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("# mine\nstreams:\n  stream_node_max_entries: 50\n")
    bench = make_engine()
    bench.engine.config = load(path, environ={})
    assert bench.execute("CONFIG SET stream-node-max-entries 60") is OK
    assert bench.execute("CONFIG REWRITE") is OK
    assert path.read_text().startswith("# mine")
    assert load(path, environ={}).settings.streams.stream_node_max_entries == 60


def test_config_rewrite_without_a_file_is_refused() -> None:
    error = make_engine().execute("CONFIG REWRITE")
    assert line(error) == "ERR The server is running without a config file"


def test_info_shows_the_sections_asked_for_and_nothing_for_an_unknown_one() -> None:
    bench = make_engine()
    assert bench.execute("INFO cluster").text == b"# Cluster\r\ncluster_enabled:0\r\n"
    assert bench.execute("INFO nonesuch").text == b""
    everything = bench.execute("INFO everything").text
    assert b"# Commandstats" in everything
    assert b"# Commandstats" not in bench.execute("INFO").text


def test_info_counts_calls_failures_and_refusals_of_each_command() -> None:
    bench = make_engine()
    bench.execute("CONFIG GET port")
    bench.execute("CONFIG SET nonesuch 1")
    bench.execute("CONFIG SET")
    counted = info(bench, "commandstats", "errorstats", "stats")
    assert counted["cmdstat_config|get"].startswith("calls=1,")
    assert counted["cmdstat_config|set"].startswith("calls=1,")
    assert counted["cmdstat_config|set"].endswith("rejected_calls=1,failed_calls=1")
    assert counted["errorstat_ERR"] == "count=2"
    assert counted["total_error_replies"] == "2"


def test_resetstat_sets_the_counters_back() -> None:
    bench = make_engine()
    bench.execute("XADD s * f v")
    bench.execute("NONESUCH")
    bench.execute("XLEN s")
    bench.execute("CONFIG RESETSTAT")
    counted = info(bench, "stats", "persistence")
    assert counted["total_error_replies"] == "0"
    assert counted["keyspace_hits"] == "0"
    assert counted["rdb_changes_since_last_save"] == "1"


def test_info_counts_keys_somebody_waits_for() -> None:
    bench = make_engine()
    assert bench.execute("XREAD BLOCK 0 STREAMS a b $ $") is NO_REPLY
    other = bench.connect()
    counted = bench.execute("INFO clients", client=other).text
    assert b"total_blocking_keys:2\r\n" in counted
    assert b"total_blocking_keys_on_nokey:0\r\n" in counted
    assert b"clients_in_timeout_table:0\r\n" in counted


def test_operations_a_second_follow_the_load() -> None:
    bench = make_engine()
    for _ in range(20):
        for _ in range(50):
            bench.execute("TIME")
        bench.advance(100)
    assert info(bench, "stats")["instantaneous_ops_per_sec"] == "500"


def test_used_memory_is_the_process_without_data_and_the_data() -> None:
    host = Host()
    host.baseline_bytes = 10_000_000
    bench = make_engine(host=host)
    before = int(info(bench, "memory")["used_memory"])
    bench.execute("XADD", "s", "*", "f", "v" * 100_000)
    after = int(info(bench, "memory")["used_memory"])
    assert before == 10_000_000
    assert 100_000 < after - before < 110_000


def test_debug_is_refused_unless_it_is_allowed() -> None:
    assert line(make_engine().execute("DEBUG SLEEP 1")).startswith("ERR DEBUG command not allowed")


def test_debug_sleep_and_log_reach_the_process() -> None:
    host = RecordingHost()
    bench = debugging(host)
    assert bench.execute("DEBUG SLEEP 0.5") is OK
    assert bench.execute("DEBUG SLEEP garbage") is OK
    assert bench.execute("DEBUG LOG hello") is OK
    assert host.asked == [0.5, b"hello"]


def test_debug_pause_cron_stops_what_is_done_now_and_then() -> None:
    bench = debugging()
    bench.execute("DEBUG PAUSE-CRON 1")
    for _ in range(3):
        bench.execute("TIME")
        bench.advance(100)
    assert info(bench, "stats")["instantaneous_ops_per_sec"] == "0"
    bench.execute("DEBUG PAUSE-CRON 0")
    for _ in range(3):
        bench.execute("TIME")
        bench.advance(100)
    assert info(bench, "stats")["instantaneous_ops_per_sec"] != "0"


def test_equal_data_has_an_equal_digest_whatever_the_order() -> None:
    requests = [f"XADD {key} {number}-0 f {key}" for key in "ab" for number in (1, 2)]
    digests = []
    for order in (requests, requests[2:] + requests[:2]):
        bench = debugging()
        for request in order:
            bench.execute(request)
        digests.append(bench.execute("DEBUG DIGEST"))
    assert digests[0] == digests[1]
    assert bench.execute("DEBUG DIGEST-VALUE a")[0] != bench.execute("DEBUG DIGEST-VALUE b")[0]
    bench.execute("XADD a 3-0 f v")
    assert bench.execute("DEBUG DIGEST") != digests[0]
    assert debugging().execute("DEBUG DIGEST").text == b"0" * 40
