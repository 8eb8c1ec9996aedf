"""Starting, stopping, and the limits of what clients may take."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import time

import pytest

from tests.support import servers
from tests.support.both import until
from tests.support.info import info
from tests.support.wire import Client, Error, Simple, pack

STOP_LIMIT_S = 20.0
PONG = Simple(b"PONG")


@pytest.fixture
def dial():
    """A function that opens a connection to a server, closed after the test."""
    opened = []

    def open_one(server):
        opened.append(Client(server.port))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def start(tmp_path):
    """A function that starts a server of its own with the options given."""
    started = []

    def start_one(*options):
        started.append(servers.start(servers.GEOSTREAM, tmp_path / str(len(started)), *options))
        return started[-1]

    yield start_one
    for server in started:
        server.stop()


def stop(server, number=signal.SIGTERM):
    """Send a signal; return the exit status and how long it took."""
    began_s = time.monotonic()
    server.process.send_signal(number)
    status = server.process.wait(STOP_LIMIT_S)
    return status, time.monotonic() - began_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(start, dial, number):
    server = start()
    dial(server).call("PING")
    status, _ = stop(server, number)
    assert status == 0


def test_a_thousand_parked_clients_do_not_hold_it_up(start, dial):
    server = start()
    control = dial(server)
    parked = [dial(server) for _ in range(1000)]
    for client in parked:
        client.send("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
    until(lambda: info(control, "blocked_clients") == 1000, "all wait", 20)
    status, took_s = stop(server)
    assert status == 0
    assert took_s < STOP_LIMIT_S


def test_shutdown_hangs_up_without_a_reply_and_ends_it(start, dial):
    server = start()
    client = dial(server)
    client.send_raw(pack(["SHUTDOWN", "NOSAVE"]) + pack(["ECHO", "what is sent behind is not run"]))
    assert client.is_closed()
    assert server.process.wait(STOP_LIMIT_S) == 0


def test_the_port_is_free_again_after_a_stop(start):
    server = start()
    stop(server)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_a_client_over_maxclients_is_told_so(start, dial):
    server = start("--set", "maxclients=2")
    kept = [dial(server), dial(server)]
    for client in kept:
        client.call("PING")
    refused = dial(server)
    assert refused.read() == Error(b"ERR max number of clients reached")
    assert refused.is_closed()
    kept.pop().close()
    until(lambda: info(kept[0], "connected_clients") == 1, "one is gone")
    assert dial(server).call("PING") == PONG


def test_a_client_that_does_not_read_its_replies_is_dropped(start, dial):
    server = start("--set", "max-unsent-bytes=1mb")
    control = dial(server)
    control.call("SET", "big", b"x" * 1_000_000)
    greedy = dial(server)
    with contextlib.suppress(OSError):  # it may be gone before everything is sent
        greedy.send_raw(pack(["GET", "big"]) * 1000)
    assert control.call("PING") == PONG
    until(lambda: info(control, "connected_clients") == 1, "it is gone")


def test_a_pipeline_larger_than_all_buffers_is_answered_when_it_is_read(client):
    client.call("SET", "some", b"x" * 1000)
    client.send_raw(pack(["GET", "some"]) * 20_000)
    assert all(client.read() == b"x" * 1000 for _ in range(20_000))


def test_others_are_served_while_a_client_does_not_read(connect):
    greedy, other = connect(), connect()
    other.call("SET", "big", b"x" * 1_000_000)
    greedy.send_raw(pack(["GET", "big"]) * 20)
    for number in range(100):
        assert other.call("ECHO", str(number)) == str(number).encode()
    for _ in range(20):
        assert len(greedy.read()) == 1_000_000


@pytest.mark.slow
def test_ten_thousand_idle_clients_are_held(start, dial):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 10_100:
        pytest.skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 10_100), hard))
    server = start("--set", "maxclients=10050")
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10_000)]
    control = dial(server)
    until(lambda: info(control, "connected_clients") == 10_001, "all are in", 20)
    idle[0].sendall(b"PING\r\n")
    assert idle[0].recv(100) == b"+PONG\r\n"
    for sock in idle:
        sock.close()
    until(lambda: info(control, "connected_clients") == 1, "all are gone", 20)


def test_an_idle_client_is_hung_up_on_after_the_timeout(start, dial):
    server = start("--set", "timeout=1", "--set", "hz=100")
    assert dial(server).is_closed()


def test_nothing_a_client_sends_ends_the_process(connect):
    for junk in (
        b"*1000000000\r\n",
        b"\x00" * 1000,
        b"*1\r\n$-5\r\n",
        b'GET "\r\n',
        b"*2\r\n*1\r\n",
    ):
        connect().send_raw(junk)
    assert connect().call("PING") == PONG
