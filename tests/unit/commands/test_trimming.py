"""What trimming looks at; what it takes away is compared with real servers."""

from unittest import mock

from geostream.store.stream import Stream
from tests.support.engines import make_engine


def test_acked_does_not_look_at_entries_some_group_has_not_read():
    subject = make_engine(settings={"stream-node-max-entries": "10"})
    for ms in range(1, 101):
        subject.execute("XADD", "s", f"{ms}-0", "f", "v")
    subject.execute("XGROUP CREATE s g 0")
    subject.execute("XGROUP CREATE s h 50")
    subject.execute("XREADGROUP GROUP g a COUNT 14 STREAMS s >")
    subject.execute("XACK s g 3-0 12-0 14-0")
    with mock.patch.object(Stream, "is_referenced", autospec=True) as asked:
        asked.side_effect = lambda stream, entry_id: entry_id[0] not in (3, 12, 14)
        assert subject.execute("XTRIM s ACKED MAXLEN 20") == 3
    assert [call.args[1][0] for call in asked.call_args_list] == list(range(1, 15))
    assert subject.execute("XLEN s") == 97
