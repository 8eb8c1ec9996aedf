"""Batches, the writer's thread, and when replies may leave."""

from __future__ import annotations

import errno
import os
import threading

import gevent
import pytest

from geostream.persistence import journal
from geostream.persistence.journal import GATHERED_EFFECTS, PORTION_EFFECTS, Journal
from geostream.persistence.writer import Failure
from geostream.store.effects import KeyDeleted
from tests.support.clock import ManualClock
from tests.support.plugins import ScriptedPlugin

LIMIT_S = 30.0
FULL = OSError(errno.ENOSPC, "No space left on device")


class Replies:
    def __init__(self):
        self.released = 0
        self.refused = 0

    def release(self, number):
        self.released = max(self.released, number)

    def refuse_held(self, line):
        assert line.startswith(b"MISCONF ")
        self.refused += 1


class Setup:
    """A journal with one scripted plugin."""

    def __init__(self, fsync):
        self.faults = []
        self.changes = 0
        self.clock = ManualClock()
        self.journal = Journal(fsync, self.clock, lambda *told: self.faults.append(told), self.note)
        self.replies = self.journal.replies = Replies()
        self.plugin = ScriptedPlugin()
        self.writer = self.journal.add(self.plugin)

    def note(self):
        self.changes += 1

    def change(self, key=b"k"):
        self.journal.take([KeyDeleted(0, key)])

    def until(self, is_so):
        with gevent.Timeout(LIMIT_S):
            while not is_so():
                gevent.sleep(0.001)


@pytest.fixture
def make():
    made = []

    def make(fsync="always"):
        made.append(Setup(fsync))
        return made[-1]

    yield make
    for one in made:
        one.plugin.append_error = one.plugin.sync_error = None
        one.plugin.may_sync.set()
        one.journal.stop(LIMIT_S)


def test_a_turn_is_a_batch(make):
    setup = make()
    setup.change(b"a")
    setup.change(b"b")
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.synced_position() == 1)
    assert [[e.key for e in batch] for batch in setup.plugin.batches] == [[b"a", b"b"]]


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux can be told")
def test_the_writers_thread_interrupts_others_only_while_replies_wait_for_it(make):
    setup = make("everysec")
    policies = []

    def note_policy():
        setup.change()
        setup.journal.hand_over()
        setup.journal.call(
            setup.writer,
            lambda: os.sched_getscheduler(threading.get_native_id()),
            lambda policy, error: policies.append(policy),
        )

    for number, fsync in enumerate(["everysec", "always", "no"], 1):
        setup.journal.set_fsync(fsync)
        note_policy()
        setup.until(lambda number=number: len(policies) == number)
    assert policies == [os.SCHED_BATCH, os.SCHED_OTHER, os.SCHED_BATCH]
    assert os.sched_getscheduler(threading.get_native_id()) == os.SCHED_OTHER


def test_what_is_written_is_told_apart_from_what_is_synced(make):
    setup = make("everysec")
    setup.change()
    assert (setup.journal.position(), setup.journal.written_position()) == (1, 0)
    setup.journal.hand_over()
    setup.until(lambda: setup.journal.written_position() == 1)
    assert setup.journal.synced_position() == 0
    setup.writer.request_sync()
    setup.until(lambda: setup.journal.synced_position() == 1)


def test_a_plugin_is_given_changes_in_their_order_while_they_are_made(make):
    setup = make("everysec")
    many = [b"%d" % number for number in range(3 * PORTION_EFFECTS)]
    for key in many:
        setup.change(key)
    in_time = len(setup.plugin.gathered)
    setup.change(b"last")
    setup.journal.hand_over()
    setup.until(lambda: setup.plugin.batches)
    assert in_time >= len(many) - PORTION_EFFECTS
    assert setup.plugin.gathered == [*many, b"last"]
    assert [[e.key for e in batch] for batch in setup.plugin.batches] == [[*many, b"last"]]


def test_a_plugin_that_fails_to_gather_is_told_of_and_given_the_effects_themselves(make):
    setup = make()
    setup.plugin.gather_error = ZeroDivisionError("ours")
    setup.change(b"a")
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.synced_position() == 1)
    assert [[e.key for e in batch] for batch in setup.plugin.batches] == [[b"a"]]
    assert [(where, str(fault)) for where, fault in setup.faults] == [
        ("gathering for scripted", "ours")
    ]


def test_what_gathers_while_the_disk_is_busy_is_one_batch_and_one_sync(make):
    setup = make()
    setup.plugin.may_sync.clear()
    for key in (b"a", b"b", b"c"):
        setup.change(key)
        setup.journal.end_turn()
        setup.until(lambda: setup.plugin.batches)
    setup.plugin.may_sync.set()
    setup.until(lambda: setup.journal.synced_position() == 3)
    assert [[e.key for e in batch] for batch in setup.plugin.batches] == [[b"a"], [b"b", b"c"]]
    assert setup.plugin.calls.count("sync") == 2


def test_with_always_a_reply_waits_for_its_batch(make):
    setup = make()
    assert setup.journal.waits_for() == 0
    setup.plugin.may_sync.clear()
    setup.change()
    assert setup.journal.waits_for() == 1
    setup.journal.end_turn()
    assert setup.journal.waits_for() == 1
    setup.plugin.may_sync.set()
    setup.until(lambda: setup.replies.released == 1)
    assert setup.journal.waits_for() == 0


def test_while_the_disk_is_quick_the_turn_ends_when_its_batch_is_synced(make, monkeypatch):
    monkeypatch.setattr(journal, "AWAIT_S", LIMIT_S)
    setup = make()
    setup.change()
    setup.journal.end_turn()
    assert setup.journal.synced_position() == 1
    assert setup.journal.waits_for() == 0


def test_replies_that_waited_leave_with_the_next_batch_that_is_synced(make, monkeypatch):
    setup = make()
    setup.plugin.may_sync.clear()
    setup.change()
    setup.journal.end_turn()
    assert setup.replies.released == 0
    monkeypatch.setattr(journal, "AWAIT_S", LIMIT_S)
    setup.plugin.may_sync.set()
    setup.change()
    setup.journal.end_turn()
    assert setup.replies.released == 2


def test_a_sync_that_fails_while_the_hub_waits_lets_no_reply_pass(make, monkeypatch):
    monkeypatch.setattr(journal, "AWAIT_S", LIMIT_S)
    setup = make()
    setup.plugin.sync_error = OSError(errno.EIO, "Input/output error")
    setup.change()
    setup.journal.end_turn()
    assert setup.journal.waits_for() == 1
    setup.until(lambda: setup.replies.refused == 1)


def test_a_disk_that_recovered_while_the_hub_waited_is_heard_of(make, monkeypatch):
    monkeypatch.setattr(journal, "AWAIT_S", LIMIT_S)
    setup = make()
    setup.journal.failing = (setup.plugin, Failure(0, "heard of before"))
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.failing is None)


def test_with_everysec_a_reply_does_not_wait(make):
    setup = make("everysec")
    setup.plugin.may_sync.clear()
    setup.change()
    setup.journal.end_turn()
    setup.journal.step()
    assert setup.journal.waits_for() == 0


def test_with_everysec_what_several_turns_changed_is_one_batch(make, monkeypatch):
    setup = make("everysec")
    monkeypatch.setattr(journal, "GATHER_S", 0.001)
    setup.change(b"a")
    setup.journal.end_turn()
    setup.until(lambda: len(setup.plugin.batches) == 1)
    monkeypatch.setattr(journal, "GATHER_S", 3600.0)
    for key in (b"b", b"c"):
        setup.change(key)
        setup.journal.end_turn()
        gevent.sleep(0.002)
    assert setup.journal.position() == 2
    setup.journal.hand_over()
    setup.until(lambda: len(setup.plugin.batches) == 2)
    assert [[e.key for e in batch] for batch in setup.plugin.batches] == [[b"a"], [b"b", b"c"]]


def test_with_everysec_very_many_changes_do_not_wait_for_more(make):
    setup = make("everysec")
    setup.journal.take([KeyDeleted(0, b"k")] * GATHERED_EFFECTS)
    setup.journal.end_turn()
    setup.change(b"next")
    assert setup.journal.position() == 2


def test_by_another_policy_what_waited_for_more_goes_at_once(make):
    setup = make("everysec")
    setup.change()
    setup.journal.end_turn()
    setup.journal.set_fsync("always")
    setup.until(lambda: setup.journal.synced_position() == 1)
    setup.change()
    assert setup.journal.waits_for() == 2


def test_with_everysec_replies_wait_once_the_disk_is_two_seconds_behind(make):
    setup = make("everysec")
    setup.plugin.may_sync.clear()
    setup.change()
    setup.journal.hand_over()
    setup.clock.advance(2001)
    setup.journal.step()
    setup.change()
    assert setup.journal.waits_for() == 2
    setup.journal.end_turn()
    setup.writer.request_sync()
    setup.plugin.may_sync.set()
    setup.until(lambda: setup.journal.synced_position() == 2)
    setup.until(lambda: setup.replies.released >= 2)
    assert setup.journal.waits_for() == 0


def test_with_no_nothing_is_synced_until_somebody_asks(make):
    setup = make("no")
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.plugin.batches)
    assert "sync" not in setup.plugin.calls
    setup.writer.request_sync()
    setup.until(lambda: setup.journal.synced_position() == 1)


def test_an_append_that_fails_is_told_and_tried_again(make):
    setup = make()
    setup.plugin.append_error = FULL
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.failing)
    assert setup.journal.failing[1].reason == "No space left on device"
    assert setup.replies.refused == 1
    assert setup.journal.waits_for() == 0, "reads go on"
    setup.plugin.append_error = None
    setup.until(lambda: setup.journal.failing is None)
    assert [[e.key for e in batch] for batch in setup.plugin.batches] == [[b"k"]]
    setup.until(lambda: setup.journal.synced_position() == 1)
    assert setup.changes == 2


def test_after_a_sync_that_failed_only_a_snapshot_helps(make):
    setup = make()
    setup.plugin.sync_error = OSError(errno.EIO, "Input/output error")
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.failing)
    setup.plugin.sync_error = None
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: len(setup.plugin.batches) == 2)
    assert setup.writer.must_rewrite
    assert setup.journal.failing
    assert setup.journal.synced_position() == 0
    setup.writer.wait_for(setup.writer.mark_rewritten)
    setup.until(lambda: setup.journal.failing is None)
    assert setup.journal.synced_position() == 2


def test_a_call_has_its_place_between_two_batches(make):
    setup = make()
    setup.change()
    setup.journal.end_turn()
    told = []
    setup.journal.call(setup.writer, setup.plugin.begin_snapshot, lambda *done: told.append(done))
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.synced_position() == 2 and told)
    assert [call for call in setup.plugin.calls if call != "sync"] == ["append", "begin", "append"]
    assert told == [(None, None)]


def test_a_fault_of_the_plugin_is_told_and_refuses_writes(make):
    setup = make()
    setup.plugin.append_error = KeyError("x")
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.journal.failing)
    assert setup.journal.failing[1].reason == "KeyError: 'x'"
    assert setup.faults[0][0] == "writer of scripted"


def test_stopping_writes_syncs_and_closes(make):
    setup = make("no")
    setup.change()
    assert setup.journal.stop(LIMIT_S)
    assert setup.plugin.calls == ["append", "sync", "close"]


def test_two_writers_have_what_the_slower_one_has(make):
    setup = make()
    other = ScriptedPlugin()
    other.may_sync.clear()
    setup.journal.add(other)
    setup.change()
    setup.journal.end_turn()
    setup.until(lambda: setup.writer.synced == 1)
    assert setup.journal.synced_position() == 0
    other.may_sync.set()
    setup.until(lambda: setup.journal.synced_position() == 1)
