"""kill -9 at any moment: what was acknowledged is there, and nothing that was never sent.

The moments are drawn, and fall into snapshots, rewrites and checkpoints, which are made
frequent. ``KILLS`` says how many there are (make crash KILLS=2000), ``SEED`` draws others.
"""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from tests.crash.rounds import AOF, RDB, SQLITE
from tests.support.wire import Simple

KILLS = int(os.environ.get("KILLS", "60"))
LOST_AT_MOST_S = 2.0  # with everysec
OK = Simple(b"OK")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + KILLS * 3)]


@pytest.mark.parametrize(
    ("settings", "nudges"),
    [(SQLITE, ["BGSAVE"]), (AOF, ["BGREWRITEAOF"])],
    ids=["sqlite", "aof"],
)
def test_with_always_nothing_acknowledged_is_lost(rounds, settings, nudges):
    game = rounds(*settings, "appendfsync=always")
    for number in range(KILLS):
        status = game.run(game.random.randint(1, 100), nudges if number % 2 else ())
        assert status == -signal.SIGKILL
        game.check([worker.answered for worker in game.workers])


def test_with_snapshots_everything_up_to_the_last_one_is_there(rounds):
    game = rounds(*RDB)
    for _ in range(KILLS):
        status = game.run(game.random.randint(1, 300), ["SAVE", "SAVE", "BGSAVE"])
        assert status == -signal.SIGKILL
        game.check([worker.saved for worker in game.workers], all_shared=False)


@pytest.mark.parametrize("settings", [SQLITE, AOF], ids=["sqlite", "aof"])
def test_with_everysec_no_more_than_the_last_two_seconds_are_lost(rounds, settings):
    game = rounds(*settings, "appendfsync=everysec")
    for _ in range(max(2, KILLS // 50)):
        game.run(1, ["BGREWRITEAOF"], least_s=LOST_AT_MOST_S + 0.5)
        safe_s = game.ended_s - LOST_AT_MOST_S
        safe = [
            sum(0 < unit.answered_s <= safe_s for unit in worker.units) for worker in game.workers
        ]
        assert all(safe)
        game.check(safe, all_shared=False)


@pytest.fixture
def with_snapshot(nursery, tmp_path):
    """A directory with a snapshot of 20 streams of 20 entries."""
    server = nursery.start(tmp_path, *RDB)
    client = server.client()
    for number in range(20):
        client.pipeline([("XADD", f"s{number}", "*", "f", "x" * 20_000) for _ in range(20)])
    assert client.call("SAVE") == OK
    server.kill()
    return tmp_path


def lengths(client):
    return [client.call("XLEN", f"s{number}") for number in range(20)]


def test_a_new_log_is_loaded_first_only_when_it_has_everything(nursery, with_snapshot):
    for number in range(10):
        server = nursery.start(with_snapshot, *RDB, "appendonly=yes", "appendfsync=always")
        client = server.client()
        assert lengths(client) == [20] * 20
        assert client.call("SET", "last", number) == OK
        server.kill()


def test_a_log_that_is_switched_on_is_loaded_first_only_when_it_has_everything(
    nursery, with_snapshot
):
    for number in range(10):
        server = nursery.start(with_snapshot, *RDB)
        client = server.client()
        assert client.call("CONFIG", "SET", "appendonly", "yes") == OK
        client.pipeline([("SET", "last", n) for n in range(number)])
        server.kill()
        server = nursery.start(with_snapshot, *RDB, "appendonly=yes")
        assert lengths(server.client()) == [20] * 20
        server.kill()
        shutil.rmtree(with_snapshot / "data" / "appendonlydir")
