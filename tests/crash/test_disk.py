"""A disk that fails: writes are refused, reads go on, and nothing acknowledged is lost.

The disk fails by the wrapper ``Faulty`` (its calls raise what the system would), by a limit that
the system puts on the size of files, and by a small file system that is full, where mounting
one is allowed.
"""

from __future__ import annotations

import shutil
import sys
import time

import pytest

from tests.crash.failing import (
    RECOVERY_LIMIT_S,
    Writer,
    connected,
    logged,
    persistence,
    wait_until_synced,
)
from tests.support.both import until
from tests.support.faults import largest_file, limit_files_of
from tests.support.servers import free_port
from tests.support.wire import NULL_BULK, Error, Simple

OK = Simple(b"OK")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("method", "error", "reason"),
    [
        ("append", "ENOSPC", "No space left on device"),
        ("append", "EIO", "Input/output error"),
        ("sync", "EIO", "Input/output error"),
    ],
)
@pytest.mark.parametrize("policy", ["always", "everysec"])
@pytest.mark.parametrize("inner", ["sqlite", "aof"])
def test_writes_are_refused_while_the_disk_fails_and_nothing_acknowledged_is_lost(
    serve, control, inner, policy, method, error, reason
):
    server = serve(inner, f"appendfsync={policy}")
    client, other = server.client(), server.client()
    writer = Writer(client)
    for _ in range(5):
        assert writer.add()
    client.call("XGROUP", "CREATE", "s", "g", "0")
    began_s = int(time.time())
    control.fail(method, error)

    writer.until_refused()
    refusal = other.call("SET", "k", "v")
    assert isinstance(refusal, Error)
    assert refusal.line.startswith(b"MISCONF Errors writing to the disk")
    assert reason.encode() in refusal.line
    assert isinstance(other.call("XACK", "s", "g", "1-0"), Error)
    assert other.call("XLEN", "s") >= 5
    assert other.call("XRANGE", "s", "-", "+", "COUNT", "1")[0][0] == b"1-0"
    assert other.call("GET", "k") is NULL_BULK
    told = persistence(other)
    assert told["persistence_status"] == "err"
    assert reason in told["persistence_failing_reason"]
    assert began_s <= int(told["persistence_failing_since"]) <= int(time.time())
    until(lambda: logged(server, "writes are refused"), "it is logged")
    refused = logged(server, "writes are refused")
    assert len(refused) == 1
    assert reason in str(refused[0]["reason"])

    control.heal(method)
    writer.until_acknowledged()
    assert persistence(other)["persistence_status"] == "ok"
    until(lambda: logged(server, "writes are served"), "it is logged")
    assert len(logged(server, "writes are served")) == len(logged(server, "writes are refused"))
    assert other.call("SET", "k", "v") == OK
    if policy == "everysec":
        wait_until_synced(other)
    server.kill()
    again = serve(inner).client()
    writer.check(again)
    assert again.call("GET", "k") == b"v"


@pytest.mark.parametrize("inner", ["sqlite", "aof"])
def test_while_syncing_fails_everything_is_not_written_anew_all_the_time(serve, control, inner):
    server = serve(inner, "appendfsync=always")
    writer = Writer(server.client())
    control.fail("sync", "EIO")
    writer.until_refused()
    other = server.client()
    until(lambda: logged(server, "snapshot"), "a snapshot was tried", RECOVERY_LIMIT_S)
    tried_s = time.monotonic()
    until(lambda: time.monotonic() - tried_s > 1.0, "a second has passed")
    assert len(logged(server, "snapshot")) <= 2
    assert persistence(other)["persistence_status"] == "err"


def test_a_snapshot_that_fails_refuses_writes_until_one_succeeds(serve, control):
    server = serve("rdb", "save=3600 1000")
    client = server.client()
    writer = Writer(client)
    assert writer.add()
    control.fail("snapshot", "ENOSPC")
    client.call("BGSAVE")
    until(lambda: not writer.add(), "writes are refused")
    assert b"unable to persist to disk" in writer.refusals[0]
    assert client.call("XLEN", "s") >= 1
    told = persistence(client)
    assert told["rdb_last_bgsave_status"] == "err"
    assert told["persistence_status"] == "err"
    until(lambda: logged(server, "a snapshot failed"), "it is logged")
    assert "No space left" in str(logged(server, "a snapshot failed")[0]["reason"])
    assert isinstance(client.call("SAVE"), Error)
    control.heal("snapshot")
    assert client.call("SAVE") == OK
    assert persistence(client)["rdb_last_bgsave_status"] == "ok"
    assert writer.add()
    assert client.call("SAVE") == OK
    server.kill()
    writer.check(serve("rdb").client())


def test_writes_go_on_while_snapshots_fail_if_that_is_wanted(serve, control):
    server = serve("rdb", "save=3600 1000", "stop-writes-on-bgsave-error=no")
    client = server.client()
    writer = Writer(client)
    control.fail("snapshot", "ENOSPC")
    assert writer.add()
    client.call("BGSAVE")
    until(lambda: persistence(client)["rdb_last_bgsave_status"] == "err", "it failed")
    assert writer.add()


@pytest.mark.parametrize("policy", ["always", "everysec"])
@pytest.mark.parametrize("plugin", ["sqlite", "aof"])
def test_a_file_that_may_not_grow_refuses_writes_until_it_may(nursery, tmp_path, plugin, policy):
    settings = (f"persistence.plugins={plugin}", f"appendfsync={policy}")
    server = nursery.start(tmp_path, *settings)
    client = server.client()
    writer = Writer(client, "x" * 30_000)
    for _ in range(10):
        assert writer.add()
    wait_until_synced(client)
    limit_files_of(server.process_id, largest_file(tmp_path) + 100_000)
    writer.until_refused()
    assert client.call("XLEN", "s") >= 10
    assert persistence(client)["persistence_status"] == "err"
    limit_files_of(server.process_id, None)
    writer.until_acknowledged()
    wait_until_synced(client)
    server.kill()
    writer.check(nursery.start(tmp_path, *settings).client())


@pytest.mark.parametrize("plugin", ["sqlite", "aof"])
def test_a_full_file_system_refuses_writes_until_there_is_room(
    small_disk, nursery, tmp_path, plugin
):
    settings = (f"persistence.plugins={plugin}", "appendfsync=always")
    port = free_port()
    command = [sys.executable, "-m", "geostream", "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--dir", str(small_disk.place)]
    for setting in settings:
        command += ["--set", setting]
    process_id = int(small_disk.do(f"{' '.join(command)} >{tmp_path}/log 2>&1 & echo $!"))
    with connected(port) as client:
        writer = Writer(client, "x" * 10_000)
        for _ in range(20):
            assert writer.add()
        filler = small_disk.seen_from_here / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while file.write(b"\0" * 4096):
                continue
        writer.until_refused()
        assert client.call("XLEN", "s") >= 20
        assert persistence(client)["persistence_status"] == "err"
        filler.unlink()
        writer.until_acknowledged()
    small_disk.do(f"kill -KILL {process_id}; echo done")
    shutil.copytree(small_disk.seen_from_here, tmp_path / "copy")
    writer.check(nursery.start(tmp_path / "copy", *settings).client())
