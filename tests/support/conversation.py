"""Expected replies in the notation of tests/vectors, for tests written in prose.

``assert_replies(client, 'XADD s 1-1 f v => "1-1"', 'XLEN s => (1)')``. A number may
be given as a range, ``(100..200)``, where a clock has its say.
"""

from __future__ import annotations

import re
from typing import Any

from tests.support.both import until
from tests.support.wire import NULL_ARRAY, NULL_BULK, Client, Error, Simple

#: How much later than recorded a clock may be read, in milliseconds.
LATER_MS = 2000

_TOKEN = re.compile(r'\s*(\[|\]|"[^"]*"|\(-?\d+(?:\.\.\d+)?\)|nil\*|nil)')


def parse(notation: str) -> Any:
    """Return the reply that a piece of notation stands for; a ``range`` for ``(a..b)``."""
    if notation[0] == "+":
        return Simple(notation[1:].encode())
    if notation[0] == "-":
        return Error(notation[1:].encode())
    value, end = _parse(notation, 0)
    assert not notation[end:].strip(), notation
    return value


def _parse(notation: str, at: int) -> tuple[Any, int]:
    found = _TOKEN.match(notation, at)
    assert found, notation[at:]
    token, at = found[1], found.end()
    match token[0]:
        case "[":
            items = []
            while not (close := _TOKEN.match(notation, at)) or close[1] != "]":
                item, at = _parse(notation, at)
                items.append(item)
            return items, close.end()
        case '"':
            return token[1:-1].encode(), at
        case "(":
            low, _, high = token[1:-1].partition("..")
            return (range(int(low), int(high) + 1) if high else int(low)), at
    return {"nil": NULL_BULK, "nil*": NULL_ARRAY}[token], at


def is_alike(got: Any, expected: Any) -> bool:
    """Say whether a reply is the expected one; a large idle time may be a little larger."""
    if isinstance(expected, range):
        return isinstance(got, int) and got in expected
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(got) == len(expected)
            and all(map(is_alike, got, expected))
        )
    if isinstance(expected, int) and isinstance(got, int) and expected >= 10_000:
        return expected <= got <= expected + LATER_MS
    return bool(got == expected)


def assert_replies(client: Client, *lines: str) -> None:
    """Send each line's command and compare its reply; without ``=>`` it must not be an error."""
    for line in lines:
        command, arrow, notation = line.partition("=>")
        got = client.call(command.strip())
        if not arrow:
            assert not isinstance(got, Error), f"{command}: {got}"
            continue
        expected = parse(notation.strip())
        if notation.strip() == "-":
            assert isinstance(got, Error), f"{command}: {got}"
            continue
        assert is_alike(got, expected), (
            f"{command.strip()}\n  got:      {got}\n  expected: {notation.strip()}"
        )


def block(client: Client, waiter: Client, line: str) -> None:
    """Send a blocking request and return once the server lists the waiter as blocked."""
    number = waiter.client_id()
    waiter.send(line)
    until(lambda: b"flags=b" in client.call("CLIENT", "LIST", "ID", number), f"{line} blocks")
