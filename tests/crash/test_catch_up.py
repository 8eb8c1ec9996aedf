"""Several plugins at once: those that were not loaded catch up, whatever they held."""

from __future__ import annotations

import json

import pytest

from tests.crash.failing import RECOVERY_LIMIT_S, logged, wait_until_synced
from tests.support.both import until
from tests.support.wire import Simple

OK = Simple(b"OK")
MANY = 300


def fill(client, first, count=MANY):
    """Add streams that take a while to write."""
    requests = [("XADD", f"s{number}", "1-0", "f", "x" * 20_000) for number in range(count)]
    assert all(reply == b"1-0" for reply in client.pipeline(requests[first:]))


def settings(*plugins):
    return f"persistence.plugins={json.dumps(plugins)}", "appendfsync=always", "save=3600 1000000"


@pytest.mark.parametrize(("alone", "other"), [("sqlite", "aof"), ("aof", "sqlite")])
def test_a_plugin_that_holds_something_older_gets_everything_and_holds_nobody_up(
    nursery, tmp_path, alone, other
):
    server = nursery.start(tmp_path, *settings("aof", "sqlite"))
    client = server.client()
    assert client.call("XADD", "s1", "0-1", "f", "is gone later") == b"0-1"
    assert client.call("SET", "gone", "later") == OK
    server.kill()

    server = nursery.start(tmp_path, *settings(other))
    client = server.client()
    assert client.call("DEL", "s1", "gone") == 2
    fill(client, 0)
    server.kill()

    server = nursery.start(tmp_path, *settings(other, alone))
    client = server.client()
    for number in range(20):  # while the other one catches up
        assert client.call("XADD", f"s{number}", "2-0", "f", "v") == b"2-0"
    until(lambda: logged(server, "snapshot written"), "it caught up", RECOVERY_LIMIT_S)
    assert client.call("SET", "last", "one") == OK
    server.kill()

    server = nursery.start(tmp_path, *settings(alone))
    client = server.client()
    assert client.call("DBSIZE") == MANY + 1
    assert [client.call("XLEN", f"s{number}") for number in (0, 19, 20)] == [2, 2, 1]
    assert client.call("GET", "last") == b"one"


@pytest.mark.parametrize(("inner", "other"), [("sqlite", "aof"), ("aof", "sqlite")])
def test_one_that_cannot_catch_up_tries_again(nursery, tmp_path, control, inner, other):
    server = nursery.start(tmp_path, *settings(other))
    client = server.client()
    fill(client, 0, 3)
    server.kill()

    faulty = {"use": "tests.support.faults:Faulty", "inner": inner}
    faulty["control"] = str(control.directory)
    control.fail("snapshot", "ENOSPC")
    server = nursery.start(tmp_path, *settings(other, faulty))
    client = server.client()
    until(lambda: logged(server, "a snapshot failed"), "it fails", RECOVERY_LIMIT_S)
    assert client.call("XADD", "s1", "2-0", "f", "v") == b"2-0"
    control.heal("snapshot")
    until(lambda: logged(server, "snapshot written"), "it caught up", RECOVERY_LIMIT_S)
    assert client.call("SET", "last", "one") == OK
    wait_until_synced(client)
    server.kill()
    client = nursery.start(tmp_path, *settings(inner)).client()
    assert [client.call("XLEN", f"s{number}") for number in range(3)] == [1, 2, 1]
    assert client.call("GET", "last") == b"one"
