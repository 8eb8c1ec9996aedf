"""Commands of types that are not kept here, in an append-only file of Redis or Valkey.

The server refuses such a file, because it would lose what the commands say. A tool that moves
data leaves them out and says so. That is safe as long as a command changes keys of these types
only: the rest of the log reads as if those keys had never been there. Commands that put their
result in place of whatever a key held are turned into a DEL of that key. Others that are not
known here, for instance those that change bits of a string, still end the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geostream.persistence.api import Request, Stored

_CHANGING: Final = {
    "hash": "HSET HMSET HSETNX HDEL HINCRBY HINCRBYFLOAT HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT"
    " HPERSIST HSETEX HGETEX HGETDEL",
    "list": "LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LREM LSET LTRIM LINSERT LMPOP LMOVE RPOPLPUSH",
    "set": "SADD SREM SPOP SMOVE",
    "zset": "ZADD ZREM ZINCRBY ZPOPMIN ZPOPMAX ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX"
    " ZMPOP GEOADD",
    "vector set": "VADD VREM VSETATTR",
    "function": "FUNCTION",
}
_STORING: Final = {
    "set": "SINTERSTORE SUNIONSTORE SDIFFSTORE",
    "zset": "ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZRANGESTORE GEOSEARCHSTORE",
}


def _by_name(table: dict[str, str]) -> dict[bytes, str]:
    return {name.encode(): kind for kind, names in table.items() for name in names.split()}


CHANGING: Final = _by_name(_CHANGING)
STORING: Final = _by_name(_STORING)


def without_foreign(stored: Iterator[Stored], left_out: dict[str, int]) -> Iterator[Stored]:
    """Pass on what is stored, without these commands; they are counted by type."""
    for one in stored:
        if not isinstance(one, Request):
            yield one
            continue
        name = one.words[0].upper()
        kind = CHANGING.get(name) or STORING.get(name)
        if kind is None:
            yield one
            continue
        left_out[kind] = left_out.get(kind, 0) + 1
        if name in STORING and len(one.words) > 1:
            yield Request(one.db, [b"DEL", one.words[1]])
