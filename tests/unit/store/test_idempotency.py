"""What a stream remembers of its producers' messages."""

from geostream.store.idempotency import Idempotency, content_iid


def test_a_message_is_found_under_its_producer_only():
    known = Idempotency(100, 100)
    known.record(b"p", b"i", (5, 0))
    assert known.find(b"p", b"i") == (5, 0)
    assert known.find(b"q", b"i") is None
    assert known.find(b"p", b"j") is None


def test_a_producers_oldest_message_makes_room():
    known = Idempotency(100, 2)
    for ms, iid in enumerate([b"a", b"b", b"c"], start=1):
        known.record(b"p", iid, (ms, 0))
    known.record(b"q", b"a", (9, 0))
    assert [known.find(b"p", iid) for iid in (b"a", b"b", b"c")] == [None, (2, 0), (3, 0)]
    assert (known.iids_tracked, known.iids_added) == (3, 4)


def test_messages_expire_with_the_time_of_their_entries():
    known = Idempotency(100, 100)
    known.record(b"p", b"a", (1_000, 0))
    known.record(b"p", b"b", (2_000, 0))
    known.record(b"q", b"a", (1_000, 5))
    assert known.oldest_ms() == 1_000
    known.expire(1_000)
    assert (known.find(b"p", b"a"), known.find(b"p", b"b")) == (None, (2_000, 0))
    assert list(known.producers) == [b"p"]


def test_how_many_are_remembered_is_known_without_counting():
    known = Idempotency(100, 2)
    for ms, pid in enumerate([b"p", b"p", b"p", b"q", b"r"], start=1):
        known.record(pid, b"%d" % ms, (ms, 0))
    assert known.iids_tracked == sum(map(len, known.producers.values())) == 4
    known.expire(2)
    copy = known.copy()
    assert copy.iids_tracked == sum(map(len, copy.producers.values())) == 3
    copy.configure(1, 1)
    known.producers = None
    assert (known.iids_tracked, copy.iids_tracked) == (3, 0)


def test_other_limits_forget_the_messages_but_not_the_counts():
    known = Idempotency(100, 100)
    known.record(b"p", b"a", (1, 0))
    known.configure(50, 10)
    assert (known.duration_s, known.max_size) == (50, 10)
    assert (known.iids_tracked, known.iids_added) == (0, 1)


def test_a_copy_remembers_by_itself():
    known = Idempotency(100, 100)
    known.record(b"p", b"a", (1, 0))
    copy = known.copy()
    known.expire(1)
    assert copy.find(b"p", b"a") == (1, 0)


def test_the_content_decides_and_not_its_order():
    iid = content_iid([b"a", b"1", b"b", b"2"])
    assert len(iid) == 16
    assert content_iid([b"b", b"2", b"a", b"1"]) == iid
    for other in (
        [b"a", b"2", b"b", b"1"],
        [b"a", b"1", b"b", b"2", b"a", b"1"],
        [b"ab", b"1", b"", b"2"],
        [b"a", b"1"],
    ):
        assert content_iid(other) != iid


def test_pairs_do_not_cancel_each_other_out():
    assert content_iid([b"a", b"1", b"a", b"1"]) != content_iid([b"b", b"2", b"b", b"2"])
    assert content_iid([b"f", b"v1"]) != content_iid([b"fv", b"1"])
