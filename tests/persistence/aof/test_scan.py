"""Files are taken apart exactly, and nothing they announce is believed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from hiredis import pack_command
from hypothesis import given
from hypothesis import strategies as st

from geostream.store.wire import unpack_fields
from geostream_plugins.aof import scan as scanning
from geostream_plugins.aof.scan import BadFormat, Item, Scanner, Torn, read_command

words = st.lists(st.binary(max_size=30), min_size=1, max_size=6)
lines = st.binary(max_size=30).map(lambda text: b"#" + text.translate(None, b"\r\n"))
items = st.lists(st.one_of(words, lines), max_size=12)


def one_by_one(data: bytes) -> Scanner:
    return Scanner(data, one_by_one=True)


def written(item: Item) -> bytes:
    return item + b"\r\n" if isinstance(item, bytes) else pack_command(tuple(item))


@given(items, st.integers(1, 200))
def test_what_was_written_is_read_with_its_places(content: list[Item], piece_bytes: int) -> None:
    data = b"".join(map(written, content))
    before = scanning.PIECE_BYTES
    scanning.PIECE_BYTES = piece_bytes
    try:
        found = list(one_by_one(data))
    finally:
        scanning.PIECE_BYTES = before
    assert [item for _, _, item in found] == content
    assert [data[at:end] for at, end, _ in found] == list(map(written, content))


@given(items, st.data())
def test_of_a_file_that_is_cut_all_that_is_whole_is_read(
    content: list[Item], data: st.DataObject
) -> None:
    whole = b"".join(map(written, content))
    end = data.draw(st.integers(0, len(whole)))
    found: list[Item] = []
    place = 0
    try:
        for _, item_end, item in one_by_one(whole[:end]):
            place = item_end
            found.append(item)
    except Torn:
        assert place < end
    else:
        assert place == end
    assert found == content[: len(found)]
    assert len(b"".join(map(written, content[: len(found)]))) == place


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = list(one_by_one(data))
    except BadFormat as error:
        assert 0 <= error.offset <= len(data)
    else:
        assert b"".join(written(item) for _, _, item in found).replace(b"\r\n", b"\n") == (
            data.replace(b"\r\n", b"\n")
        )


GOOD = b"*1\r\n$4\r\nPING\r\n"


@pytest.mark.parametrize(
    "bad",
    [
        b"PING\r\n",
        b"\r\n",
        b"*0\r\n",
        b"*-1\r\n",
        b"*1\n$4\nPING\n",
        b"*01\r\n$4\r\nPING\r\n",
        b"*1\r\n+PING\r\n",
        b"*1\r\n:5\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n*1\r\n$4\r\nPING\r\n",
        b"*1\r\n$3\r\nPING\r\n",
        b"*1\r\n$04\r\nPING\r\n",
        b"%1\r\n+a\r\n+b\r\n",
        b">1\r\n$4\r\nPING\r\n",
        b"\0" * 20,
        b"$4\r\nPING\r\n",
    ],
)
def test_bad_format_is_told_where_it_stands(bad: bytes) -> None:
    read = []
    with pytest.raises(BadFormat) as caught:
        for _, _, item in one_by_one(GOOD + bad + GOOD):
            read.append(item)
    assert not isinstance(caught.value, Torn)
    assert read == [[b"PING"]]
    assert len(GOOD) <= caught.value.offset < len(GOOD + bad)


@pytest.mark.parametrize(
    "torn",
    [b"*", b"*3", b"*3\r", b"*3\r\n", b"*1\r\n$4\r\nPI", b"*1\r\n$4\r\nPING", b"*1\r\n$4\r\nPING\r",
     b"*1000000000\r\n$4\r\nPING\r\n", b"*1\r\n$999999999\r\nPING\r\n", b"#TS:17"],
)  # fmt: skip
def test_a_torn_end_is_told_from_bad_format(torn: bytes) -> None:
    with pytest.raises(Torn):
        list(one_by_one(GOOD + torn))


@pytest.mark.parametrize("mark", [b"*", b">", b"~", b"%", b"|"])
def test_nothing_is_reserved_for_what_is_only_announced(mark: bytes) -> None:
    data = GOOD + b"*1\r\n" + mark + b"500000000\r\n"
    tracemalloc.start()
    with pytest.raises(BadFormat):
        list(one_by_one(data))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 2**20


def test_the_plain_reader_agrees_about_what_announces_much() -> None:
    words_of = [b"XADD", b"*12345\r\n$1\r\n"]
    data = pack_command(tuple(words_of))
    assert read_command(data, 0) == (words_of, len(data))
    assert [item for _, _, item in one_by_one(data * 3)] == [words_of] * 3


additions = st.builds(
    lambda key, ms, seq, fields: [b"XADD", key, b"%d-%d" % (ms, seq), *fields],
    st.sampled_from([b"k", b"l"]),
    st.integers(0, 5),
    st.integers(0, 5),
    st.lists(st.binary(max_size=9), min_size=1, max_size=4),
)
mixed = st.one_of(additions, additions, words, lines)


def spread(
    found: Iterable[tuple[int, int, Item]],
) -> Iterator[tuple[int, int, list[bytes] | bytes]]:
    """Yield additions one by one, with their places."""
    for at, end, item in found:
        if isinstance(item, list | bytes):
            yield at, end, item
            continue
        (key, run), begin = item, at
        for place, packed in enumerate(run.fields()):
            fields = unpack_fields(packed)
            command = [b"XADD", key, b"%d-%d" % run.id_at(place), *fields]
            size = len(written(command))
            yield begin, begin + size, command
            begin += size
        assert begin == end


@given(st.lists(mixed, max_size=30), st.integers(1, 200), st.data())
def test_additions_come_out_together_and_are_what_stands_there(
    content: list[list[bytes] | bytes], piece_bytes: int, data: st.DataObject
) -> None:
    log = b"".join(map(written, content))
    before = scanning.PIECE_BYTES
    scanning.PIECE_BYTES = piece_bytes
    try:
        scanner = Scanner(log)
        found = []
        for one in scanner:
            found += list(spread([one]))
            scanner.one_by_one = data.draw(st.booleans())
    finally:
        scanning.PIECE_BYTES = before
    assert [item for _, _, item in found] == content
    assert [log[at:end] for at, end, _ in found] == list(map(written, content))


def test_runs_of_additions_end_where_something_else_stands() -> None:
    content = [
        *([b"XADD", b"k", b"1-%d" % seq, b"f", b"v"] for seq in range(1, 4)),
        [b"XACK", b"k", b"g", b"1-1"],
        *([b"XADD", b"k", b"2-%d" % seq, b"f", b"v"] for seq in range(1, 6)),
        b"#TS:5",
        *([b"XADD", b"l", b"2-%d" % seq, b"f", b"v"] for seq in range(1, 3)),
    ]
    found = [item for _, _, item in Scanner(b"".join(map(written, content)))]
    assert [len(item[1]) if isinstance(item, tuple) else item for item in found] == [
        3,
        [b"XACK", b"k", b"g", b"1-1"],
        5,
        b"#TS:5",
        2,
    ]
