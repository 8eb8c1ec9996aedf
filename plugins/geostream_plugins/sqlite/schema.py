"""The tables, and the way from older versions of them.

Stream, group and consumer have numbers of their own, so renaming a key or swapping databases
changes a row or two and no entries. Names are kept twice: the exact bytes for the server, and
text for people. Tables are STRICT: SQLite itself refuses text where a number belongs, whoever
writes it.

``entries`` is an ordinary table with a unique index and not WITHOUT ROWID. Measured, 100 bytes
an entry: with one stream both take 180,000 to 200,000 rows/s; with 1,000 streams written in
turn WITHOUT ROWID takes 20,000 and this 84,000 to 104,000, because new rows stand together at
the end; with 1,000 bytes an entry and 20 streams 22,000 against 38,000. Loading reads the table
from one end to the other and needs no index.

``raw`` is the entry as clients are sent it, and alone is loaded; ``crc`` is its CRC-32, because
SQLite has no checksum of its own. A row without ``crc`` was put there by hand and is parsed. The
other tables have such a column too, see checks.py.

A generated column is computed for each row that is put, although it is not stored: of an entry
the ID cost 0.3 us, the time 0.8 us. So both are only in views. In tables WITHOUT ROWID generated
columns stand last and keys first: else the integrity_check of SQLite 3.40 mistakes one column
for another.

Rows of ``entries`` and ``pending`` whose stream or group is not listed belong to nothing: they
are what is left of something large that was deleted, or are being written by a snapshot. They
are passed over, and cleared away a few at a time.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from geostream.persistence.api import Corrupt
from geostream_plugins.sqlite.checkpoints import SHARED_BYTES
from geostream_plugins.sqlite.checks import crc_of
from geostream_plugins.sqlite.faults import ADVICE
from geostream_plugins.sqlite.migrations import MIGRATIONS
from geostream_plugins.sqlite.views import ALL_ENTRIES_SQL

FORMAT = "geostream"
VERSION = 2
NAMES = ["streams", "entries", "groups", "consumers", "pending", "idmp", "strings"]
OLDEST_SQLITE = (3, 38, 0)  # STRICT tables, JSON built in
PAGE_BYTES = 8192
CACHE_BYTES = 32 * 2**20
BUSY_MS = 5000  # waited for another program that writes

_ID = "TEXT GENERATED ALWAYS AS (printf('%u-%u', {0}ms, {0}seq)) VIRTUAL"

TABLES = f"""
CREATE TABLE _geostream_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    db INTEGER NOT NULL,
    name TEXT NOT NULL,
    key BLOB NOT NULL,
    length INTEGER NOT NULL,
    last_id {_ID.format("last_")},
    entries_added INTEGER NOT NULL,
    max_deleted_id {_ID.format("max_deleted_")},
    expires_at_ms INTEGER,
    last_ms INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    max_deleted_ms INTEGER NOT NULL,
    max_deleted_seq INTEGER NOT NULL,
    idmp_duration_s INTEGER NOT NULL,
    idmp_max_size INTEGER NOT NULL,
    iids_added INTEGER NOT NULL,
    iids_duplicates INTEGER NOT NULL,
    view TEXT,
    fields TEXT NOT NULL,
    crc INTEGER
) STRICT;
CREATE INDEX streams_key ON streams (db, key);
CREATE TABLE entries (
    stream_id INTEGER NOT NULL REFERENCES streams (id),
    fields TEXT,
    pairs TEXT,
    ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    crc INTEGER,
    raw BLOB NOT NULL,
    PRIMARY KEY (stream_id, ms, seq)
) STRICT;
CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL REFERENCES streams (id),
    name TEXT NOT NULL,
    raw_name BLOB NOT NULL,
    last_id {_ID.format("last_")},
    entries_read INTEGER,
    last_ms INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    crc INTEGER
) STRICT;
CREATE INDEX groups_stream ON groups (stream_id);
CREATE TABLE consumers (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES groups (id),
    name TEXT NOT NULL,
    raw_name BLOB NOT NULL,
    seen_ms INTEGER NOT NULL,
    active_ms INTEGER NOT NULL,
    crc INTEGER
) STRICT;
CREATE INDEX consumers_group ON consumers (group_id);
CREATE TABLE pending (
    group_id INTEGER NOT NULL REFERENCES groups (id),
    ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    consumer_id INTEGER REFERENCES consumers (id),
    delivered_ms INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL,
    put_order INTEGER NOT NULL,
    crc INTEGER,
    id {_ID.format("")},
    PRIMARY KEY (group_id, ms, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE idmp (
    stream_id INTEGER NOT NULL REFERENCES streams (id),
    pid BLOB NOT NULL,
    iid BLOB NOT NULL,
    producer TEXT NOT NULL,
    ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    put_order INTEGER NOT NULL,
    crc INTEGER,
    id {_ID.format("")},
    PRIMARY KEY (stream_id, pid, iid)
) STRICT, WITHOUT ROWID;
CREATE TABLE strings (
    db INTEGER NOT NULL,
    name TEXT NOT NULL,
    value ANY NOT NULL,
    expires_at_ms INTEGER,
    form TEXT NOT NULL,
    key BLOB NOT NULL,
    crc INTEGER,
    PRIMARY KEY (db, key)
) STRICT;
{ALL_ENTRIES_SQL};
"""


def open_database(path: Path) -> Database:
    """Open or create the file, with the tables of this version in it.

    Raises Corrupt if it is not ours or cannot be read, sqlite3.Error, OSError.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        reason = f"SQLite 3.38 or newer is needed, this is {sqlite3.sqlite_version}"
        raise OSError(errno.ENOSYS, reason, str(path))
    _check_is_sqlite(path)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
    )
    try:
        database = Database(connection, recursive_triggers=False, execute_plugins=False)
        _bring_up_to_date(database, path)
        _configure(connection, path)
    except BaseException:
        connection.close()
        raise
    return database


def _check_is_sqlite(path: Path) -> None:
    """Refuse another kind of file, and one that was cut.

    SQLite takes the beginning of a file for an empty database, in which we would begin anew.
    It may not have the file open yet: closing it here would drop its locks.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
            size_bytes = file.seek(0, 2)
    except FileNotFoundError:
        return
    if not header:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise Corrupt(path, 0, "this is not a SQLite database", "name another file in config.yaml")
    if not set(header[18:20]) <= {1, 2}:  # SQLite would take it for one that cannot be written
        raise Corrupt(path, 18, "the header is damaged", ADVICE)
    page_bytes, pages = int.from_bytes(header[16:18]), int.from_bytes(header[28:32])
    expected_bytes = pages * (65536 if page_bytes == 1 else page_bytes)
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0  # which may hold what is not here yet
    if size_bytes < min(expected_bytes, 512 if has_log else expected_bytes) or len(header) < 100:
        reason = f"the file ends here, where {expected_bytes} bytes should be"
        raise Corrupt(path, size_bytes, reason, ADVICE)


def _configure(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = wal").fetchone()[0]
    if mode != "wal":
        raise OSError(errno.ENOTSUP, "SQLite cannot keep a write-ahead log here", str(path))
    for pragma in (
        "synchronous = normal",
        f"wal_autocheckpoint = {SHARED_BYTES // PAGE_BYTES}",
        f"journal_size_limit = {SHARED_BYTES}",
        f"cache_size = {-CACHE_BYTES // 1024}",
        "secure_delete = off",
        "foreign_keys = off",  # rows are deleted by whoever knows them, in larger steps
    ):
        connection.execute(f"PRAGMA {pragma}")


def _bring_up_to_date(database: Database, path: Path) -> None:
    connection = database.conn
    tables = database.table_names()
    if not tables and not path.stat().st_size:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        _create(connection)
        return
    if "_geostream_meta" not in tables:
        advice = "name another file in config.yaml"
        raise Corrupt(path, None, "this SQLite database is not geostream's", advice)
    version = _version(connection, path)
    if version > VERSION:
        reason = f"written by a newer geostream: its tables are of version {version}, and this "
        raise Corrupt(path, None, f"{reason}one knows up to {VERSION}", "upgrade geostream")
    if missing := set(NAMES) - set(tables):
        raise Corrupt(path, None, f"there is no table {min(missing)}", ADVICE)
    _check_tables(connection, path)
    if version < VERSION:  # which notes anew what the tables are: not before they were checked
        _migrate(connection, path, version)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        meta = [("format", FORMAT), ("version", str(VERSION))]
        connection.executemany("INSERT INTO _geostream_meta VALUES (?, ?)", meta)
        _note_tables(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    try:
        meta = dict(connection.execute("SELECT name, value FROM _geostream_meta"))
        version = int(meta["version"])
    except (KeyError, ValueError, sqlite3.OperationalError) as fault:
        reason = "table _geostream_meta does not say which version it is"
        raise Corrupt(path, None, reason, ADVICE) from fault
    if meta.get("format") != FORMAT or version < 1:
        reason = "table _geostream_meta says that this is not geostream's"
        raise Corrupt(path, None, reason, ADVICE)
    return version


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    """Return checksums of what the tables and their indexes are, and of where they stand."""
    query = """SELECT name, sql, rootpage FROM sqlite_master
        WHERE tbl_name IN (SELECT value FROM json_each(?)) AND type <> 'view' ORDER BY name"""
    found = connection.execute(query, [json.dumps(NAMES)]).fetchall()
    return {
        "tables": str(crc_of(*[row[:2] for row in found])),
        "roots": str(crc_of(*[row[2] for row in found])),
    }


def _note_tables(connection: sqlite3.Connection) -> None:
    put = "INSERT OR REPLACE INTO _geostream_meta VALUES (?, ?)"
    connection.executemany(put, _tables(connection).items())


def _check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse tables that are not the ones that were made, or not where they were put.

    VACUUM, which anybody may do, moves them; then SQLite must find all pages in their place.
    """
    found = _tables(connection)
    noted = dict(connection.execute("SELECT name, value FROM _geostream_meta"))
    if noted.get("tables", found["tables"]) != found["tables"]:
        reason = "the definition of a table is damaged, or was changed by hand"
        raise Corrupt(path, None, reason, ADVICE)
    if noted.get("roots", found["roots"]) != found["roots"]:
        (check,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if check != "ok":
            raise Corrupt(path, None, f"SQLite says: {check}", ADVICE)
        _note_tables(connection)
    for table in NAMES:
        if table == "entries":  # their number is in streams
            continue
        (check,) = connection.execute(f"PRAGMA integrity_check({table})").fetchone()
        if check != "ok":
            raise Corrupt(path, None, f"table {table} is damaged: {check}", ADVICE)


def _migrate(connection: sqlite3.Connection, path: Path, version: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version, VERSION):
            if number not in MIGRATIONS:
                reason = f"its tables are of version {number}, which nothing can read any more"
                raise Corrupt(path, None, reason, "load it with an older geostream")
            MIGRATIONS[number](connection, path)
        _note_tables(connection)
        connection.execute(
            "UPDATE _geostream_meta SET value = ? WHERE name = 'version'", [str(VERSION)]
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
