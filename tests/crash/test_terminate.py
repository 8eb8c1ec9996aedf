"""SIGTERM under load: everything acknowledged is on disk, and the exit status is 0."""

from __future__ import annotations

import signal
import time

import pytest

from tests.crash.rounds import AOF, RDB, SQLITE

STOP_LIMIT_S = 40.0


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["always", "everysec", "no"])
@pytest.mark.parametrize("settings", [SQLITE, AOF, RDB], ids=["sqlite", "aof", "rdb"])
def test_a_server_that_is_told_to_stop_keeps_everything_acknowledged(rounds, settings, policy):
    game = rounds(*settings, f"appendfsync={policy}")
    for answers in (50, 500):
        status = game.run(answers, ["BGSAVE", "BGREWRITEAOF"], end=signal.SIGTERM)
        assert status == 0, game.server.told()[-4000:]
        assert time.monotonic() - game.ended_s < STOP_LIMIT_S
        game.check([worker.answered for worker in game.workers])
