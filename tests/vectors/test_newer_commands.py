"""Smaller things that newer versions do differently from the servers at hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.conversation import assert_replies
from tests.support.wire import Client, Map


@pytest.mark.parametrize("policy", ["DELREF", "ACKED"])
def test_an_approximate_trim_with_a_policy_is_exact(client: Client, policy: str) -> None:
    assert_replies(
        client,
        *(f"XADD s {n}-0 f v" for n in range(1, 8)),
        "XGROUP CREATE s g $",  # without any group ACKED is KEEPREF
        f"XTRIM s MAXLEN ~ 5 {policy} => (2)",
        f"XTRIM s MINID ~ 5 {policy} => (2)",
        "XLEN s => (3)",
    )


def test_the_greeting(connect: Callable[..., Client]) -> None:
    client = connect()
    greeting = client.call("HELLO 3")
    assert isinstance(greeting, Map)
    assert [key for key, _ in greeting.pairs] == (
        b"server version proto id mode role modules".split()
    )
    assert greeting[b"server"] == b"redis"
    assert greeting[b"version"] == b"8.10.0"
    assert greeting[b"modules"] == []
    assert client.call("LOLWUT").text.endswith(b"Redis ver. 8.10.0\n")
