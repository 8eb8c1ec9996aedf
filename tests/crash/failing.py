"""Writers, and what a server tells, while its disk fails."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash.served import Served
from tests.support.both import until
from tests.support.wire import Client, ConnectionLost, Error, Simple, text_of

RECOVERY_LIMIT_S = 40.0  # a snapshot that failed is tried again after 5 s


class Writer:
    """Adds to one stream, and remembers what was sent and what acknowledged."""

    def __init__(self, client: Client, value: str = "x") -> None:
        self.client = client
        self.value = value
        self.sent = 0
        self.acknowledged: set[bytes] = set()
        self.refusals: list[bytes] = []

    def add(self) -> bool:
        """Add an entry; tell whether it was acknowledged."""
        self.sent += 1
        reply = self.client.call("XADD", "s", f"{self.sent}-0", "f", self.value)
        if isinstance(reply, Error):
            assert reply.line.startswith(b"MISCONF "), reply
            self.refusals.append(reply.line)
            return False
        self.acknowledged.add(reply)
        return True

    def until_refused(self) -> None:
        until(lambda: not self.add(), "writes are refused", RECOVERY_LIMIT_S)

    def until_acknowledged(self) -> None:
        until(self.add, "writes are served again", RECOVERY_LIMIT_S)

    def check(self, client: Client) -> None:
        """Fail unless a server has what was acknowledged, and nothing that was never sent."""
        held = {entry_id for entry_id, _ in client.call("XRANGE", "s", "-", "+")}
        assert self.acknowledged <= held
        assert held <= {b"%d-0" % number for number in range(1, self.sent + 1)}


def persistence(client: Client) -> dict[str, str]:
    """Return INFO persistence."""
    lines = text_of(client.call("INFO", "persistence")).decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def events(server: Served) -> list[dict[str, object]]:
    """Return what was logged."""
    lines = server.told().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def logged(server: Served, words: str) -> list[dict[str, object]]:
    return [event for event in events(server) if words in str(event["event"])]


def wait_until_synced(client: Client) -> None:
    until(
        lambda: persistence(client)["persistence_batches_not_synced"] == "0",
        "everything is on disk",
        RECOVERY_LIMIT_S,
    )


class SmallDisk:
    """A file system of 4 MB, mounted where only this and its children see it."""

    def __init__(self, place: Path) -> None:
        """Mount it. Raises OSError where that is not allowed."""
        place.mkdir()
        self.shell = subprocess.Popen(
            ["unshare", "--mount", "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        answer = self.do(f"mount -t tmpfs -o size=4m none {place} && echo mounted || echo no")
        if answer != "mounted":
            self.close()
            raise OSError(answer)
        self.place = place
        self.seen_from_here = Path(f"/proc/{self.shell.pid}/root{place}")

    def do(self, command: str) -> str:
        """Run a command there; return the first line that it says."""
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        try:
            self.shell.stdin.write(f"{command}\n")
            self.shell.stdin.flush()
        except BrokenPipeError:
            return "the shell is gone"
        return self.shell.stdout.readline().strip()

    def close(self) -> None:
        """Let it go."""
        self.shell.kill()
        self.shell.wait()
        for stream in (self.shell.stdin, self.shell.stdout):
            assert stream is not None
            stream.close()


@contextmanager
def connected(port: int) -> Iterator[Client]:
    """Give a connection once a server serves there."""
    found: list[Client] = []

    def serves() -> bool:
        try:
            client = Client(port)
        except OSError:
            return False
        try:
            if client.call("PING") == Simple(b"PONG"):
                found.append(client)
                return True
        except ConnectionLost:
            return False
        client.close()
        return False

    until(serves, "it serves", RECOVERY_LIMIT_S)
    yield found[0]
    found[0].close()
