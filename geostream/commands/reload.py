"""DEBUG RELOAD: write all data as an RDB file would have it, and hold what is read back.

It is for tests of the format, from outside. The file is in memory and gone afterwards, so
there is none for NOSAVE to load. What is written is the newest version, which keeps
everything; nobody is told of a change, because there is none.

Keys whose time has come are deleted first, as events, instead of being left out in silence.
"""

from __future__ import annotations

from io import BytesIO

from geostream import errors
from geostream.engine.command import LOADING_LIMIT
from geostream.engine.context import Context
from geostream.rdb.reader import RdbReader
from geostream.rdb.writer import write_rdb
from geostream.reply import OK, Reply
from geostream.store.capture import image_at_once
from geostream.store.effects import DatabaseFlushed
from geostream.store.keyspace import Keyspace

NEWEST_VERSION = 14
OPTIONS = frozenset({b"MERGE", b"NOFLUSH", b"NOSAVE"})
WHY_NOSAVE_FAILS = b"DEBUG RELOAD NOSAVE: no RDB file is kept between two reloads; nothing changed"


def reload_data(ctx: Context, words: list[bytes]) -> Reply:
    """Reply OK. O(all data), and everybody is held up.

    MERGE   -- keys that are there already are replaced; without it they must not be there
    NOFLUSH -- leave what there is; then every key is there already
    NOSAVE  -- do not write the file first

    Raises DEBUG_RELOAD_OPTION, DEBUG_RELOAD_FAILED, DEBUG_RELOAD_KEYS_EXIST, and LOADING while
    the data is being loaded; nothing has changed then.
    """
    options = {word.upper() for word in words}
    keyspace = ctx.keyspace
    if not options <= OPTIONS:
        raise errors.fail(errors.DEBUG_RELOAD_OPTION)
    if ctx.engine.limits & LOADING_LIMIT:
        raise errors.fail(errors.LOADING)
    if b"NOSAVE" in options:
        ctx.engine.host.log(WHY_NOSAVE_FAILS)
        raise errors.fail(errors.DEBUG_RELOAD_FAILED)
    flushes = b"NOFLUSH" not in options
    if not flushes and b"MERGE" not in options and any(map(len, keyspace.databases)):
        raise errors.fail(errors.DEBUG_RELOAD_KEYS_EXIST)
    if keyspace.expires_keys:
        _expire_all_due(keyspace)
    fresh = _written_and_read(keyspace)
    if flushes:
        _show_to_watches(ctx)
    keyspace.adopt(fresh)
    ctx.engine.memory.recount()
    return OK


def _expire_all_due(keyspace: Keyspace) -> None:
    for database in keyspace.databases:
        for key in database.due(len(database)):
            keyspace.expire(database.number, key)


def _written_and_read(keyspace: Keyspace) -> Keyspace:
    """Return another keyspace with the data of this one, by way of an RDB file."""
    file = BytesIO()
    write_rdb(file, image_at_once(keyspace), version=NEWEST_VERSION)
    fresh = Keyspace(len(keyspace.databases))
    fresh.now_ms = keyspace.now_ms
    fresh.epoch = keyspace.epoch
    fresh.replay(RdbReader(file.getvalue(), now_ms=None, databases=len(fresh.databases)))
    return fresh


def _show_to_watches(ctx: Context) -> None:
    """Let those who watch a key learn that it was gone for a moment."""
    gone = [
        DatabaseFlushed(database.number, b"", len(database), database.values)
        for database in ctx.keyspace.databases
    ]
    ctx.engine.watches.note(gone, ctx.keyspace)
