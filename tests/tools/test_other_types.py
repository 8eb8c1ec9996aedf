"""Commands of types that are not kept here, in append-only files of real servers."""

from __future__ import annotations

import pytest

from tests.support.servers import REDIS, VALKEY, NotInstalled, start
from tests.support.wire import Client
from tests.tools.places import everything, run


def log(*lines):
    """Return an append-only file of some commands."""
    return b"".join(
        b"*%d\r\n" % len(line.split())
        + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in line.encode().split())
        for line in lines
    )


def imported(tmp_path, *lines):
    (tmp_path / "a.aof").write_bytes(log("SELECT 0", *lines))
    return run("import", tmp_path / "a.aof", "--into", tmp_path / "b.db")


def test_they_are_left_out_and_counted(tmp_path):
    result = imported(
        tmp_path, "SET a 1", "HSET h f v", "hset h g v", "RPUSH l 1", "XADD s 1-1 f v", "DEL h"
    )
    assert result.exit_code == 0, result.output
    assert "not kept here: commands for hash: 2" in result.stdout
    assert "not kept here: commands for list: 1" in result.stdout
    assert set(everything(tmp_path / "b.db")[0]) == {b"a", b"s"}


@pytest.mark.parametrize("line", ["SUNIONSTORE s x y", "zinterstore s 1 x", "ZRANGESTORE s x 0 1"])
def test_what_they_take_the_place_of_is_gone(line, tmp_path):
    result = imported(tmp_path, "XADD s 1-1 f v", "XADD t 1-1 f v", line)
    assert result.exit_code == 0, result.output
    assert set(everything(tmp_path / "b.db")[0]) == {b"t"}


@pytest.mark.parametrize("line", ["SETBIT a 1 1", "PFADD a 1", "NONSENSE", "EVAL x 0"])
def test_commands_that_may_have_changed_strings_or_anything_stop_the_move(line, tmp_path):
    result = imported(tmp_path, "SET a 1", line, "SET b 1")
    assert result.exit_code == 1
    assert f"Unknown command '{line.split()[0]}'" in result.stderr
    assert not (tmp_path / "b.db").exists()


@pytest.mark.real_redis
@pytest.mark.parametrize("name", [REDIS, VALKEY])
def test_the_log_of_a_real_server_with_all_types_gives_its_streams_and_strings(name, tmp_path):
    directory = tmp_path / "server"
    try:
        server = start(name, directory, "--appendonly", "yes")
    except NotInstalled as missing:
        pytest.skip(str(missing))
    client = Client(server.port)
    for line in (
        "HSET h f v",
        "HEXPIRE h 1000 FIELDS 1 f" if name == REDIS else "HDEL h g",
        "RPUSH l a b c",
        "LMOVE l m LEFT RIGHT",
        "SADD x 1 2 3",
        "SMOVE x y 1",
        "SPOP x 1",
        "ZADD z 1 a 2 b",
        "ZPOPMIN z",
        "GEOADD geo 13.3 38.1 Palermo",
        "GEOSEARCHSTORE g2 geo FROMLONLAT 13 38 BYRADIUS 200 km",
        "LPOP l",
        "RPOPLPUSH l m",
        "SINTERSTORE both x y",
        "XADD s 1-1 f v",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g c STREAMS s >",
        "SET text v",
        "EXPIRE text 1000",
        "EXPIRE h 1000",
        "SUNIONSTORE text2 x y",
        "SORT l ALPHA",
    ):
        client.call(*line.split())
    client.close()
    server.stop()
    result = run("import", directory / "appendonlydir", "--into", tmp_path / "b.db")
    assert result.exit_code == 0, result.output
    assert set(everything(tmp_path / "b.db")[0]) == {b"s", b"text"}
    assert "did nothing" not in result.stdout
