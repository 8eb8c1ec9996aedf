"""Snapshots: of one moment, while the data changes, and by the rules."""

from __future__ import annotations

import errno

import gevent
import pytest

from geostream.persistence.journal import Journal
from geostream.persistence.snapshots import Snapshots
from geostream.store.keyspace import Keyspace
from tests.support.contents import contents
from tests.support.engines import make_engine
from tests.support.plugins import ScriptedPlugin

LIMIT_S = 30.0


class Setup:
    """An engine whose data goes to one scripted plugin."""

    def __init__(self, appends):
        self.bench = make_engine()
        self.ended = []
        clock = self.bench.clock
        self.journal = Journal("everysec", clock, lambda *told: None, lambda: None)
        self.snapshots = Snapshots(
            self.bench.engine, self.journal, clock, lambda *told: self.ended.append(told)
        )
        self.plugin = ScriptedPlugin(appends)
        self.writer = self.journal.add(self.plugin)
        self.bench.engine.listeners.append(self.journal.take)

    def finish(self, snapshots=1):
        with gevent.Timeout(LIMIT_S):
            while len(self.ended) < snapshots:
                gevent.sleep(0.001)

    def restored(self, place=-1):
        keyspace = Keyspace()
        keyspace.replay(self.plugin.images[place])
        return contents(keyspace)


@pytest.fixture
def make():
    made = []

    def make(appends=False):
        made.append(Setup(appends))
        return made[-1]

    yield make
    for one in made:
        one.journal.stop(LIMIT_S)


def test_a_snapshot_is_of_the_moment_in_which_it_began(make):
    setup = make()
    run = setup.bench.execute
    for key in "abc":
        run(f"XADD {key} 1-1 f v")
    run("XGROUP CREATE a g 0")
    run("SET s text PX 5000")
    before = contents(setup.bench.engine.keyspace)
    setup.snapshots.request(setup.writer)
    run("XADD a 2-1 f v")
    run("XREADGROUP GROUP g c STREAMS a >")
    run("XDEL b 1-1")
    run("DEL c")
    run("APPEND s more")
    run("RENAME b d")
    run("XADD d 5-5 f v")
    run("XADD new 1-1 f v")
    run("SWAPDB 0 1")
    run("FLUSHALL")
    setup.finish()
    assert setup.restored() == before
    assert setup.ended[0][2] is None
    assert setup.plugin.calls == ["begin", "finish"]


def test_a_snapshot_begins_between_two_batches(make):
    setup = make(appends=True)
    setup.bench.execute("XADD a 1-1 f v")
    setup.snapshots.request(setup.writer)
    setup.bench.execute("XADD a 2-1 f v")
    setup.journal.end_turn()
    setup.finish()
    setup.journal.stop(LIMIT_S)
    calls = [call for call in setup.plugin.calls if call != "sync"]
    assert calls[:2] == ["append", "begin"]
    assert [len(batch) for batch in setup.plugin.batches] == [2, 1]


def test_many_keys_are_taken_while_others_have_their_turn(make):
    setup = make()
    for number in range(3000):
        setup.bench.execute(f"XADD k{number} 1-1 f v")
    before = contents(setup.bench.engine.keyspace)
    setup.snapshots.request(setup.writer)
    turns = 0
    with gevent.Timeout(LIMIT_S):
        while not setup.ended:
            setup.bench.execute(f"XADD k{turns % 3000} * f v")
            turns += 1
            gevent.sleep(0)
    assert turns > 1
    assert setup.restored() == before


def test_rules_say_when(make):
    setup = make()
    setup.snapshots.rules[setup.writer] = [(60, 2)]
    setup.bench.execute("SET a 1")
    setup.bench.clock.advance(61_000)
    setup.snapshots.step()
    assert setup.snapshots.running is None, "one change is too little"
    setup.bench.execute("SET a 2")
    setup.snapshots.step()
    setup.bench.execute("SET a 3")
    setup.finish()
    assert setup.bench.engine.stats.changes_since_save == 1
    setup.snapshots.step()
    assert setup.snapshots.running is None, "not so soon again"


def test_a_snapshot_that_fails_is_tried_again_later(make):
    setup = make()
    setup.snapshots.rules[setup.writer] = [(1, 1)]
    setup.plugin.snapshot_error = OSError(errno.ENOSPC, "No space left on device")
    setup.bench.execute("SET a 1")
    setup.bench.clock.advance(2_000)
    setup.snapshots.step()
    setup.finish()
    assert setup.snapshots.failed(setup.writer)
    assert setup.plugin.calls == ["begin", "give up"]
    assert setup.bench.engine.stats.changes_since_save == 1
    setup.snapshots.step()
    assert setup.snapshots.running is None, "not at once"
    setup.plugin.snapshot_error = None
    setup.bench.clock.advance(6_000)
    setup.snapshots.step()
    setup.finish(2)
    assert not setup.snapshots.failed(setup.writer)


def test_an_image_that_cannot_be_made_whole_is_not_kept(make, monkeypatch):
    setup = make()
    setup.bench.execute("XADD a 1-1 f v")

    def fail(effects):
        raise MemoryError

    monkeypatch.setattr(setup.snapshots, "_slice", fail)
    setup.snapshots.request(setup.writer)
    setup.finish()
    assert isinstance(setup.ended[0][2], MemoryError)
    assert setup.plugin.images == []
    assert setup.plugin.calls == ["begin", "interrupted", "give up"]
    assert setup.bench.engine.keyspace.capture is None


def test_saving_now_holds_everybody_up_until_it_is_done(make):
    setup = make()
    setup.bench.execute("XADD a 1-1 f v")
    setup.snapshots.take_now(setup.writer)
    assert setup.restored() == contents(setup.bench.engine.keyspace)
    assert setup.plugin.calls == ["begin", "finish"]


def test_saving_now_tells_what_went_wrong(make):
    setup = make()
    setup.plugin.snapshot_error = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left"):
        setup.snapshots.take_now(setup.writer)
    assert setup.plugin.calls == ["begin", "give up"]


def test_a_plugin_that_appends_is_asked_whether_it_wants_one(make):
    setup = make(appends=True)
    setup.snapshots.step()
    assert setup.snapshots.running is None
    setup.plugin.wants = True
    setup.snapshots.step()
    assert setup.snapshots.running is setup.writer
    setup.plugin.wants = False
    setup.finish()


def test_after_a_failed_sync_everything_is_written_anew(make):
    setup = make(appends=True)
    setup.plugin.sync_error = OSError(errno.EIO, "Input/output error")
    setup.bench.execute("XADD a 1-1 f v")
    setup.journal.end_turn()
    setup.writer.request_sync()
    with gevent.Timeout(LIMIT_S):
        while not setup.writer.must_rewrite:
            gevent.sleep(0.001)
    setup.plugin.sync_error = None
    setup.snapshots.step()
    setup.finish()
    assert setup.restored() == contents(setup.bench.engine.keyspace)
    assert setup.writer.failure is None
    assert setup.writer.synced == setup.journal.position()
