"""What is written to an append-only file: effects as commands real servers run again.

One function for each kind of effect returns the bytes and how many things they are. The
commands are those of Redis 7.0, with every choice made: the ID, the length that is left, the
time. Where a command says exactly what the effect says, it stands alone; where it says less,
or geostream would carry it out otherwise, the effect goes before it as an annotation
(annotations.py), and where there is no command, the annotation is all.

A batch of more than one thing stands between MULTI and EXEC, so that a crash leaves all of it
or nothing, and ends with its checksum.

Adding an entry is what happens most, and is written many at a time (store/xadd_commands.py),
while the entries are at hand (``gathered``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, cast

from hiredis import pack_command
from msgspec import Struct

from geostream.rdb.dump import dump_value
from geostream.store import effects as fx
from geostream.store.effects import Effect
from geostream.store.ids import StreamId, id_bytes
from geostream.store.images import StreamImage
from geostream.store.xadd_commands import xadd_commands
from geostream_plugins.aof.annotations import effect_lines, restored_lines, sum_line

MULTI = b"*1\r\n$5\r\nMULTI\r\n"
EXEC = b"*1\r\n$4\r\nEXEC\r\n"
PORTABLE_VERSION = 11  # of a DUMP payload: what Redis 7.2 and every Valkey read
COMPLETE_VERSION = 14  # the first that has everything of a stream
NO_DATABASE = -1  # selected in a file that was just opened
_THROWN_AWAY = b"geostream"  # a group that is there for a moment


class Written(Struct, frozen=True):
    """Additions to one database that are written down already."""

    db: int
    key: bytes  # of the first
    commands: bytes
    count: int


Record = tuple[bytes | bytearray, int]  # bytes, and how many commands and annotations they are

# The library's own types know requests of one word only.
_pack = cast("Callable[[tuple[bytes | int, ...]], bytes]", pack_command)


def command(*words: bytes | int) -> bytes:
    """Return a command as it stands in the file."""
    return _pack(words)


def select(number: int) -> bytes:
    """Return the command that turns to another database."""
    return command(b"SELECT", number)


# Keys of any type


def _stream_created(effect: fx.StreamCreated) -> Record:
    """Make an empty stream that stays: other servers know no command that does only that."""
    key = effect.key
    made = command(b"XGROUP", b"CREATE", key, _THROWN_AWAY, b"0", b"MKSTREAM")
    left = command(b"XGROUP", b"DESTROY", key, _THROWN_AWAY)
    return effect_lines(effect, 2) + made + left, 3


def _string_set(effect: fx.StringSet) -> Record:
    key, content = effect.key, effect.content
    told_as = effect.told_as
    if content and (told_as == "setrange" or (told_as == "append" and not effect.is_new)):
        start = command(b"SET", key, content[:-1], b"KEEPTTL")
        return start + command(b"APPEND", key, content[-1:]), 2
    whole = command(b"SET", key, content, b"KEEPTTL")
    if told_as == "incrbyfloat":
        return effect_lines(effect, 1) + whole, 2
    return whole, 1


def _expiry_set(effect: fx.ExpirySet) -> Record:
    return command(b"PEXPIREAT", effect.key, effect.at_ms), 1


def _expiry_removed(effect: fx.ExpiryRemoved) -> Record:
    return command(b"PERSIST", effect.key), 1


def _key_deleted(effect: Effect) -> Record:
    return command(b"DEL", effect.key), 1


def _key_moved(effect: fx.KeyMoved) -> Record:
    key, to_key = effect.key, effect.to_key
    if effect.to_db == effect.db:
        return command(b"RENAME", key, to_key), 1
    if to_key == key and not effect.replaced:
        return command(b"MOVE", key, effect.to_db), 1
    copied = command(b"COPY", key, to_key, b"DB", effect.to_db, b"REPLACE")
    return copied + command(b"DEL", key), 2


def _key_copied(effect: fx.KeyCopied) -> Record:
    return command(b"COPY", effect.key, effect.to_key, b"DB", effect.to_db, b"REPLACE"), 1


def _database_flushed(effect: fx.DatabaseFlushed) -> Record:
    return command(b"FLUSHDB"), 1


def _databases_swapped(effect: fx.DatabasesSwapped) -> Record:
    return command(b"SWAPDB", effect.db, effect.other_db), 1


# Entries


def is_portable(image: StreamImage) -> bool:
    """Tell whether a payload that other servers read holds all there is to know of a stream."""
    idmp = image.idmp
    has_messages = idmp.producers or idmp.iids_added or idmp.iids_duplicates
    is_plain = (idmp.duration_s, idmp.max_size) == (100, 100) and not has_messages
    return is_plain and not any(group.released for group in image.groups)


def complete_lines(effect: fx.StreamRestored, replaces: int) -> bytes:
    """Return annotations with all there is to know of a stream."""
    payload = dump_value(effect.image, COMPLETE_VERSION)
    return restored_lines(effect, replaces, payload)


def _stream_restored(effect: fx.StreamRestored) -> Record:
    payload = dump_value(effect.image, PORTABLE_VERSION)
    restore = command(b"RESTORE", effect.key, b"0", payload, b"REPLACE")
    if is_portable(effect.image):
        return restored_lines(effect, 1) + restore, 2
    return complete_lines(effect, 1) + restore, 2


def _entries_trimmed(effect: fx.EntriesTrimmed) -> Record:
    return command(b"XTRIM", effect.key, b"MAXLEN", b"=", effect.left), 1


def _entries_deleted(effect: fx.EntriesDeleted) -> Record:
    deleted = command(b"XDEL", effect.key, *map(id_bytes, effect.ids))
    if effect.by_trimming:  # XDEL would note the highest ID deleted
        return effect_lines(effect, 1) + deleted, 2
    return deleted, 1


def _empty_nodes_dropped(effect: fx.EmptyNodesDropped) -> Record:
    return b"", 0  # the account of nodes is not kept in files


def _stream_id_set(effect: fx.StreamIdSet) -> Record:
    set_ids = command(
        b"XSETID",
        effect.key,
        id_bytes(effect.last_id),
        b"ENTRIESADDED",
        effect.entries_added,
        b"MAXDELETEDID",
        id_bytes(effect.max_deleted_id),
    )
    return effect_lines(effect, 1) + set_ids, 2


# Groups


def _entries_read(entries_read: int | None) -> int:
    return -1 if entries_read is None else entries_read


def _group_created(effect: fx.GroupCreated) -> Record:
    created = command(
        b"XGROUP",
        b"CREATE",
        effect.key,
        effect.group,
        id_bytes(effect.last_id),
        b"MKSTREAM",
        b"ENTRIESREAD",
        _entries_read(effect.entries_read),
    )
    return effect_lines(effect, 1) + created, 2


def _moved(effect: fx.GroupMoved | fx.Delivered, last_id: StreamId) -> bytes:
    return command(
        b"XGROUP",
        b"SETID",
        effect.key,
        effect.group,
        id_bytes(last_id),
        b"ENTRIESREAD",
        _entries_read(effect.entries_read),
    )


def _group_moved(effect: fx.GroupMoved) -> Record:
    return effect_lines(effect, 1) + _moved(effect, effect.last_id), 2


def _group_destroyed(effect: fx.GroupDestroyed) -> Record:
    return command(b"XGROUP", b"DESTROY", effect.key, effect.group), 1


def _consumer_created(effect: fx.ConsumerCreated) -> Record:
    created = command(b"XGROUP", b"CREATECONSUMER", effect.key, effect.group, effect.consumer)
    return effect_lines(effect, 1) + created, 2


def _consumer_deleted(effect: fx.ConsumerDeleted) -> Record:
    return command(b"XGROUP", b"DELCONSUMER", effect.key, effect.group, effect.consumer), 1


def _claim(
    effect: fx.Delivered | fx.Claimed, ids: Sequence[StreamId], time_ms: int, count: int
) -> bytes:
    return command(
        b"XCLAIM",
        effect.key,
        effect.group,
        effect.consumer,
        b"0",
        *map(id_bytes, ids),
        b"TIME",
        time_ms,
        b"RETRYCOUNT",
        count,
        b"FORCE",
        b"JUSTID",
    )


def _delivered(effect: fx.Delivered) -> Record:
    moved = _moved(effect, effect.last_id)
    if effect.noack:
        return effect_lines(effect, 1) + moved, 2
    claimed = _claim(effect, effect.ids, effect.time_ms, 1)
    return effect_lines(effect, 2) + claimed + moved, 3


def _claimed(effect: fx.Claimed) -> Record:
    runs = [
        _claim(effect, [entry_id for entry_id, _, _ in run], time_ms, count)
        for (time_ms, count), run in groupby(effect.records, key=lambda record: record[1:])
    ]
    return effect_lines(effect, len(runs)) + b"".join(runs), len(runs) + 1


def _pending_removed(effect: fx.PendingRemoved) -> Record:
    return command(b"XACK", effect.key, effect.group, *map(id_bytes, effect.ids)), 1


def _annotated(effect: Effect) -> Record:
    """Write what no command of other servers can say."""
    return effect_lines(effect), 1


#: All but EntryAdded, see ``gathered``.
RECORDS: dict[type[Effect], Callable[[Any], Record]] = {
    fx.StreamCreated: _stream_created,
    fx.StringSet: _string_set,
    fx.ExpirySet: _expiry_set,
    fx.ExpiryRemoved: _expiry_removed,
    fx.KeyDeleted: _key_deleted,
    fx.KeyExpired: _key_deleted,
    fx.KeyMoved: _key_moved,
    fx.KeyCopied: _key_copied,
    fx.DatabaseFlushed: _database_flushed,
    fx.DatabasesSwapped: _databases_swapped,
    fx.StreamRestored: _stream_restored,
    fx.EntriesTrimmed: _entries_trimmed,
    fx.EntriesDeleted: _entries_deleted,
    fx.EmptyNodesDropped: _empty_nodes_dropped,
    fx.StreamIdSet: _stream_id_set,
    fx.GroupCreated: _group_created,
    fx.GroupMoved: _group_moved,
    fx.GroupDestroyed: _group_destroyed,
    fx.ConsumerCreated: _consumer_created,
    fx.ConsumerDeleted: _consumer_deleted,
    fx.ConsumerSeen: _annotated,
    fx.Delivered: _delivered,
    fx.Claimed: _claimed,
    fx.Released: _annotated,
    fx.PendingRemoved: _pending_removed,
    fx.IdmpConfigured: _annotated,
    fx.IdmpRecorded: _annotated,
    fx.IdmpDuplicate: _annotated,
    fx.IdmpExpired: _annotated,
}


def gathered(effects: Sequence[Effect | Written]) -> list[Effect | Written]:
    """Return effects with additions written down, as many as follow each other in one."""
    batch: list[Any] = list(effects)
    found: list[Effect | Written] = []
    place = 0
    while place < len(batch):
        effect = batch[place]
        if type(effect) is fx.EntryAdded:  # nearly all are
            commands, count = xadd_commands(batch, place)
            found.append(Written(effect.db, effect.key, commands, count))
            place += count
        else:
            found.append(effect)
            place += 1
    return found


def _records(batch: list[Any], database: int) -> Iterator[Record]:
    """Yield what was gathered as records, with a SELECT wherever the database changes."""
    place, end = 0, len(batch)
    while place < end:
        effect = batch[place]
        if effect.db != database:
            database = effect.db
            yield select(database), 0
        place += 1
        if type(effect) is Written:
            yield effect.commands, effect.count
            continue
        if type(effect) is fx.StreamCreated and place < end:
            after = batch[place]
            if type(after) in _MAKE_STREAMS and (after.db, after.key) == (effect.db, effect.key):
                yield effect_lines(effect), 1
                continue
        write = RECORDS.get(type(effect))
        if write is None:
            raise TypeError(f"the append-only file knows no {type(effect).__name__}")
        yield write(effect)


#: What makes a stream on other servers if there is none.
_MAKE_STREAMS = {Written, fx.GroupCreated}


def batch_bytes(
    batch: Sequence[Effect | Written], database: int, before: bytes = b"", atomic: bool = True
) -> bytes:
    """Return a batch as it stands in the file. Empty if there is nothing to write.

    batch    -- gathered or not
    database -- the one selected in the file so far; after it, that of the last effect is
    before   -- goes in front, outside the transaction
    atomic   -- whether it is to be a transaction

    Raises TypeError if an effect is of a kind that is not known here.
    """
    pieces: list[bytes | bytearray] = []
    things = 0
    for piece, count in _records(gathered(batch), database):
        pieces.append(piece)
        things += count
    if not things:
        return b""
    if things > 1 and atomic:
        pieces = [MULTI, *pieces, EXEC]
    written = b"".join([before, *pieces])
    return written + sum_line(written)
