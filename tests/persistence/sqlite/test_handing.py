"""Many rows handed over at once are the rows that would have been bound one by one."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from geostream_plugins.sqlite.handing import MANY_ROWS, PAGES_PAY
from tests.persistence.sqlite.subjects import (
    Failing,
    Writer,
    ask,
    copy_files,
    opened,
    stored,
    without_nodes,
)

ROWS = "SELECT stream_id, ms, seq, fields, pairs, crc, raw FROM entries ORDER BY stream_id, rowid"


def filled(writer: Writer, rows: int) -> None:
    """Add rows to three streams: alike, odd in every way, and some that go again."""
    kinds: list[list[Any]] = [
        ["f", "v"],
        ["f", 'quoted "\\' + chr(0xE9)],
        ["f", "v", "g", "w"],
        ["f", b"\xff\x00"],
        ["f", "1", "f", "2"],
        ["f", "x" * 20_000],
        ["f", "y" * 9_000],
    ]
    for number in range(rows):
        kind = kinds[number % 100 % 7 if number % 100 > 90 else 0]
        writer.run(["XADD", f"k{number % 3}", f"{number + 1}-{number % 5}", *kind])
        if number % 50 == 49:
            writer.run(f"XDEL k0 {number + 1}-{number % 5}", "XTRIM k1 MINID ~ 20")
    writer.run("XADD k2 9223372036854775807-1 f v", "XADD k2 9223372036854775809-1 f v")


@pytest.mark.parametrize("options", [{}, {"json": False}])
def test_the_rows_do_not_depend_on_how_many_come_at_once(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    writer = Writer()
    filled(writer, 1500)
    batch = writer.batch()
    found = []
    for size in (MANY_ROWS // 2, MANY_ROWS + 1, len(batch)):
        directory = tmp_path / str(size)
        directory.mkdir()
        plugin = opened(directory, **options)
        for start in range(0, len(batch), size):
            plugin.append(plugin.gather(batch[start : start + size]))
        plugin.close()
        found.append(ask(directory, ROWS))
        assert stored(directory, **options) == without_nodes(writer.keyspace)
        assert ask(directory, "PRAGMA integrity_check") == [("ok",)]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 1000


@pytest.mark.skipif(not PAGES_PAY, reason="plain Python binds all rows")
def test_many_rows_are_handed_over_and_few_are_bound(tmp_path: Path) -> None:
    plugin, writer = opened(tmp_path), Writer()
    statements: list[str] = []
    plugin._connection.set_trace_callback(statements.append)
    for rows, is_handed in ((MANY_ROWS - 1, False), (MANY_ROWS + 1, True), (3000, True)):
        writer.run(*["XADD k * f v"] * rows)
        statements.clear()
        plugin.append(plugin.gather(writer.batch()))
        assert any("_geostream_rows" in text for text in statements) == is_handed
        assert any("INSERT INTO entries" in text for text in statements) != is_handed
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_more_than_one_transaction_may_hand_over_goes_in_nonetheless(tmp_path: Path) -> None:
    plugin, writer = opened(tmp_path), Writer()
    for number in range(3):  # each copied stream is written for itself, in one transaction
        writer.run(*[f"XADD k{number} * f {'v' * 200}"] * 200, f"COPY k{number} copy{number}")
    writer.run(*[f"XADD large * f {'v' * 3000}"] * 2000)
    plugin.append(plugin.gather(writer.batch()))
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)
    large = "SELECT seq FROM entries WHERE length(raw) > 3000 ORDER BY rowid"
    assert [seq for (seq,) in ask(tmp_path, large)] == list(range(2000))


def test_whatever_fails_while_rows_are_handed_over_nothing_of_them_is_there(
    tmp_path: Path,
) -> None:
    plugin, writer = opened(tmp_path), Writer()
    good = plugin._connection
    writer.run(*["XADD k * f v"] * 200)
    batch = plugin.gather(writer.batch())
    count = 1
    while True:
        plugin._connection = plugin._handing._connection = Failing(good, count)  # type: ignore
        try:
            plugin.append(batch)
            break
        except OSError as fault:
            assert fault.errno == errno.EIO
        copy_files(tmp_path, tmp_path / "copy")
        assert stored(tmp_path / "copy") == {}
        count += 1
    plugin._connection = plugin._handing._connection = good
    plugin.close()
    assert count > 5
    assert stored(tmp_path) == without_nodes(writer.keyspace)


def test_a_transaction_has_the_lock_for_writing_from_its_beginning(tmp_path: Path) -> None:
    plugin, writer = opened(tmp_path), Writer()
    writer.run("XADD k * f v")
    plugin._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / "geostream.db", isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OSError) as busy:
        plugin.append(batch := writer.batch())
    assert busy.value.errno == errno.EBUSY
    other.execute("ROLLBACK")
    plugin._handing.begin()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    plugin._connection.execute("ROLLBACK")
    plugin.append(batch)
    other.close()
    plugin.close()
    assert stored(tmp_path) == without_nodes(writer.keyspace)
