"""Commands about producers that want no duplicates: XCFGSET and XIDMPRECORD.

XADD with IDMP or IDMPAUTO is in streams_write.py; what a stream remembers is in
geostream/store/idempotency.py.
"""

from __future__ import annotations

from msgspec import Struct

from geostream import errors
from geostream.commands.stream_ids import parse_id
from geostream.engine.args import Args
from geostream.engine.command import Flag, Keys, command
from geostream.engine.context import Context
from geostream.reply import OK, Reply
from geostream.store.effects import IdmpConfigured, IdmpRecorded
from geostream.store.ids import StreamId

MAX_DURATION_S = 86_400
MAX_IIDS = 10_000


class XCfgSet(Struct):
    """The key, and the options as words: Redis looks at the key first."""

    key: bytes
    options: Args


def parse_xcfgset(args: Args) -> XCfgSet:
    """Take the key."""
    return XCfgSet(args.next(), args)


def _parse_limits(args: Args) -> tuple[int | None, int | None]:
    """Take the options: duration in seconds and number of messages, None where not given."""
    duration_s = max_size = None
    while args:
        if args.flag(b"IDMP-DURATION") and args:
            if duration_s is not None:
                raise errors.fail(errors.IDMP_SET_TWICE, option="IDMP-DURATION")
            duration_s = args.integer()
            if not 1 <= duration_s <= MAX_DURATION_S:
                raise errors.fail(errors.IDMP_DURATION_RANGE)
        elif args.flag(b"IDMP-MAXSIZE") and args:
            if max_size is not None:
                raise errors.fail(errors.IDMP_SET_TWICE, option="IDMP-MAXSIZE")
            max_size = args.integer()
            if not 1 <= max_size <= MAX_IIDS:
                raise errors.fail(errors.IDMP_MAXSIZE_RANGE)
        else:
            raise errors.fail(errors.SYNTAX)
    if duration_s is None and max_size is None:
        raise errors.fail(errors.IDMP_NOTHING_SET)
    return duration_s, max_size


@command(
    "XCFGSET",
    syntax="key [IDMP-DURATION duration] [IDMP-MAXSIZE maxsize]",
    arity=-2,
    flags={Flag.WRITE, Flag.FAST},
    keys=Keys(("RW", "update")),
    group="stream",
    since="8.6.0",
    summary="Set how long, and how many, messages of each producer a stream remembers.",
    parse=parse_xcfgset,
)
def xcfgset(ctx: Context, asked: XCfgSet) -> Reply:
    """Reply OK; a value that changes makes the stream forget all messages."""
    stream = ctx.db.stream(asked.key)
    if stream is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    duration_s, max_size = _parse_limits(asked.options)
    now = stream.idempotency
    duration_s = now.duration_s if duration_s is None else duration_s
    max_size = now.max_size if max_size is None else max_size
    if (duration_s, max_size) != (now.duration_s, now.max_size):
        ctx.commit(IdmpConfigured(ctx.db.number, asked.key, duration_s, max_size))
    return OK


class XIdmpRecord(Struct):
    """A producer's message and the entry it became."""

    key: bytes
    pid: bytes
    iid: bytes
    id: StreamId


def parse_xidmprecord(args: Args) -> XIdmpRecord:
    """Take key, producer, message and entry."""
    key, pid, iid, entry_id = args.take(4)
    asked = XIdmpRecord(key, pid, iid, parse_id(entry_id))
    if not pid:
        raise errors.fail(errors.RECORD_EMPTY_PID)
    if not iid:
        raise errors.fail(errors.RECORD_EMPTY_IID)
    return asked


@command(
    "XIDMPRECORD",
    syntax="key pid iid id",
    arity=5,
    flags={Flag.WRITE, Flag.DENYOOM, Flag.FAST},
    keys=Keys(("RW", "update")),
    group="stream",
    since="8.6.2",
    summary="Note that a producer's message became an entry; for replaying a log.",
    parse=parse_xidmprecord,
)
def xidmprecord(ctx: Context, asked: XIdmpRecord) -> Reply:
    """Reply OK, also when this is known already."""
    stream = ctx.db.stream(asked.key)
    if stream is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    if asked.id not in stream:
        raise errors.fail(errors.RECORD_NO_MESSAGE)
    known = stream.idempotency.find(asked.pid, asked.iid)
    if known is None:
        ctx.commit(IdmpRecorded(ctx.db.number, asked.key, asked.pid, asked.iid, asked.id))
    elif known != asked.id:
        raise errors.fail(errors.RECORD_OTHER_ID)
    return OK
