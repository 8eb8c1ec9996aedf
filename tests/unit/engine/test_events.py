"""Keyspace events: which are told for each command, in which order, and at what cost."""

import pytest

from tests.support.engines import make_engine


def told(classes, *requests):
    """Return what is published on event channels while the requests run: event and key."""
    bench = make_engine(settings={"notify-keyspace-events": classes})
    listener = bench.connect()
    bench.execute("PSUBSCRIBE __key*", client=listener)
    for request in requests:
        bench.execute(request)
    return [
        f"{push.items[2].decode().split(':', 1)[1]} {push.items[3].decode()}"
        for push in listener.link.pushed
    ]


def test_the_key_channel_comes_before_the_event_channel():
    assert told("KEt", "XADD s 1-1 f v") == ["s xadd", "xadd s"]


@pytest.mark.parametrize(
    ("request_", "events"),
    [
        ("XADD new 1-1 f v", ["new new", "xadd new"]),
        ("XADD s MAXLEN 1 9-9 f v", ["xadd s", "xtrim s"]),
        ("XDEL s 1-1 1-1 2-1", ["xdel s"]),
        ("XDEL s 7-7", []),
        ("XGROUP CREATE q g 0 MKSTREAM", ["new q", "xgroup-create q"]),
        ("XREADGROUP GROUP g c STREAMS s >", ["xgroup-createconsumer s"]),
        ("XACK s g 1-1", []),
        ("XSETID s 9-9", ["xsetid s"]),
        ("SET s v EX 9", ["set s", "expire s"]),
        ("SET other v", ["new other", "set other"]),
        ("RENAME s t", ["new t", "rename_from s", "rename_to t"]),
        ("COPY s t", ["new t", "copy_to t"]),
        ("MOVE s 3", ["new s", "move_from s", "move_to s"]),
        ("EXPIRE s -1", ["del s"]),
        ("GET missing", ["keymiss missing"]),
        ("FLUSHALL", []),
    ],
)
def test_what_each_command_is_told_as(request_, events):
    before = ("XADD s 1-1 f v", "XADD s 2-1 f v", "XGROUP CREATE s g 0")
    assert told("EAnm", *before, request_)[len(told("EAnm", *before)) :] == events


def test_only_the_classes_asked_for_are_told():
    requests = ("XADD s 1-1 f v", "SET k v", "DEL k", "GET k")
    assert told("Eg", *requests) == ["del k"]
    assert told("E$", *requests) == ["set k"]


def test_a_key_that_expires_is_told():
    bench = make_engine(settings={"notify-keyspace-events": "Ex"})
    listener = bench.connect()
    bench.execute("SUBSCRIBE __keyevent@0__:expired", client=listener)
    bench.execute("SET k v PX 10")
    bench.advance(20)
    assert [push.items[2] for push in listener.link.pushed] == [b"k"]


@pytest.mark.parametrize("classes", ["", "KE", "A", "tx"])
def test_nobody_listens_to_effects_while_nothing_can_be_sent(classes):
    bench = make_engine(settings={"notify-keyspace-events": "KEA"})
    assert len(bench.engine.listeners) == 1
    bench.engine.config.set_many({"notify-keyspace-events": classes})
    assert bench.engine.listeners == []
