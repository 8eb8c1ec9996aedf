"""always: nobody is told what a crash could take back, and many share one sync."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

import pytest

from tests.crash.failing import persistence
from tests.support.both import until
from tests.support.wire import NULL_BULK, Client, Error, Simple, plain

OK = Simple(b"OK")
SILENCE_S = 0.3  # how long it is watched that nothing comes
STALL_LIMIT_S = 30.0
EVERYSEC_LOSES_S = 2.0
SLACK_S = 2.0  # a machine that is busy looks late
STALLED_S = 2.0  # without a reply for so long it is made to wait


def assert_silent(*clients: Client) -> None:
    """Fail if any of them is sent something."""
    sockets = [client._socket for client in clients]
    assert not select.select(sockets, [], [], SILENCE_S)[0]


def until_reached(control, method):
    until(lambda: control.is_reached(method), f"{method} is called")


@pytest.fixture(params=["sqlite", "aof"])
def server(request, serve):
    return serve(request.param, "appendfsync=always")


@pytest.mark.parametrize("method", ["append", "sync"])
def test_neither_the_writer_nor_a_reader_is_told_before_it_is_on_disk(server, control, method):
    writer, reader, counter = (server.client() for _ in range(3))
    assert writer.call("XADD", "s", "1-0", "f", "v") == b"1-0"
    control.block(method)
    writer.send("XADD", "s", "2-0", "f", "v")
    until_reached(control, method)
    reader.send("XRANGE", "s", "-", "+")
    counter.send("XLEN", "s")
    assert_silent(writer, reader, counter)
    control.heal(method)
    assert writer.read() == b"2-0"
    assert [entry_id for entry_id, _ in reader.read()] == [b"1-0", b"2-0"]
    assert counter.read() == 2


def test_a_reader_that_waits_is_not_woken_before_it_is_on_disk(server, control):
    writer, waiter, subscriber = (server.client() for _ in range(3))
    writer.call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    subscriber.call("SUBSCRIBE", "channel")
    waiter.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">")
    until(lambda: b"blocked_clients:1" in writer.call("INFO", "clients"), "it waits")
    control.block("sync")
    writer.send_raw(b"XADD s 1-0 f v\r\nPUBLISH channel news\r\n")
    until_reached(control, "sync")
    assert_silent(writer, waiter, subscriber)
    control.heal("sync")
    assert writer.read() == b"1-0"
    assert plain(waiter.read()) == [[b"s", [[b"1-0", [b"f", b"v"]]]]]
    assert plain(subscriber.read())[2] == b"news"


def test_a_crash_while_nobody_was_told_may_take_it_back(server, control, serve, request):
    writer, reader = server.client(), server.client()
    assert writer.call("SET", "k", "old") == OK
    control.block("append")
    writer.send("SET", "k", "new")
    until_reached(control, "append")
    reader.send("GET", "k")
    assert_silent(writer, reader)
    server.kill()
    control.heal("append")
    inner = request.node.callspec.params["server"]
    assert serve(inner, "appendfsync=always").client().call("GET", "k") == b"old"


def test_a_transaction_is_told_when_all_of_it_is_on_disk(server, control):
    writer, reader = server.client(), server.client()
    control.block("sync")
    writer.send_raw(b"MULTI\r\nSET a 1\r\nSET b 2\r\nEXEC\r\n")
    until_reached(control, "sync")
    reader.send("MGET", "a", "b")
    assert_silent(reader)
    control.heal("sync")
    assert [writer.read() for _ in range(4)][-1] == [OK, OK]
    assert plain(reader.read()) == [b"1", b"2"]


def test_many_writers_share_one_sync(server, control):
    clients = [server.client() for _ in range(50)]
    control.block("sync")
    clients[0].send("SET", "first", "1")
    until_reached(control, "sync")
    for number, client in enumerate(clients[1:]):
        client.send_raw(b"".join(b"XADD s%d * f %d\r\n" % (number, n) for n in range(10)))
    assert_silent(*clients)
    control.heal("sync")
    assert clients[0].read() == OK
    for client in clients[1:]:
        assert all(isinstance(client.read(), bytes) for _ in range(10))
    # One for the first; one for all that came meanwhile, or a few if they did not come at once.
    assert int(persistence(clients[0])["persistence_faulty_syncs"]) <= 5


def test_one_pipeline_needs_one_sync(server):
    client = server.client()
    before = int(persistence(client)["persistence_faulty_syncs"])
    assert all(client.pipeline([("XADD", "s", "*", "f", n) for n in range(100)]))
    assert int(persistence(client)["persistence_faulty_syncs"]) - before <= 5


def test_whoever_waits_when_the_disk_fails_is_told_that_it_is_not_on_disk(server, control):
    writer, reader = server.client(), server.client()
    control.block("sync")
    writer.send("SET", "k", "v")
    until_reached(control, "sync")
    reader.send("ECHO", "nothing about data")
    assert_silent(writer, reader)
    control.fail("sync", "EIO")
    refused = writer.read()
    assert isinstance(refused, Error)
    assert refused.line.startswith(b"MISCONF")
    assert reader.read() == b"nothing about data"


def test_all_writers_of_one_turn_are_told_when_the_disk_fails(server, control):
    first, *others = [server.client() for _ in range(4)]
    control.block("sync")
    first.send("SET", "k", "v")
    until_reached(control, "sync")
    os.kill(server.process_id, signal.SIGSTOP)  # so that all sockets are readable at once
    for number, client in enumerate(others):
        client.send("SET", f"k{number}", "v")
    os.kill(server.process_id, signal.SIGCONT)
    assert_silent(first, *others)
    control.fail("sync", "EIO")
    for client in (first, *others):
        refused = client.read()
        assert isinstance(refused, Error)
        assert refused.line.startswith(b"MISCONF")


def test_waitaof_waits_for_the_disk_also_with_no(serve, control):
    server = serve("aof", "appendfsync=no")
    client = server.client()
    control.block("sync")
    assert client.call("SET", "k", "v") == OK
    client.send("WAITAOF", "1", "0", "0")
    until_reached(control, "sync")
    assert_silent(client)
    control.heal("sync")
    assert client.read() == [1, 0]


@pytest.mark.slow
@pytest.mark.parametrize("inner", ["sqlite", "aof"])
def test_with_everysec_no_more_than_two_seconds_are_acknowledged_ahead_of_the_disk(
    serve, control, inner
):
    server = serve(inner, "appendfsync=everysec")
    writer, counter = server.client(), 0
    acknowledged_s: list[float] = []

    def write() -> None:
        nonlocal counter
        while True:
            writer.send("XADD", "s", f"{counter + 1}-0", "f", "v")
            counter += 1
            if not select.select([writer._socket], [], [], STALLED_S)[0]:
                return  # it is made to wait
            assert isinstance(writer.read(), bytes)
            acknowledged_s.append(time.monotonic())

    thread = threading.Thread(target=write)
    thread.start()
    until(lambda: len(acknowledged_s) > 100, "it writes")
    control.block("append")
    thread.join(STALL_LIMIT_S)
    assert not thread.is_alive(), "it was never made to wait"
    server.kill()
    control.heal("append")
    held = serve(inner).client().call("XLEN", "s")
    assert held < len(acknowledged_s)  # or this shows nothing
    lost_s = acknowledged_s[-1] - acknowledged_s[held]
    assert lost_s < EVERYSEC_LOSES_S + SLACK_S


def test_nothing_waits_where_nothing_is_appended(serve, control):
    client = serve("rdb", "appendfsync=always").client()
    assert client.call("SET", "k", "v") == OK
    assert client.call("GET", "missing") is NULL_BULK
