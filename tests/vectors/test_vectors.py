"""The recorded sessions in the text files beside this one, replayed on geostream.

They were recorded on Redis 8.6.2 over RESP2, each from an empty database. A line is

    COMMAND args  =>  reply

with the reply on the next line if it is long. ``# setup:`` lines are commands whose
replies are not shown, divided by ``;``. Replies: ``"bulk"``, ``(integer)``, ``nil``
for a null bulk string and ``nil*`` for a null array, ``[array]``, ``+simple``,
``-error``. raw_bytes.txt gives the very bytes, for each protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.conversation import assert_replies, is_alike, parse
from tests.support.wire import Client, Error, pack, words

HERE = Path(__file__).parent
SESSIONS = sorted(path.stem for path in HERE.glob("*.txt") if path.stem != "raw_bytes")


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command line with its reply in notation, or with nothing for a setup line."""
    for line in text.replace("\n    =>", "  =>").splitlines():
        if line.startswith("# setup: "):
            for command in line.removeprefix("# setup: ").split(" ; "):
                yield command, ""
        elif line:
            command, reply = line.split("  =>  ") if "  =>  " in line else line.split("  => ")
            yield command, reply.strip()


@pytest.mark.parametrize("session", SESSIONS)
def test_a_recorded_session(client: Client, session: str) -> None:
    text = (HERE / f"{session}.txt").read_text()
    try:
        for command, reply in steps(text):
            got = client.call(command)
            if not reply:
                assert not isinstance(got, Error), (command, got)
                continue
            assert is_alike(got, parse(reply)), f"{command}\n  got:      {got}\n  expected: {reply}"
    finally:
        client.call("CONFIG SET stream-node-max-entries 100")


RAW = [
    re.fullmatch(r"(.*?)  RESP([23]): (.*)", line)
    for line in (HERE / "raw_bytes.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("row", RAW, ids=lambda row: f"{row[1]} RESP{row[2]}")
def test_the_very_bytes(connect: Callable[..., Client], row: re.Match[str]) -> None:
    setup = connect()
    assert_replies(setup, 'XADD s 1-0 f v  =>  "1-0"', "XGROUP CREATE s g 0  =>  +OK")
    client = connect(int(row[2]))
    expected = row[3].replace("\\r\\n", "\r\n").encode()
    client.send_raw(pack(words(row[1])))
    assert client.read_raw(len(expected)) == expected
    assert not client.has_data()
