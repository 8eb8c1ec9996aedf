"""CLIENT UNBLOCK, and what INFO counts of those who wait."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis


@pytest.mark.parametrize("reason", ["", " TIMEOUT", " timeout", " ERROR"])
@pytest.mark.parametrize(
    "line", ["XREAD BLOCK 0 STREAMS s $", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"]
)
def test_unblocking_a_client(both: Both, line: str, reason: str) -> None:
    both.run("XGROUP CREATE s g $ MKSTREAM")
    waiter = both.wait_with(line)
    ours, theirs = waiter.client_ids
    assert both.ours.call(f"CLIENT UNBLOCK {ours}{reason}") == 1
    assert both.theirs.call(f"CLIENT UNBLOCK {theirs}{reason}") == 1
    waiter.read()
    assert both.ours.call(f"CLIENT UNBLOCK {ours}{reason}") == 0
    waiter.run("PING")


def test_unblocking_nobody(both: Both) -> None:
    both.run_many(
        """
        CLIENT UNBLOCK 99999999
        CLIENT UNBLOCK x
        CLIENT UNBLOCK 1 FOO
        CLIENT UNBLOCK x FOO
        CLIENT UNBLOCK
        """
    )


@pytest.mark.lacks(VALKEY)  # it ignores what follows the reason
def test_unblocking_takes_one_reason(both: Both) -> None:
    both.run("CLIENT UNBLOCK 1 TIMEOUT x")


def test_info_counts_blocked_clients_and_keys(both: Both) -> None:
    def counters() -> list[list[bytes]]:
        wanted = (b"blocked_clients", b"total_blocking_keys", b"total_blocking_keys_on_nokey")
        found = []
        for reply in both.ask("INFO clients"):
            text = reply if isinstance(reply, bytes) else reply.text
            found.append([row for row in text.splitlines() if row.split(b":")[0] in wanted])
        return found

    def assert_equal() -> None:
        ours, theirs = counters()
        assert ours == theirs

    assert_equal()
    both.run("XGROUP CREATE s g $ MKSTREAM")
    first = both.wait_with("XREAD BLOCK 0 STREAMS s missing $ $")
    assert_equal()
    second = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    assert_equal()
    third = both.wait_with("XREADGROUP GROUP g d BLOCK 0 STREAMS s s > >")
    assert_equal()
    both.run("XADD s 1-0 f v")
    first.read()
    second.read()
    assert_equal()
    both.run("DEL s")
    third.read()
    assert_equal()
