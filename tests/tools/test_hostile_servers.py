"""Servers that hang up, keep silent or talk nonsense: a clear error, and nothing half done."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from geostream.tools.full_info import BadReply, image_from
from tests.persistence.scripts import Source
from tests.tools.places import run, write

INFO = b"redis_version:7.2.0\r\ncluster_enabled:0\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n"


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(data), data)


class Liar(threading.Thread):
    """Answers requests as it is told; None hangs up, b"" says nothing."""

    def __init__(self, answer: Callable[[list[bytes]], bytes | None]) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._answer = answer
        self.asked: list[bytes] = []

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as requests:
                self._talk(connection, requests)

    def _talk(self, connection, requests) -> None:
        try:
            while header := requests.readline():
                words = []
                for _ in range(int(header[1:])):
                    size = int(requests.readline()[1:])
                    words.append(requests.read(size + 2)[:-2])
                self.asked.append(words[0].upper())
                answer = self._usual(words)
                if answer is None:
                    return
                connection.sendall(answer)
        except OSError:
            return

    def _usual(self, words) -> bytes | None:
        name = words[0].upper()
        if name == b"INFO":
            return bulk(INFO)
        if name in (b"CLIENT", b"SELECT"):
            return b"+OK\r\n"
        return self._answer(words)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def lying():
    """A function that starts a server that answers as a function says."""
    liars = []

    def one(answers):
        def answer(words):
            name = words[0].upper()
            return answers.get(name, b"-ERR unknown command\r\n")

        liars.append(Liar(answer))
        liars[-1].start()
        return liars[-1]

    yield one
    for liar in liars:
        liar.close()


LISTS = {
    b"SCAN": b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n",
    b"TYPE": b"+string\r\n",
    b"MEMORY": b":50\r\n",
    b"PEXPIRETIME": b":-1\r\n",
}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({b"SCAN": None}, "Connection closed"),
        ({**LISTS, b"DUMP": None}, "Connection closed"),
        ({b"SCAN": b""}, "no answer in time"),
        ({**LISTS, b"DUMP": b"$100\r\nabc"}, "no answer in time"),
        ({b"SCAN": b"-MOVED 1 127.0.0.1:1\r\n"}, "MOVED"),
        ({b"SCAN": b"-LOADING loading\r\n"}, "LOADING"),
        ({b"SCAN": b"-NOPERM no\r\n"}, "NOPERM"),
        ({b"SCAN": b"!nonsense\r\n"}, ""),
        ({b"SCAN": b":1\r\n"}, "not what was expected"),
        ({b"SCAN": b"*1\r\n:1\r\n"}, "not what was expected"),
        ({b"SCAN": b"*2\r\n:0\r\n*1\r\n:1\r\n"}, "not what was expected"),
        ({**LISTS, b"TYPE": b":1\r\n"}, "not what was expected"),
        ({**LISTS, b"DUMP": b":1\r\n"}, "not what was expected"),
        ({**LISTS, b"PEXPIRETIME": b"+soon\r\n", b"DUMP": b"$1\r\nx\r\n"}, "not what was expected"),
    ],
)
def test_a_source_that_fails_ends_with_an_error_and_without_a_target(
    answers, message, lying, tmp_path
):
    liar = lying(answers)
    result = run("export", tmp_path / "a.db", "--from", liar.url, "--timeout", "0.5")
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.startswith(f"geostream: {liar.url}: ")
    assert list(tmp_path.iterdir()) == []


def test_values_that_cannot_be_had_are_told_and_the_rest_moves(lying, tmp_path):
    liar = lying({**LISTS, b"DUMP": b"$3\r\nbad\r\n", b"GET": b"-ERR no\r\n"})
    result = run("export", tmp_path / "a.db", "--from", liar.url)
    assert result.exit_code == 1
    assert "moved 0 keys" in result.stdout
    assert "NOT moved: 1 (k): DUMP: shorter than its footer; no" in result.stdout


def test_a_damaged_payload_is_asked_for_otherwise(lying, tmp_path):
    liar = lying({**LISTS, b"DUMP": b"$3\r\nbad\r\n", b"GET": b"$2\r\nok\r\n"})
    result = run("export", tmp_path / "a.db", "--from", liar.url)
    assert (result.exit_code, "moved 1 key (1 string)" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "Connection closed"),
        (b"", "no answer in time"),
        (b"-READONLY no\r\n", "READONLY no"),
        (b"-OOM no\r\n", "OOM no"),
        (b"-MISCONF no\r\n", "MISCONF no"),
        (b"-MOVED 1 127.0.0.1:1\r\n", "MOVED 1 127.0.0.1:1"),
    ],
)
def test_a_target_that_fails_ends_with_an_error(answer, message, lying, tmp_path):
    source = Source()
    source.run(["SET a 1", "SET b 2"])
    write(tmp_path / "a.db", source.keyspace)
    liar = lying({b"RESTORE": answer})
    result = run("import", tmp_path / "a.db", "--into", liar.url, "--timeout", "0.5")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "moved" not in result.stdout


def test_keys_that_a_target_refuses_are_told(lying, tmp_path):
    source = Source()
    source.run(["SET a 1", "SET b 2"])
    write(tmp_path / "a.db", source.keyspace)
    liar = lying({b"RESTORE": b"-ERR not today\r\n"})
    result = run("import", tmp_path / "a.db", "--into", liar.url)
    assert result.exit_code == 1
    assert "NOT moved: 2 (a, b): ERR not today" in result.stdout


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://127.0.0.1:1", "Connection refused"),
        ("unix:///nowhere/socket", "No such file"),
        ("redis://no-such-host.invalid", ""),
    ],
)
def test_nobody_there(url, message, tmp_path):
    result = run("export", tmp_path / "a.db", "--from", url, "--timeout", "2")
    assert (result.exit_code, message in result.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


GOOD = [
    b"length", 1, b"last-generated-id", b"5-1", b"entries-added", 1,
    b"max-deleted-entry-id", b"0-0", b"entries", [[b"5-1", [b"f", b"v"]]],
    b"groups", [[
        b"name", b"g", b"last-delivered-id", b"5-1", b"entries-read", None, b"pel-count", 1,
        b"pending", [[b"5-1", b"c", 7, 2]],
        b"consumers", [[b"name", b"c", b"seen-time", 9, b"active-time", 8]],
    ]],
]  # fmt: skip


def test_what_is_told_of_a_stream_makes_the_stream():
    image = image_from(GOOD)
    assert (image.length, image.last_id, image.groups[0].pending[5, 1].time_ms) == (1, (5, 1), 7)
    assert image.groups[0].consumers[0] == (b"c", 9, 8)


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        (1, 2),
        (1, None),
        (3, b"4-0"),
        (3, b"x"),
        (3, b"-1-5"),
        (3, b"99999999999999999999-1"),
        (9, [[b"5-1", [b"f"]]]),
        (9, [[b"5-1", []]]),
        (9, [[b"0-0", [b"f", b"v"]]]),
        (9, [[b"5-1", [b"f", b"v"]], [b"5-1", [b"f", b"v"]]]),
        (9, None),
        (9, [b"5-1"]),
        (11, [[b"name", b"g"]]),
        (11, [7]),
        (11, 7),
    ],
)
def test_what_contradicts_itself_is_no_stream(place, lie):
    reply = list(GOOD)
    reply[place] = lie
    with pytest.raises(BadReply):
        image_from(reply)


@pytest.mark.parametrize(
    ("place", "lie"),
    [(3, 5), (7, 2), (9, [[b"5-1", b"other", 7, 2]]), (9, [[b"5-1", b"c", b"x", 2]]), (9, [[1]])],
)
def test_a_group_that_contradicts_itself_is_none(place, lie):
    reply, group = list(GOOD), list(GOOD[11][0])
    group[place] = lie
    reply[11] = [group]
    with pytest.raises(BadReply):
        image_from(reply)
