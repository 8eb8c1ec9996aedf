"""DEBUG: what test suites need to make a server do odd things on purpose.

Only where ``enable-debug-command`` allows it. Switches that Redis needs for its own
insides (how dicts grow, how lists are packed) are taken and have nothing to act on;
what would have to do something this server cannot do is refused.

Behaviour: https://redis.io/docs/latest/commands/debug/
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from geostream import errors
from geostream.commands.reload import reload_data
from geostream.engine.args import Args
from geostream.engine.client import Client
from geostream.engine.command import Flag, command
from geostream.engine.context import Context
from geostream.engine.digest import data_digest, value_digest
from geostream.reply import (
    OK,
    BigNumber,
    Double,
    Pairs,
    Push,
    Reply,
    SetOf,
    Several,
    Simple,
    Verbatim,
    Wire,
)
from geostream.store.stream import Stream

_NUMBER = re.compile(rb"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_LOCAL = ("127.", "[::1]", "/")
_LRU_BITS = 24
_UNITS = {b"": 1, b"b": 1, b"k": 2**10, b"m": 2**20, b"g": 2**30}
LONGEST_SLEEP_S = 3600.0


class Debug(Struct):
    """A sub-command as written, and its arguments."""

    name: bytes
    words: list[bytes]


def parse_debug(args: Args) -> Debug:
    return Debug(args.next(), args.rest())


@command(
    "DEBUG",
    arity=-2,
    group="server",
    since="1.0.0",
    syntax="subcommand [argument [argument ...]]",
    flags={Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE},
    complexity="Depends on subcommand.",
    summary="Makes the server do odd things, for tests; if enable-debug-command allows it.",
    parse=parse_debug,
)
def debug(ctx: Context, asked: Debug) -> Reply:
    """Run one of the sub-commands below."""
    if not is_allowed(ctx.engine.config.settings.security.enable_debug_command, ctx.client):
        raise errors.fail(errors.DEBUG_DISABLED)
    found = _SUBCOMMANDS.get(asked.name.upper())
    if found is None or not found.least <= len(asked.words) <= found.most:
        raise _unknown(asked)
    return found.run(ctx, asked)


def is_allowed(setting: str, client: Client) -> bool:
    """Tell whether a client may use DEBUG: yes, no, or local for clients from this machine."""
    return setting == "yes" or (setting == "local" and client.address.startswith(_LOCAL))


def _unknown(asked: Debug) -> errors.CommandError:
    return errors.fail(errors.SUBCOMMAND_SYNTAX, name=asked.name[:128], container="DEBUG")


# The sub-commands


def _nothing(ctx: Context, asked: Debug) -> Reply:
    return OK


def _sleep(ctx: Context, asked: Debug) -> Reply:
    """Hold everybody up; what is no number is 0, as strtod has it."""
    number = _NUMBER.match(asked.words[0])
    duration_s = float(number[0]) if number else 0.0
    if duration_s > 0:
        ctx.engine.host.sleep(min(duration_s, LONGEST_SLEEP_S))
    return OK


def _number(word: bytes) -> int:
    """Return the digits a word begins with, 0 if none, as atoi has it."""
    found = re.match(rb"\s*[+-]?\d{1,9}", word)
    return int(found[0]) if found else 0


def _set_active_expire(ctx: Context, asked: Debug) -> Reply:
    ctx.engine.expires_actively = bool(_number(asked.words[0]))
    return OK


def _pause_cron(ctx: Context, asked: Debug) -> Reply:
    ctx.engine.is_cron_paused = bool(_number(asked.words[0]))
    return OK


def _object(ctx: Context, asked: Debug) -> Reply:
    value = ctx.db.find(asked.words[0], touch=False)
    if value is None:
        raise errors.fail(errors.NO_SUCH_KEY)
    encoding = b"stream" if isinstance(value, Stream) else b"raw"
    accessed_s = value.accessed_ms // 1000
    return Simple(
        b"Value at:0x%012x refcount:1 encoding:%b serializedlength:%d lru:%d lru_seconds_idle:%d"
        % (
            id(value),
            encoding,
            value.size_bytes,
            accessed_s % 2**_LRU_BITS,
            max(0, ctx.now_ms // 1000 - accessed_s),
        )
    )


def _digest(ctx: Context, asked: Debug) -> Reply:
    return Simple(data_digest(ctx.keyspace.databases))


def _digest_value(ctx: Context, asked: Debug) -> Reply:
    return [Simple(value_digest(ctx.db.find(key, touch=False))) for key in asked.words]


def _quicklist_threshold(ctx: Context, asked: Debug) -> Reply:
    size = re.fullmatch(rb"(\d{1,10})(|[kmg]?b|[kmg])", asked.words[0].lower())
    if size is None or int(size[1]) * _UNITS[size[2][:1]] >= 4 * 2**30:
        raise errors.fail(errors.DEBUG_THRESHOLD)
    return OK


def _replybuffer(ctx: Context, asked: Debug) -> Reply:
    if asked.words[0].upper() not in (b"RESIZING", b"PEAK-RESET-TIME"):
        raise _unknown(asked)
    return OK


def _error(ctx: Context, asked: Debug) -> Reply:
    """Answer with a line that looks like an error, and is none for the counters, as in Redis."""
    line = asked.words[0].replace(b"\r", b" ").replace(b"\n", b" ")
    return Wire((b"-%b\r\n" % line,))


def _log(ctx: Context, asked: Debug) -> Reply:
    ctx.engine.host.log(asked.words[0])
    return OK


def _protocol(ctx: Context, asked: Debug) -> Reply:
    name = asked.words[0].lower()
    if name == b"attrib":
        attribute = b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
        text = b"$39\r\nSome real reply following the attribute\r\n"
        return Wire((attribute, text) if ctx.client.protocol == 3 else (text,))
    if name == b"push" and ctx.client.protocol == 2:
        raise errors.fail(errors.DEBUG_RESP3_ONLY)
    if name not in _SAMPLES:
        raise errors.fail(errors.DEBUG_PROTOCOL)
    return _SAMPLES[name]


_SAMPLES: dict[bytes, Reply] = {
    b"string": b"Hello World",
    b"integer": 12345,
    b"double": Double(b"3.141"),
    b"bignum": BigNumber(1234567999999999999999999999999999999),
    b"null": None,
    b"array": [0, 1, 2],
    b"set": SetOf([0, 1, 2]),
    b"map": Pairs([(0, False), (1, True), (2, False)]),
    b"push": Several(
        [b"Some real reply following the push reply", Push([b"server-cpu-usage", 42])]
    ),
    b"verbatim": Verbatim(b"This is a verbatim\nstring"),
    b"true": True,
    b"false": False,
}


def _load_aof(ctx: Context, asked: Debug) -> Reply:
    """Load the append-only file anew, in place of what is in memory."""
    return ctx.engine.disk.reload_log()


def _reload(ctx: Context, asked: Debug) -> Reply:
    return reload_data(ctx, asked.words)


def _help(ctx: Context, asked: Debug) -> Reply:
    return [Simple(line.encode()) for line in _HELP]


class Subcommand(Struct, frozen=True):
    """What runs it, and how many arguments it takes."""

    run: Callable[[Context, Debug], Reply]
    least: int
    most: int


_SUBCOMMANDS: dict[bytes, Subcommand] = {
    b"CHANGE-REPL-ID": Subcommand(_nothing, 0, 0),
    b"DICT-RESIZING": Subcommand(_nothing, 1, 1),
    b"DIGEST": Subcommand(_digest, 0, 0),
    b"DIGEST-VALUE": Subcommand(_digest_value, 1, 2**31),
    b"ERROR": Subcommand(_error, 1, 1),
    b"HELP": Subcommand(_help, 0, 0),
    b"LOADAOF": Subcommand(_load_aof, 0, 0),
    b"LOG": Subcommand(_log, 1, 1),
    b"OBJECT": Subcommand(_object, 1, 2),
    b"PAUSE-CRON": Subcommand(_pause_cron, 1, 1),
    b"PROTOCOL": Subcommand(_protocol, 1, 1),
    b"QUICKLIST-PACKED-THRESHOLD": Subcommand(_quicklist_threshold, 1, 1),
    b"RELOAD": Subcommand(_reload, 0, 2**31),
    b"REPLYBUFFER": Subcommand(_replybuffer, 2, 2),
    b"SET-ACTIVE-EXPIRE": Subcommand(_set_active_expire, 1, 1),
    b"SLEEP": Subcommand(_sleep, 1, 1),
}

_HELP = (
    "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CHANGE-REPL-ID, DICT-RESIZING <0|1>, QUICKLIST-PACKED-THRESHOLD <size>,",
    "REPLYBUFFER RESIZING <0|1>",
    "    Taken, and nothing to act on.",
    "DIGEST",
    "    Hash all data.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Hash the values of keys.",
    "ERROR <text>",
    "    Answer with an error.",
    "LOADAOF",
    "    Write what there is to the append-only file, and load all of it anew.",
    "LOG <message>",
    "    Write a line to the server's log.",
    "OBJECT <key>",
    "    Tell about the value of a key.",
    "PAUSE-CRON <0|1>",
    "    Stop what is done now and then, such as expiring keys, or let it go on.",
    "PROTOCOL <type>",
    "    Answer with a sample: string, integer, double, bignum, null, array, set, map, attrib,",
    "    push, verbatim, true, false.",
    "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
    "    Write all data as an RDB file in memory and hold what is read back from it.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Expire keys only when somebody looks at them, or as usual.",
    "SLEEP <seconds>",
    "    Hold the whole server up.",
    "HELP",
    "    Print this help.",
)
