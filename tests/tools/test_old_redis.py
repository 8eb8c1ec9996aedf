"""Moves to and from Redis 6.2: payloads of version 9, no PEXPIRETIME, no counters."""

from __future__ import annotations

import subprocess
from contextlib import suppress

import pytest

from geostream.tools import live_target
from geostream.tools.errors import ToolError
from geostream.tools.live import Server as Connection
from geostream.tools.places import place_of
from tests.support import servers
from tests.support.servers import NotInstalled, Server, free_port
from tests.tools.places import everything, rich, run, write
from tests.tools.test_live_moves import small, without_times

pytestmark = pytest.mark.real_redis

ANSWERS_WITHIN = 600  # tries to connect, each waiting for the process a little
CLOCK_MS = 2000  # an expiry told as a time to live comes back about as exactly


@pytest.fixture
def old(tmp_path):
    """The URL of a Redis 6.2."""
    try:
        binary = servers.redis_cli_binary().removesuffix("redis-cli") + "redis-server"
    except NotInstalled as missing:
        pytest.skip(str(missing))
    port = free_port()
    log = tmp_path / "old.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [binary, "--port", str(port), "--save", "", "--dir", str(tmp_path)], stdout=out
        )
    url = f"redis://127.0.0.1:{port}"
    for _ in range(ANSWERS_WITHIN):
        with suppress(ToolError):
            Connection(place_of(url)).close()
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    yield url
    Server("redis-6.2", port, process, log).stop()


def split(told):
    """Return values, and expiries apart from them."""
    values = {db: {key: one[0] for key, one in keys.items()} for db, keys in told.items()}
    expiries = {
        (db, key): one[1] for db, keys in told.items() for key, one in keys.items() if one[1]
    }
    return values, expiries


def test_a_store_comes_back_with_what_that_version_keeps(old, tmp_path):
    write(tmp_path / "a.db", rich())
    result = run("import", tmp_path / "a.db", "--into", old)
    assert result.exit_code == 0, result.output
    assert "streams' counters of entries added, read and deleted" in result.stdout
    result = run("export", tmp_path / "b.db", "--from", old)
    assert result.exit_code == 0, result.output
    values, expiries = split(everything(tmp_path / "b.db", 9))
    expected, expected_expiries = split(everything(rich(), 9))
    assert values == expected
    assert expiries.keys() == expected_expiries.keys()
    for key, at_ms in expiries.items():
        assert abs(at_ms - expected_expiries[key]) < CLOCK_MS


def test_keys_can_be_made_by_commands_there_too(old, tmp_path, monkeypatch):
    monkeypatch.setattr(live_target, "VERSIONS", ())
    write(tmp_path / "a.db", small())
    assert run("import", tmp_path / "a.db", "--into", old).exit_code == 0
    assert run("export", tmp_path / "b.db", "--from", old).exit_code == 0
    values, _ = split(without_times(everything(tmp_path / "b.db", 9)))
    assert values == split(without_times(everything(small(), 9)))[0]
