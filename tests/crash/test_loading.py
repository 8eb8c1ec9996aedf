"""While the data is loaded, the server answers: what needs no data, and -LOADING."""

from __future__ import annotations

import signal

import pytest

from tests.crash.failing import persistence
from tests.support.both import until
from tests.support.wire import Client, ConnectionLost, Error

LOADING = Error(b"LOADING Redis is loading the dataset in memory")


@pytest.fixture(params=["sqlite", "aof", "rdb"])
def loading(request, serve, control):
    """A server that has begun to load and will not end before the control says so."""
    server = serve(request.param, "save=3600 1")
    client = server.client()
    for number in range(200):
        client.call("XADD", f"s{number}", "1-0", "f", "v" * 1000)
    assert server.stop() == 0
    control.block("load")
    server = serve(request.param, "save=3600 1", ready=False)
    until(lambda: control.is_reached("load"), "it loads", 20)
    return server


def first_client(server):
    """Return a connection to a server that may just be binding its port."""
    found: list[Client] = []

    def connects() -> bool:
        try:
            found.append(server.client())
        except OSError:
            return False
        return True

    until(connects, "it accepts clients")
    return found[0]


def test_commands_that_need_data_are_refused_until_it_is_there(loading, control):
    client = first_client(loading)
    for request in (
        ["PING"],
        ["GET", "k"],
        ["XADD", "s1", "*", "f", "v"],
        ["XLEN", "s1"],
        ["EXISTS", "s1"],
        ["DBSIZE"],
        ["KEYS", "*"],
        ["SAVE"],
        ["BGSAVE"],
        ["FLUSHALL"],
    ):
        assert client.call(*request) == LOADING, request
    assert client.call("SELECT", "1") != LOADING
    assert client.call("CLIENT", "ID") != LOADING
    assert client.call("CONFIG", "GET", "appendfsync") != LOADING
    assert client.call("COMMAND", "COUNT") != LOADING
    control.heal("load")
    loading.wait_until_ready()
    client.call("SELECT", "0")
    assert client.call("DBSIZE") == 200
    assert client.call("XLEN", "s199") == 1
    assert persistence(client)["loading"] == "0"


def test_info_says_how_far_it_is(loading, control):
    told = persistence(first_client(loading))
    assert told["loading"] == "1"
    assert int(told["loading_start_time"]) > 0
    assert int(told["loading_total_bytes"]) > 1000
    assert 0 <= int(told["loading_loaded_bytes"]) <= int(told["loading_total_bytes"])
    assert 0.0 <= float(told["loading_loaded_perc"]) <= 100.0
    assert int(told["loading_eta_seconds"]) >= 0


def test_a_transaction_cannot_be_begun_before_the_data_is_there(loading, control):
    client = first_client(loading)
    client.call("MULTI")
    assert client.call("SET", "k", "v") == LOADING
    assert isinstance(client.call("EXEC"), Error)
    control.heal("load")
    loading.wait_until_ready()
    assert client.call("EXISTS", "k") == 0


def test_sigterm_while_loading_ends_it_and_harms_nothing(loading, control, serve, request):
    client = first_client(loading)
    loading.signal(signal.SIGTERM)
    with pytest.raises(ConnectionLost):
        while True:
            client.call("PING")
    control.heal("load")
    assert loading.wait() == 0, loading.told()[-3000:]
    again = serve(request.node.callspec.params["loading"]).client()
    assert again.call("DBSIZE") == 200
