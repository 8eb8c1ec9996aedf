"""XREADGROUP, XACK and XNACK, and the effects they leave behind."""

import pytest

from geostream.reply import NO_REPLY, NULL_ARRAY, PairArrays, Wire
from geostream.store.effects import (
    Claimed,
    ConsumerCreated,
    ConsumerSeen,
    Delivered,
    PendingRemoved,
    Released,
)
from tests.support.engines import make_engine

NOW_MS = 1_000_000


@pytest.fixture
def bench():
    made = make_engine(now_ms=NOW_MS)
    for ms in (1, 2, 3):
        made.execute(f"XADD s {ms}-0 f v{ms}")
    made.execute("XGROUP CREATE s g 0")
    return made


@pytest.fixture
def effects(bench):
    """What the commands after this change, without who was seen when."""
    noted = []
    bench.engine.listeners.append(
        lambda journal: noted.extend(each for each in journal if type(each) is not ConsumerSeen)
    )
    return noted


def wire_of(ms):
    return b"*2\r\n$3\r\n%d-0\r\n*2\r\n$1\r\nf\r\n$2\r\nv%d\r\n" % (ms, ms)


def claimed_wire(ms, idle_ms, count):
    return wire_of(ms).replace(b"*2", b"*4", 1) + b":%d\r\n:%d\r\n" % (idle_ms, count)


def sent(reply):
    """Return key and wire bytes of each stream in a reply."""
    if type(reply) is Wire:  # of new entries of one stream, in one go
        whole, head = b"".join(reply.pieces), b"*1\r\n*2\r\n$1\r\ns\r\n"
        assert whole.startswith(head)
        return [(b"s", whole[len(head) :])]
    assert type(reply) is PairArrays, reply
    return [
        (key, b"".join(entries.pieces)) if type(entries) is Wire else (key, entries)
        for key, entries in reply.items
    ]


def test_one_effect_tells_of_a_whole_delivery(bench, effects):
    reply = bench.execute("XREADGROUP GROUP g c STREAMS s >")
    assert sent(reply) == [(b"s", b"*3\r\n" + wire_of(1) + wire_of(2) + wire_of(3))]
    ids = [(1, 0), (2, 0), (3, 0)]
    assert effects == [
        ConsumerCreated(0, b"s", b"g", b"c", NOW_MS),
        Delivered(0, b"s", b"g", b"c", ids, NOW_MS, 3, noack=False),
    ]
    assert [effect.changes for effect in effects] == [1, 1]


def test_without_noack_a_reader_is_active(bench):
    bench.execute("XREADGROUP GROUP g c NOACK COUNT 1 STREAMS s >")
    [consumer] = bench.execute("XINFO CONSUMERS s g")
    assert (consumer[b"pending"], consumer[b"idle"], consumer[b"inactive"]) == (0, 0, -1)
    bench.execute("XREADGROUP GROUP g c COUNT 1 STREAMS s >")
    bench.advance(50)
    [consumer] = bench.execute("XINFO CONSUMERS s g")
    assert (consumer[b"pending"], consumer[b"idle"], consumer[b"inactive"]) == (1, 50, 50)


def test_the_history_counts_up_what_is_still_there(bench, effects):
    bench.execute("XREADGROUP GROUP g c COUNT 2 STREAMS s >")
    bench.execute("XDEL s 1-0")
    effects.clear()
    bench.advance(7)
    [(_, entries)] = sent(bench.execute("XREADGROUP GROUP g c STREAMS s 0"))
    assert entries == [[b"1-0", NULL_ARRAY], Wire((wire_of(2),))]
    assert effects == [Claimed(0, b"s", b"g", b"c", [((2, 0), NOW_MS + 7, 2)])]
    assert effects[0].changes == 0


def test_claim_takes_the_longest_pending_first_and_then_what_is_new(bench, effects):
    bench.execute("XREADGROUP GROUP g a COUNT 1 STREAMS s >")
    bench.advance(10)
    bench.execute("XREADGROUP GROUP g a COUNT 1 STREAMS s >")
    bench.execute("XCLAIM s g a 0 2-0 IDLE 500 JUSTID")
    effects.clear()
    reply = bench.execute("XREADGROUP GROUP g b CLAIM 10 STREAMS s >")
    assert sent(reply) == [
        (b"s", b"*3\r\n" + claimed_wire(2, 500, 1) + claimed_wire(1, 10, 1) + claimed_wire(3, 0, 0))
    ]
    now_ms = NOW_MS + 10
    assert effects == [
        ConsumerCreated(0, b"s", b"g", b"b", now_ms),
        Claimed(0, b"s", b"g", b"b", [((2, 0), now_ms, 2), ((1, 0), now_ms, 2)]),
        Delivered(0, b"s", b"g", b"b", [(3, 0)], now_ms, 3, noack=False),
    ]


def test_claim_is_off_behind_a_history_read(bench):
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    reply = bench.execute("XREADGROUP GROUP g b CLAIM 0 STREAMS s s 0 >")
    assert sent(reply) == [(b"s", [])]


def test_released_entries_are_claimed_whatever_their_idle_time(bench, effects):
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    effects.clear()
    assert bench.execute("XNACK s g SILENT IDS 4 3-0 1-0 3-0 9-0") == 3
    assert effects == [Released(0, b"s", b"g", [((1, 0), 0), ((3, 0), 0)])]
    reply = bench.execute("XREADGROUP GROUP g b CLAIM 99999999 STREAMS s >")
    assert sent(reply) == [
        (b"s", b"*2\r\n" + claimed_wire(1, NOW_MS, 0) + claimed_wire(3, NOW_MS, 0))
    ]


def test_a_cap_leaves_entries_undelivered(bench):
    reply = bench.execute("XREADGROUP GROUP g c MAXCOUNT 2 STREAMS s s > >")
    assert sent(reply) == [(b"s", b"*2\r\n" + wire_of(1) + wire_of(2))]
    assert bench.execute("XPENDING s g c") == [b"1-0", b"2-0"]


def test_nothing_is_delivered_if_a_later_stream_is_wrong(bench, effects):
    bench.execute("XREADGROUP GROUP g c STREAMS s nokey > >")
    bench.execute("XREADGROUP GROUP g c STREAMS s s > $")
    assert effects == []


def test_acknowledging_counts_an_id_once(bench, effects):
    bench.execute("XREADGROUP GROUP g c STREAMS s >")
    effects.clear()
    assert bench.execute("XACK s g 1-0 1-0 9-9 3") == 2
    assert effects == [PendingRemoved(0, b"s", b"g", [(1, 0), (3, 0)])]
    assert effects[0].changes == 2


def test_a_waiting_reader_is_listed_before_it_is_served(bench):
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    waiter = bench.connect()
    reply = bench.execute("XREADGROUP GROUP g b BLOCK 0 STREAMS s >", client=waiter)
    assert reply is NO_REPLY
    assert [each[b"name"] for each in bench.execute("XINFO CONSUMERS s g")] == [b"a", b"b"]
    bench.execute("XADD s 4-0 f v4")
    assert sent(waiter.link.pushed[0]) == [(b"s", b"*1\r\n" + wire_of(4))]


def test_in_a_transaction_nobody_waits(bench):
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    bench.execute("MULTI")
    bench.execute("XREADGROUP GROUP g a BLOCK 0 STREAMS s >")
    assert bench.execute("EXEC") == [NULL_ARRAY]


def test_a_waiter_with_claim_looks_again_when_the_oldest_entry_is_due(bench):
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    bench.execute("XDEL s 1-0")
    bench.execute("XCLAIM s g a 0 3-0 IDLE 200 JUSTID")
    waiter = bench.connect()
    bench.execute("XREADGROUP GROUP g b BLOCK 0 CLAIM 300 STREAMS s >", client=waiter)
    assert waiter.ticket.wake_ms == NOW_MS + 100
    bench.clock.advance(100)
    bench.engine.wake(waiter.ticket, bench.clock.now_ms())
    assert sent(waiter.link.pushed[0]) == [(b"s", b"*1\r\n" + claimed_wire(3, 300, 1))]


def test_a_waiter_with_claim_and_nothing_pending_looks_again_later(bench):
    bench.execute("XREADGROUP GROUP g a NOACK STREAMS s >")
    waiter = bench.connect()
    bench.execute("XREADGROUP GROUP g b BLOCK 0 CLAIM 5000 STREAMS s >", client=waiter)
    assert waiter.ticket.wake_ms == NOW_MS + 5000


def test_releasing_wakes_those_who_would_claim(bench):
    bench.execute("XREADGROUP GROUP g a STREAMS s >")
    waiter = bench.connect()
    bench.execute("XREADGROUP GROUP g b BLOCK 0 CLAIM 5000 STREAMS s >", client=waiter)
    bench.execute("XNACK s g FATAL IDS 1 2-0")
    [(_, entries)] = sent(waiter.link.pushed[0])
    assert entries == b"*1\r\n" + claimed_wire(2, NOW_MS, 2**63 - 1)


@pytest.mark.parametrize("digits", [128, 5000])
def test_an_id_of_very_many_digits_is_no_id(digits):
    subject = make_engine(now_ms=1_000)
    subject.execute("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
    number = "9" * digits
    for request in (
        ["XACK", "s", "g", f"{number}-1", "1-1"],
        ["XADD", "s", f"{number}-*", "f", "v"],
    ):
        assert b"Invalid stream ID" in subject.execute(*request).line


def test_a_reader_that_is_passed_over_on_one_stream_keeps_its_place_on_another():
    bench = make_engine()
    bench.execute("XGROUP CREATE s g 0 MKSTREAM")
    bench.execute("XGROUP CREATE t g 8-0 MKSTREAM")
    first, second = bench.connect(), bench.connect()
    bench.execute("XREADGROUP GROUP g a BLOCK 0 STREAMS s t > >", client=first)
    bench.execute("XREADGROUP GROUP g b BLOCK 0 STREAMS s >", client=second)
    bench.execute("XADD t 1-0 f v")  # below what the group has read
    bench.execute("XADD s 1-0 f v")
    assert first.link.pushed
    assert not second.link.pushed
