"""Additions as commands: what stands in the log is what a client would have sent."""

from __future__ import annotations

from hiredis import pack_command
from hypothesis import given
from hypothesis import strategies as st

from geostream.store import effects as fx
from geostream.store.ids import id_bytes
from geostream.store.wire import pack_entry
from geostream.store.xadd_commands import xadd_commands

half = st.one_of(st.integers(0, 12), st.integers(0, 2**64 - 1))
word = st.one_of(st.sampled_from([b"", b"*3\r\n$1\r\nx\r\n", b"\r\n*"]), st.binary(max_size=1200))
words = st.lists(st.tuples(word, word), min_size=1, max_size=6)
additions = st.lists(
    st.tuples(
        st.sampled_from([b"k", b"", b"another key\r\n"]),
        st.tuples(half, half),
        words,
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def _packed(*words: bytes) -> bytes:
    return pack_command(words)


@given(additions)
def test_additions_stand_there_as_clients_send_them(
    given: list[tuple[bytes, tuple[int, int], list[tuple[bytes, bytes]], bool]],
) -> None:
    batch: list[fx.Effect] = []
    expected = b""
    for key, entry_id, pairs, starts_node in given:
        fields = [text for pair in pairs for text in pair]
        entry = pack_entry(id_bytes(entry_id), fields)
        batch.append(fx.EntryAdded(0, key, entry_id, entry, starts_node))
        expected += _packed(b"XADD", key, id_bytes(entry_id), *fields)
    assert xadd_commands(batch, 0) == (expected, len(batch))


def test_only_what_stands_in_a_row_and_goes_to_one_database_is_taken() -> None:
    def added(number: int, ms: int) -> fx.EntryAdded:
        return fx.EntryAdded(number, b"k", (ms, 0), pack_entry(b"%d-0" % ms, [b"f", b"v"]), False)

    trimmed = fx.EntriesTrimmed(0, b"k", 1, 0, (2, 0), 1)
    batch: list[fx.Effect] = [trimmed, added(0, 1), added(0, 2), added(3, 1), trimmed, added(0, 3)]
    first = _packed(b"XADD", b"k", b"1-0", b"f", b"v") + _packed(b"XADD", b"k", b"2-0", b"f", b"v")
    assert xadd_commands(batch, 1) == (first, 2)
    assert xadd_commands(batch, 3) == (_packed(b"XADD", b"k", b"1-0", b"f", b"v"), 1)
    assert xadd_commands(batch, 5) == (_packed(b"XADD", b"k", b"3-0", b"f", b"v"), 1)
