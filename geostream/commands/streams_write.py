"""Commands that add entries, trim streams, or set their counters: XADD, XTRIM, XSETID."""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.stream_ids import parse_half, parse_id
from geostream.commands.streams_add import MAX_ENTRY_BYTES, AddEntry, add_to
from geostream.commands.trimming import TrimOptions, trim, usual_trim
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import OK, Reply
from geostream.store import octets
from geostream.store.effects import (
    IdmpDuplicate,
    IdmpExpired,
    IdmpRecorded,
    StreamCreated,
    StreamIdSet,
)
from geostream.store.errors import EntryTooLarge
from geostream.store.idempotency import content_iid
from geostream.store.ids import AUTO_ID, MIN_ID, IdRequest, StreamId, choose_id, id_bytes
from geostream.store.stream import Stream
from geostream.store.wire import payload_bytes

ID_00 = IdRequest(0, 0)


class XAdd:
    """An entry to add."""

    __slots__ = ("create", "fields", "id", "iid", "key", "pid", "trim")

    key: bytes
    id: IdRequest
    fields: list[bytes]  # field, value, field, value, ...
    trim: TrimOptions | None
    create: bool
    pid: bytes | None  # of the producer that wants no duplicates
    iid: bytes | None  # None with a pid: made of the fields


def _asked(key: bytes, entry_id: IdRequest) -> XAdd:
    """Return a request without options and fields: it costs a third of calling its class."""
    asked = XAdd.__new__(XAdd)
    asked.key = key
    asked.id = entry_id
    asked.trim = asked.pid = asked.iid = None
    asked.create = True
    return asked


def parse_xadd(args: Args) -> XAdd:
    """Take XADD's words. The first that is no option is the ID."""
    words = args.words
    word: bytes = words[2]
    if word == b"*":  # by far the most common form
        asked = _asked(words[1], AUTO_ID)
        asked.fields = words[3:]
    elif octets.digits_end(word, 0, len(word)):  # no option begins so
        asked = _asked(words[1], _parse_asked_id(word))
        asked.fields = words[3:]
    elif _is_usual_trim(args):
        asked = _asked(words[1], AUTO_ID)
        asked.trim = usual_trim(octets.small_number(words[4]))
        asked.fields = words[6:]
    else:
        asked = _asked(args.next(), AUTO_ID)
        _parse_options(args, asked)
        asked.fields = args.rest()
    if not asked.fields or len(asked.fields) % 2:
        raise args.wrong_count()
    if asked.id is not AUTO_ID and asked.id == ID_00:
        raise errors.fail(errors.ID_ZERO)
    return asked


def _is_usual_trim(args: Args) -> bool:
    """Tell whether the options are ``MAXLEN ~ n *``, spelled just so: the rules are elsewhere."""
    words = args.words
    return (
        len(words) > 6
        and words[2] == b"MAXLEN"
        and words[3] == b"~"
        and words[5] == b"*"
        and octets.small_number(words[4]) >= 0
    )


def _parse_options(args: Args, asked: XAdd) -> None:
    options = TrimOptions()
    idmp_given = False
    while True:
        if not args:
            options.check(args)
            raise args.wrong_count()
        typed = args.next()
        word = typed.upper()
        if word == b"NOMKSTREAM":
            asked.create = False
        elif (word == b"IDMPAUTO" and args) or (word == b"IDMP" and len(args) > 1):
            if idmp_given:
                raise errors.fail(errors.IDMP_TWICE)
            idmp_given = True
            _parse_idmp(args, asked, word)
        elif not options.take(word, args):
            break
    asked.id = _parse_asked_id(typed)
    if idmp_given and asked.id != AUTO_ID and not args.is_stored:
        raise errors.fail(errors.IDMP_NOT_AUTO)
    options.check(args)
    if options.has_strategy():
        asked.trim = options


def _parse_idmp(args: Args, asked: XAdd, word: bytes) -> None:
    asked.pid = args.next()
    if not asked.pid:
        raise errors.fail(errors.IDMP_EMPTY_PID, option=word)
    if word == b"IDMP":
        asked.iid = args.next()
        if not asked.iid:
            raise errors.fail(errors.IDMP_EMPTY_IID)


def _parse_asked_id(text: bytes) -> IdRequest:
    if text == b"*":
        return AUTO_ID
    if text.endswith(b"-*"):
        return IdRequest(parse_half(text[:-2]), None)
    return IdRequest(*parse_id(text))


@command(
    "XADD",
    syntax="key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO pid | IDMP pid iid]"
    " [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
    arity=-5,
    flags={Flag.WRITE, Flag.DENYOOM, Flag.FAST},
    keys=Keys(
        ("RW", "update"), notes="UPDATE instead of INSERT because of the optional trimming feature"
    ),
    group="stream",
    since="5.0.0",
    summary="Append an entry, creating the stream if need be.",
    complexity="O(1) for the entry, O(M) for M entries that are trimmed",
    tips=("nondeterministic_output",),
    history=(
        ("6.2.0", "Added NOMKSTREAM, MINID and LIMIT."),
        ("7.0.0", "Added the <ms>-* form of the ID."),
        ("8.2.0", "Added KEEPREF, DELREF and ACKED."),
        ("8.6.0", "Added IDMP and IDMPAUTO."),
    ),
    parse=parse_xadd,
    shortcut=AddEntry(),
)
def xadd(ctx: Context, asked: XAdd) -> Reply:
    """Reply with the new entry's ID; null if NOMKSTREAM found no stream."""
    stream: Stream | None = ctx.db.stream(asked.key)
    if stream is None and not asked.create:
        return None
    iid = b""
    if asked.pid is not None:
        iid = asked.iid or content_iid(asked.fields)
        known = stream.idempotency.find(asked.pid, iid) if stream is not None else None
        if ctx.keyspace.is_loading:
            known = _judged_before(ctx, asked, stream, known)
        if known is not None:
            ctx.commit(IdmpDuplicate(ctx.db.number, asked.key))
            return id_bytes(known)
    entry_id = choose_id(asked.id, stream.last_id if stream is not None else MIN_ID, ctx.now_ms)
    payload = payload_bytes(asked.fields)
    if payload > MAX_ENTRY_BYTES:
        raise EntryTooLarge
    if stream is None:
        stream = create_stream(ctx, asked.key)
    shown_id = add_to(ctx, asked.key, stream, entry_id, asked.fields, payload)
    if asked.pid is not None:
        ctx.commit(IdmpRecorded(ctx.db.number, asked.key, asked.pid, iid, entry_id))
    if asked.trim is not None:
        trim(ctx, asked.key, stream, asked.trim, False)
    return shown_id


def _judged_before(
    ctx: Context, asked: XAdd, stream: Stream | None, known: StreamId | None
) -> StreamId | None:
    """Return what a message from a log is a duplicate of: whoever wrote the log knew better.

    A log has a duplicate as it came, with ``*``, and a new message with the ID it got. That
    messages were forgotten because they were too old is in no log of other servers.
    """
    if stream is None:
        return None
    if asked.id == AUTO_ID:
        return known or stream.last_id
    if known is not None:
        ctx.commit(IdmpExpired(ctx.db.number, asked.key, known[0]))
    return None


def create_stream(ctx: Context, key: bytes) -> Stream:
    """Make a key that does not exist hold an empty stream; return it."""
    defaults = ctx.engine.config.settings.streams
    ctx.commit(
        StreamCreated(
            ctx.db.number, key, defaults.stream_idmp_duration, defaults.stream_idmp_maxsize
        )
    )
    stream = ctx.db.stream(key)
    assert stream is not None
    return stream


class XTrim(Struct):
    """A stream to trim."""

    key: bytes
    options: TrimOptions


def parse_xtrim(args: Args) -> XTrim:
    """Take XTRIM's words."""
    key = args.next()
    options = TrimOptions()
    while args:
        if not options.take(args.next().upper(), args):
            raise errors.fail(errors.SYNTAX)
    options.check(args, strategy_required=True)
    return XTrim(key, options)


@command(
    "XTRIM",
    syntax="key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]",
    arity=-4,
    flags={Flag.WRITE},
    keys=Keys(("RW", "delete")),
    group="stream",
    since="5.0.0",
    summary="Take the oldest entries of a stream away.",
    complexity="O(M) with M entries taken away",
    tips=("nondeterministic_output",),
    history=(
        ("6.2.0", "Added MINID and LIMIT."),
        ("8.2.0", "Added KEEPREF, DELREF and ACKED."),
    ),
    parse=parse_xtrim,
)
def xtrim(ctx: Context, asked: XTrim) -> Reply:
    """Reply with the number of entries taken away."""
    stream = ctx.db.stream(asked.key)
    return trim(ctx, asked.key, stream, asked.options, counts=True) if stream is not None else 0


class XSetId(Struct):
    """Counters to set; None leaves one as it is."""

    key: bytes
    last_id: StreamId
    entries_added: int | None = None
    max_deleted_id: StreamId | None = None


def parse_xsetid(args: Args) -> XSetId:
    """Take XSETID's words."""
    asked = XSetId(args.next(), parse_id(args.next()))
    while args:
        if args.flag(b"ENTRIESADDED") and args:
            asked.entries_added = args.integer()
            if asked.entries_added < 0:
                raise errors.fail(errors.ENTRIES_ADDED_NEGATIVE)
        elif args.flag(b"MAXDELETEDID") and args:
            asked.max_deleted_id = parse_id(args.next())
            if asked.last_id < asked.max_deleted_id:
                raise errors.fail(errors.SETID_BELOW_GIVEN_DELETED)
        else:
            raise errors.fail(errors.SYNTAX)
    return asked


@command(
    "XSETID",
    syntax="key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
    arity=-3,
    flags={Flag.WRITE, Flag.DENYOOM, Flag.FAST},
    keys=Keys(("RW", "update")),
    group="stream",
    since="5.0.0",
    summary="Set a stream's last ID and counters; for replication and repair.",
    history=(("7.0.0", "Added ENTRIESADDED and MAXDELETEDID."),),
    parse=parse_xsetid,
)
def xsetid(ctx: Context, asked: XSetId) -> Reply:
    """Reply OK."""
    stream = ctx.db.stream(asked.key)
    if stream is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    if asked.last_id < stream.max_deleted_id:
        raise errors.fail(errors.SETID_BELOW_DELETED)
    if stream.length:
        if asked.last_id < stream.last_entry_id:
            raise errors.fail(errors.SETID_BELOW_TOP)
        if asked.entries_added is not None and asked.entries_added < stream.length:
            raise errors.fail(errors.SETID_FEWER_ADDED)
    entries_added = asked.entries_added
    if entries_added is None:
        entries_added = stream.entries_added
    max_deleted_id = asked.max_deleted_id
    if max_deleted_id is None or max_deleted_id == MIN_ID:
        max_deleted_id = stream.max_deleted_id
    ctx.commit(StreamIdSet(ctx.db.number, asked.key, asked.last_id, entries_added, max_deleted_id))
    return OK
