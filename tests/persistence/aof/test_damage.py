"""A file that is cut or changed anywhere loads to a state that there was, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geostream.engine.replay import UnknownCommand
from geostream.persistence.api import Corrupt
from tests.persistence.aof.files import DIR_NAME, Recorder, known, load_and_report, store

INCR = "appendonly.aof.1.incr.aof"


class Story:
    """A small file and every state there was on the way."""

    def __init__(self, directory: Path) -> None:
        recorder = Recorder()
        self.states: list[Any] = [{}]
        for request in (
            "XADD s * f 1",
            "XGROUP CREATE s g 0",
            "XREADGROUP GROUP g c STREAMS s >",
            "SELECT 1",
            "SET k v PX 900000000",
        ):
            recorder.run(request)
            self.states.append(known(recorder.keyspace))
        store(directory, *recorder.batches)
        self.path = directory / DIR_NAME / INCR
        self.whole = self.path.read_bytes()
        self.directory = directory

    def load(self, data: bytes, **options: Any) -> Any:
        """Return what is loaded from other bytes."""
        self.path.write_bytes(data)
        try:
            keyspace, _, replayer = load_and_report(self.directory, now_ms=1_000, **options)
        except UnknownCommand as error:  # whoever runs it says where it stands
            raise Corrupt(self.path, 0, str(error)) from None
        assert replayer.failures == []
        return known(keyspace)

    def tidy_up(self) -> None:
        """Remove what was kept of torn ends."""
        for path in self.path.parent.glob("*.tail-*"):
            path.unlink()


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_a_file_cut_at_any_byte_gives_the_state_before_the_torn_batch(story: Story) -> None:
    latest = 0
    for end in range(len(story.whole) + 1):
        state = story.load(story.whole[:end])
        assert state in story.states
        latest = max(latest, story.states.index(state))
        assert story.states.index(state) == latest  # never less than what is whole
        rest = story.path.read_bytes()
        kept = b"".join(path.read_bytes() for path in story.path.parent.glob("*.tail-*"))
        assert rest + kept == story.whole[:end]
        if end % 10 == 0:
            assert story.load(rest) == state
        story.tidy_up()
    assert latest == len(story.states) - 1


def test_a_file_cut_at_any_byte_is_refused_if_torn_ends_are_not_to_be_loaded(story: Story) -> None:
    accepted = 0
    for end in range(len(story.whole) + 1):
        try:
            state = story.load(story.whole[:end], aof_load_truncated=False)
        except Corrupt as error:
            assert error.path == story.path
            assert error.offset is not None
            assert story.path.read_bytes() == story.whole[:end]
        else:
            assert state in story.states
            accepted += 1
    assert accepted >= len(story.states)


@pytest.mark.parametrize("change", [0x01, 0x20, 0xFF])
def test_a_file_with_any_byte_changed_gives_a_state_there_was_or_is_refused(
    story: Story, change: int
) -> None:
    refused = 0
    for place in range(len(story.whole)):
        data = bytearray(story.whole)
        data[place] ^= change
        try:
            state = story.load(bytes(data))
        except Corrupt as error:
            assert error.offset is not None
            assert story.path.read_bytes() == data
            refused += 1
        else:
            # Only the very end can be lost: the checksum of the last batch, not the batch.
            assert state == story.states[-1]
        story.tidy_up()
    assert refused > len(story.whole) * 0.9


def test_garbage_behind_the_last_batch_is_refused_but_cut_if_that_much_is_allowed(
    story: Story,
) -> None:
    damaged = story.whole + bytes(100)
    with pytest.raises(Corrupt) as caught:
        story.load(damaged)
    assert caught.value.offset == len(story.whole)
    with pytest.raises(Corrupt):
        story.load(damaged, aof_load_corrupt_tail_max_size=99)
    assert story.load(damaged, aof_load_corrupt_tail_max_size=100) == story.states[-1]
    assert story.path.read_bytes() == story.whole


def test_a_length_beyond_the_end_is_no_torn_end_where_whole_batches_follow(story: Story) -> None:
    damaged = story.whole.replace(b"$1\r\ns\r\n", b"$9999999\r\ns\r\n", 1)
    with pytest.raises(Corrupt):
        story.load(damaged)
    assert story.path.read_bytes() == damaged


def test_who_edits_a_batch_is_told_what_to_do_about_its_checksum(story: Story) -> None:
    edited = story.whole.replace(
        b"\r\nSET\r\n$1\r\nk\r\n$1\r\nv", b"\r\nSET\r\n$1\r\nk\r\n$1\r\nw", 1
    )
    with pytest.raises(Corrupt, match="delete the line with the checksum"):
        story.load(edited)
    lines = edited.split(b"\n")
    batch = next(number for number, line in enumerate(lines) if line == b"w\r")
    checksum = next(
        number for number in range(batch, len(lines)) if lines[number].startswith(b"#geostream:sum")
    )
    del lines[checksum]
    assert story.load(b"\n".join(lines))[1][b"k"][0] == b"w"
