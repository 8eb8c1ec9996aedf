"""SAVE and its kin, the append-only file switched on and off, and what a restart finds."""

from __future__ import annotations

import pytest

from tests.support.both import until
from tests.support.servers import GEOSTREAM, Server
from tests.support.servers import start as start_server
from tests.support.wire import Client, Error, Simple

OK = Simple(b"OK")
LIMIT_S = 30


@pytest.fixture
def start(tmp_path):
    """Start a server on the test's directory, again and again; options are settings."""
    running: list[Server] = []
    clients: list[Client] = []

    def start_one(*settings):
        flags = [word for one in settings for word in ("--set", one)]
        running.append(start_server(GEOSTREAM, tmp_path, *flags))
        clients.append(Client(running[-1].port))
        return running[-1], clients[-1]

    yield start_one
    for client in clients:
        client.close()
    for server in running:
        server.stop()


def info(client):
    text = client.call("INFO", "persistence").decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def test_save_and_shutdown_nosave(start):
    server, client = start("persistence.plugins=rdb")
    client.call("XADD", "s", "1-1", "f", "v")
    assert client.call("SAVE") == OK
    assert info(client)["rdb_changes_since_last_save"] == "0"
    client.call("XADD", "s", "2-1", "f", "v")
    client.send("SHUTDOWN", "NOSAVE")
    assert server.process.wait(LIMIT_S) == 0
    _, client = start("persistence.plugins=rdb")
    assert client.call("XLEN", "s") == 1


def test_shutdown_saves_where_rules_ask_for_it(start):
    server, client = start("persistence.plugins=rdb")
    client.call("XADD", "s", "1-1", "f", "v")
    client.send("SHUTDOWN")
    assert server.process.wait(LIMIT_S) == 0
    server, client = start("persistence.plugins=rdb", "save=")
    client.call("XADD", "s", "2-1", "f", "v")
    client.send("SHUTDOWN")
    assert server.process.wait(LIMIT_S) == 0
    server, client = start("persistence.plugins=rdb", "save=")
    assert client.call("XLEN", "s") == 1
    client.call("XADD", "s", "2-1", "f", "v")
    client.send("SHUTDOWN", "SAVE")
    assert server.process.wait(LIMIT_S) == 0
    _, client = start("persistence.plugins=rdb")
    assert client.call("XLEN", "s") == 2


def test_shutdown_is_refused_while_nothing_can_be_saved(start, tmp_path):
    server, client = start("persistence.plugins=rdb")
    client.call("XADD", "s", "1-1", "f", "v")
    (tmp_path / "data" / "dump.rdb").mkdir()  # nothing can be renamed over it
    assert client.call("SHUTDOWN") == Error(b"ERR Errors trying to SHUTDOWN. Check logs.")
    assert client.call("XLEN", "s") == 1
    (tmp_path / "data" / "dump.rdb").rmdir()
    client.send("SHUTDOWN")
    assert server.process.wait(LIMIT_S) == 0


def test_bgsave_is_told_when_done(start):
    _, client = start("persistence.plugins=rdb")
    client.call("SET", "k", "v")
    assert client.call("BGSAVE") == Simple(b"Background saving started")
    until(lambda: info(client)["rdb_saves"] == "1", "it is saved")
    assert info(client)["rdb_last_bgsave_status"] == "ok"
    assert info(client)["rdb_changes_since_last_save"] == "0"


def test_the_log_can_be_switched_on_and_off(start):
    server, client = start("persistence.plugins=rdb")
    client.call("XADD", "s", "1-1", "f", "before")
    assert client.call("CONFIG", "SET", "appendonly", "yes") == OK
    client.call("XADD", "s", "2-1", "f", "while the base is written")
    until(lambda: info(client)["aof_rewrites"] == "1", "the base is there")
    client.call("XADD", "s", "3-1", "f", "after")
    assert client.call("WAITAOF", 1, 0, 0) == [1, 0]
    assert client.call("CONFIG", "SET", "appendonly", "no") == OK
    client.call("XADD", "s", "4-1", "f", "not in the log")
    assert client.call("WAITAOF", 1, 0, 0) == Error(
        b"ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
    )
    server.process.kill()
    server.process.wait(LIMIT_S)
    _, client = start("persistence.plugins=aof")
    assert client.call("XLEN", "s") == 3


def test_a_log_that_is_switched_off_can_be_switched_on_again_at_once(start):
    server, client = start("persistence.plugins=rdb", "appendonly=yes")
    client.call("XADD", "s", "1-1", "f", "v")
    for value in ("no", "yes"):
        assert client.call("CONFIG", "SET", "appendonly", value) == OK
    until(lambda: info(client)["aof_rewrites"] != "0", "the base is there")
    client.call("XADD", "s", "2-1", "f", "v")
    client.call("WAITAOF", 1, 0, 0)
    server.process.kill()
    server.process.wait(LIMIT_S)
    _, client = start("persistence.plugins=rdb", "appendonly=yes")
    assert client.call("XLEN", "s") == 2


def test_loading_the_log_anew_changes_nothing(start):
    _, client = start("persistence.plugins=aof", "enable-debug-command=yes")
    client.call("XADD", "s", "1-1", "f", "v")
    client.call("XGROUP", "CREATE", "s", "g", "0")
    client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
    before = client.call("XINFO", "STREAM", "s", "FULL")
    assert client.call("DEBUG", "LOADAOF") == OK
    assert client.call("XINFO", "STREAM", "s", "FULL") == before
    client.call("XADD", "s", "2-1", "f", "v")
    assert client.call("DEBUG", "LOADAOF") == OK
    assert client.call("XLEN", "s") == 2


def test_what_there_is_no_log_for_is_refused(start):
    _, client = start("persistence.plugins=sqlite", "enable-debug-command=yes")
    refusal = Error(b"ERR this server has no append-only file: CONFIG SET appendonly yes makes one")
    assert client.call("BGREWRITEAOF") == refusal
    assert client.call("DEBUG", "LOADAOF") == refusal
    assert client.call("SAVE") == OK, "everything is synced"


def test_waitaof_waits_for_the_disk_where_replies_do_not(start):
    _, client = start("persistence.plugins=sqlite", "appendfsync=no")
    client.call("XADD", "s", "1-1", "f", "v")
    assert client.call("WAITAOF", 1, 0, 0) == [1, 0]
    assert info(client)["persistence_batches_not_synced"] == "0"


def test_a_damaged_file_ends_the_start_with_its_place_and_what_to_do(start, tmp_path):
    server, client = start("persistence.plugins=rdb")
    client.call("SET", "k", "a value of some length")
    client.call("SAVE")
    server.stop()
    file = tmp_path / "data" / "dump.rdb"
    damaged = bytearray(file.read_bytes())
    damaged[-20] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(RuntimeError, match=r"dump\.rdb, byte \d+: .*geostream repair"):
        start("persistence.plugins=rdb")
    assert file.read_bytes() == damaged
