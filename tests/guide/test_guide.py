"""Every command of the guide goes through a real redis-cli to geostream, in order.

redis-streams-guide.md beside this file is data: its bash blocks hold commands, one
a line, with comments. The IDs in it are made up (the server's are of today), so
replies are compared where the guide's point is, and everywhere it must hold that
there is an error exactly where the guide shows one.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.both import until
from tests.support.servers import GEOSTREAM, SUBJECT, NotInstalled, Server, redis_cli_binary
from tests.support.wire import Client

GUIDE = Path(__file__).parent / "redis-streams-guide.md"
LIMIT_S = 30

#: The commands the guide shows failing, and how; by the position of the failure.
FAILURES = {
    "XREADGROUP GROUP nonexistent_group consumer1 STREAMS mystream >": "NOGROUP",
    "XGROUP CREATE mystream mygroup 0": "BUSYGROUP",
    # The guide shows it beside `XADD mystream *`, as the other way to choose an ID.
    'XADD mystream 1703188800000-0 field1 "value1"': "ERR The ID specified in XADD is equal or",
}


def commands() -> list[str]:
    """Return the commands of the guide's bash blocks, comments and shell lines taken out."""
    text = GUIDE.read_text(errors="replace")
    found = []
    for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL):
        for written in block.splitlines():
            line = re.sub(r"\s+# .*$", "", written.strip())
            if line and not line.startswith(("#", "make ", "redis-cli ")):
                found.append(line)
    return found


@pytest.fixture
def redis_cli(server: Server) -> list[str]:
    try:
        return [redis_cli_binary(), "-p", str(server.port), "--no-raw"]
    except NotInstalled as missing:
        pytest.skip(str(missing))


def run(redis_cli: list[str], line: str) -> str:
    done = subprocess.run(
        redis_cli, input=line + "\n", capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    return done.stdout.strip()


def run_blocking(redis_cli: list[str], line: str, client: Client) -> str:
    """Run a blocking read; once it waits, add the message it waits for."""
    key = line.split()[-2]
    with subprocess.Popen(
        redis_cli, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.close()
        until(lambda: b"blocked_clients:1\r" in client.call("INFO clients"), f"{line} waits")
        client.call("XADD", key, "*", "user", "Dora", "message", "awaited")
        return process.stdout.read().strip()


@pytest.mark.skipif(SUBJECT != GEOSTREAM, reason="Redis does not know the guide's short XPENDING")
@pytest.mark.timeout(120)
def test_the_whole_guide_runs(redis_cli: list[str], client: Client) -> None:
    lines = commands()
    assert len(lines) > 80
    seen: set[str] = set()
    wrong = []
    for line in lines:
        reply = run_blocking(redis_cli, line, client) if " BLOCK " in line else run(redis_cli, line)
        expected = FAILURES.get(line)
        if line == "XGROUP CREATE mystream mygroup 0" and line not in seen:
            expected = None  # it is the second time that fails
        if line.startswith("XGROUP DESTROY mystream"):
            seen.discard("XGROUP CREATE mystream mygroup 0")
        else:
            seen.add(line)
        if expected is None and "(error)" in reply:
            wrong.append(f"{line}\n  {reply}")
        if expected is not None and f"(error) {expected}" not in reply:
            wrong.append(f"{line}\n  {reply}\n  expected: {expected}")
        if " BLOCK " in line and '"awaited"' not in reply:
            wrong.append(f"{line}\n  {reply}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(SUBJECT != GEOSTREAM, reason="Redis does not know the guide's short XPENDING")
def test_the_short_xpending_lists_a_consumers_ids(
    redis_cli: list[str], connect: Callable[..., Client]
) -> None:
    client = connect()
    ids = [client.call("XADD", "task_queue", "*", "n", n) for n in range(3)]
    client.call("XGROUP CREATE task_queue email_workers 0")
    client.call("XREADGROUP GROUP email_workers worker1 COUNT 1 STREAMS task_queue >")
    client.call("XREADGROUP GROUP email_workers worker2 COUNT 2 STREAMS task_queue >")
    for protocol in (2, 3):
        asking = connect(protocol)
        assert asking.call("XPENDING task_queue email_workers worker1") == ids[:1]
        assert asking.call("XPENDING task_queue email_workers worker2") == ids[1:]
        assert asking.call("XPENDING task_queue email_workers nobody") == []
    reply = run(redis_cli, "XPENDING task_queue email_workers worker2")
    assert reply == f'1) "{ids[1].decode()}"\n2) "{ids[2].decode()}"'
    client.call("XACK", "task_queue", "email_workers", ids[1])
    assert client.call("XPENDING task_queue email_workers worker2") == ids[2:]


def test_every_block_of_the_guide_is_found() -> None:
    names = {line.split()[0] for line in commands()}
    assert names == {
        *("XADD", "XRANGE", "XREAD", "XLEN", "XDEL", "XGROUP", "XREADGROUP", "XACK", "XPENDING"),
        "EXISTS",
    }
