"""Real clients: redis-py, blocking and asynchronous, in both protocols, and redis-cli."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.support.servers import NotInstalled, Server, redis_cli_binary

LIMIT_S = 30


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def client(server: Server, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    with redis.Redis(port=server.port, protocol=request.param, decode_responses=True) as client:
        yield client


def entries(reply: Any, key: str) -> list[Any]:
    """Return a stream's entries from XREAD's reply, which redis-py shapes by protocol."""
    if isinstance(reply, dict):
        found = reply.get(key, [])
        return found[0] if found and isinstance(found[0], list) else found
    return dict(reply).get(key, [])


def test_writing_and_reading(client: redis.Redis) -> None:
    first = client.xadd("s", {"a": "1", "b": "2"})
    second = client.xadd("s", {"a": "2"}, id="99999999999999-1")
    assert second == "99999999999999-1"
    client.xadd("s", {"a": "3"}, id="99999999999999-2", maxlen=3, approximate=False)
    assert client.xadd("missing", {"a": "1"}, nomkstream=True) is None
    assert client.xlen("s") == 3
    assert client.xrange("s", count=1) == [(first, {"a": "1", "b": "2"})]
    assert client.xrevrange("s", count=1) == [("99999999999999-2", {"a": "3"})]
    assert client.xrange("s", min=f"({second}") == [("99999999999999-2", {"a": "3"})]
    found = entries(client.xread({"s": first}, count=1), "s")
    assert [tuple(entry) for entry in found] == [(second, {"a": "2"})]
    assert not client.xread({"s": "$"})
    assert not client.xread({"s": "$"}, block=1)
    assert client.xdel("s", first, first) == 1
    assert client.xtrim("s", maxlen=1, approximate=False) == 1
    assert client.xtrim("s", minid="99999999999999-9", approximate=False) == 1
    assert client.exists("s")
    assert client.type("s") == "stream"


def test_groups(client: redis.Redis) -> None:
    assert client.xgroup_create("s", "g", id="0", mkstream=True)
    with pytest.raises(redis.ResponseError, match="BUSYGROUP"):
        client.xgroup_create("s", "g")
    ids = [client.xadd("s", {"n": str(n)}, id=f"{n + 1}-0") for n in range(5)]
    assert client.xgroup_createconsumer("s", "g", "idle") == 1
    found = entries(client.xreadgroup("g", "a", {"s": ">"}, count=3), "s")
    assert [entry[0] for entry in found] == ids[:3]
    found = entries(client.xreadgroup("g", "b", {"s": ">"}, noack=True, count=1), "s")
    assert [entry[0] for entry in found] == ids[3:4]
    assert client.xack("s", "g", ids[0]) == 1
    summary = client.xpending("s", "g")
    assert summary["pending"] == 2
    assert summary["min"] == ids[1]
    assert summary["consumers"] == [{"name": "a", "pending": 2}]
    (row, _) = client.xpending_range("s", "g", min="-", max="+", count=10)
    assert (row["message_id"], row["consumer"], row["times_delivered"]) == (ids[1], "a", 1)
    claimed = client.xclaim("s", "g", "b", 0, [ids[1]])
    assert claimed == [(ids[1], {"n": "1"})]
    assert client.xclaim("s", "g", "b", 0, [ids[1]], justid=True) == [ids[1]]
    assert client.xautoclaim("s", "g", "c", 0, justid=True) == ids[1:3]
    cursor, claimed, deleted = client.xautoclaim("s", "g", "c", 0)
    assert (cursor, deleted) == ("0-0", [])
    assert [entry[0] for entry in claimed] == ids[1:3]
    assert client.xgroup_setid("s", "g", "0")
    assert client.xgroup_delconsumer("s", "g", "c") == 2
    assert client.xgroup_destroy("s", "g") == 1


def test_information(client: redis.Redis) -> None:
    for n in range(3):
        client.xadd("s", {"n": str(n)}, id=f"{n + 1}-0")
    client.xgroup_create("s", "g", id="0")
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    stream = client.xinfo_stream("s")
    assert stream["length"] == 3
    assert stream["last-generated-id"] == "3-0"
    assert stream["first-entry"] == ("1-0", {"n": "0"})
    (group,) = client.xinfo_groups("s")
    assert (group["name"], group["pending"], group["lag"]) == ("g", 2, 1)
    (consumer,) = client.xinfo_consumers("s", "g")
    assert (consumer["name"], consumer["pending"]) == ("c", 2)
    full = client.xinfo_stream("s", full=True)
    assert len(full["entries"]) == 3


def test_newer_commands(client: redis.Redis) -> None:
    for n in range(3):
        client.xadd("s", {"n": str(n)}, id=f"{n + 1}-0")
    client.xgroup_create("s", "g", id="0")
    client.xreadgroup("g", "c", {"s": ">"})
    assert client.xackdel("s", "g", "1-0", ref_policy="ACKED") == [1]
    assert client.xdelex("s", "2-0", "9-9", ref_policy="DELREF") == [1, -1]
    assert client.xlen("s") == 1


def test_transactions_and_pipelines(client: redis.Redis) -> None:
    with client.pipeline(transaction=True) as pipe:
        pipe.xadd("s", {"a": "1"}, id="1-0")
        pipe.xadd("s", {"a": "1"}, id="1-0")
        pipe.xlen("s")
        replies = pipe.execute(raise_on_error=False)
    assert replies[0] == "1-0"
    assert isinstance(replies[1], redis.ResponseError)
    assert replies[2] == 1
    with client.pipeline(transaction=False) as pipe:
        for n in range(200):
            pipe.xadd("t", {"n": str(n)})
        assert len(pipe.execute()) == 200
    assert client.xlen("t") == 200
    with client.pipeline() as pipe:
        pipe.watch("s")
        client.xadd("s", {"b": "1"}, id="2-0")
        pipe.multi()
        pipe.xlen("s")
        with pytest.raises(redis.WatchError):
            pipe.execute()


def test_pubsub_and_the_rest(client: redis.Redis) -> None:
    with client.pubsub() as listener:
        listener.subscribe("news")
        assert listener.get_message(timeout=LIMIT_S)["type"] == "subscribe"
        assert client.publish("news", "hello") == 1
        assert listener.get_message(timeout=LIMIT_S)["data"] == "hello"
    assert client.set("k", "v", ex=100)
    assert client.get("k") == "v"
    assert 98 <= client.ttl("k") <= 100
    assert client.info()["redis_version"]
    assert client.client_setname("me")
    assert client.client_getname() == "me"
    assert "xadd" in client.command()
    assert client.config_get("stream-node-max-*")
    assert set(client.scan_iter()) == {"k"}


def test_a_blocked_reader_is_served(client: redis.Redis, server: Server) -> None:
    async def both() -> Any:
        async with redis.asyncio.Redis(port=server.port, decode_responses=True) as reader:
            waiting = asyncio.create_task(reader.xread({"s": "$"}, block=LIMIT_S * 1000))
            while client.info("clients")["blocked_clients"] < 1:
                await asyncio.sleep(0.002)
            client.xadd("s", {"a": "1"}, id="5-0")
            return await asyncio.wait_for(waiting, LIMIT_S)

    found = entries(asyncio.run(both()), "s")
    assert [tuple(entry) for entry in found] == [("5-0", {"a": "1"})]


@pytest.mark.parametrize("protocol", [2, 3])
def test_the_asynchronous_client(server: Server, protocol: int) -> None:
    async def work() -> None:
        address = {"port": server.port, "protocol": protocol, "decode_responses": True}
        async with redis.asyncio.Redis(**address) as client:
            await client.xgroup_create("s", "g", mkstream=True)
            ids = await asyncio.gather(*(client.xadd("s", {"n": str(n)}) for n in range(50)))
            assert len(set(ids)) == 50
            found = entries(await client.xreadgroup("g", "c", {"s": ">"}), "s")
            assert {entry[0] for entry in found} == set(ids)
            assert await client.xack("s", "g", *ids) == 50
            assert (await client.xpending("s", "g"))["pending"] == 0

    asyncio.run(work())


@pytest.fixture(params=[[], ["-3"]], ids=["RESP2", "RESP3"])
def redis_cli(server: Server, request: pytest.FixtureRequest) -> list[str]:
    try:
        return [redis_cli_binary(), "-p", str(server.port), *request.param]
    except NotInstalled as missing:
        pytest.skip(str(missing))


def run(redis_cli: list[str], *args: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        [*redis_cli, *args],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    return done.stdout


def test_redis_cli_shows_streams(redis_cli: list[str]) -> None:
    assert run(redis_cli, "XADD", "s", "1-1", "name", "value").strip() == "1-1"
    assert run(redis_cli, "--no-raw", "XRANGE", "s", "-", "+") == (
        '1) 1) "1-1"\n   2) 1) "name"\n      2) "value"\n'
    )
    assert run(redis_cli, "--no-raw", "XLEN", "s") == "(integer) 1\n"
    assert "(error) ERR" in run(redis_cli, "--no-raw", "XADD", "s", "1-1", "f", "v")
    assert run(redis_cli, stdin="PING\nXLEN s\n").split() == ["PONG", "1"]


def test_redis_cli_pipes_scans_and_measures(redis_cli: list[str], server: Server) -> None:
    lines = "".join(f"XADD k{n} 1-1 f v\r\n" for n in range(20))
    piped = run(redis_cli[:3], "--pipe", stdin=lines)
    assert "errors: 0, replies: 20" in piped
    assert len(run(redis_cli, "--scan", "--pattern", "k*").split()) == 20
    assert "20 streams with 20 entries" in run(redis_cli[:3], "--bigkeys")
    assert "20 streams" in run(redis_cli[:3], "--memkeys")
