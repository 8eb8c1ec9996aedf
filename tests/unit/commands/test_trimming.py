"""What trimming looks at; what it takes away is compared with real servers."""

from types import SimpleNamespace

import pytest

from tests.support.engines import make_engine


def test_acked_does_not_look_at_entries_some_group_has_not_read():
    subject = make_engine(settings={"stream-node-max-entries": "10"})
    for ms in range(1, 101):
        subject.execute("XADD", "s", f"{ms}-0", "f", "v")
    subject.execute("XGROUP CREATE s g 0")
    subject.execute("XGROUP CREATE s h 50")
    subject.execute("XREADGROUP GROUP g a COUNT 14 STREAMS s >")
    subject.execute("XACK s g 3-0 12-0 14-0")
    groups = subject.engine.keyspace.databases[0].values[b"s"].groups
    group, asked = groups[b"g"], []

    class Watched:
        """In place of what the group has pending."""

        def __len__(self):
            return len(group.pending)

        def __contains__(self, entry_id):
            asked.append(entry_id[0])
            return entry_id in group.pending

    groups.put(b"g", SimpleNamespace(last_id=group.last_id, size_bytes=0, pending=Watched()))
    assert subject.execute("XTRIM s ACKED MAXLEN 20") == 3
    assert asked[:14] == list(range(1, 15))
    assert set(asked[14:]) <= {3, 12, 14}
    assert subject.execute("XLEN s") == 97


@pytest.mark.parametrize("count", ["0", "1", "007", "+5", "-1", "x", "12", "9" * 18, "9" * 19])
def test_the_usual_spelling_means_what_others_mean(count):
    replies = []
    for spelling in ("MAXLEN ~ {} *", "maxlen ~ {} *", "MAXLEN ~ {} LIMIT 10000 *"):
        subject = make_engine(settings={"stream-node-max-entries": "10"})
        for _ in range(40):
            reply = subject.execute(f"XADD s {spelling.format(count)} f v")
        length = subject.execute("XLEN s")
        replies.append((length, reply if type(reply) is not bytes else "an ID"))
    assert replies[0][0] == replies[1][0]
    assert repr(replies[0][1]) == repr(replies[1][1])
    if count in ("0", "1", "12"):
        assert replies[0] == replies[2]


@pytest.mark.parametrize("request_", ["XADD s MAXLEN ~ 5 *", "XADD s MAXLEN ~ 5 * f"])
def test_the_usual_spelling_needs_fields_too(request_):
    assert b"wrong number of arguments" in make_engine().execute(request_).line
