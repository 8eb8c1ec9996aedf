"""What a server tells of its keys, in one form for all servers and for the golden files.

The form is that of the golden files' JSON: text has one code point a byte (latin-1), maps are
dicts, XINFO STREAM FULL is without its entries, and groups and consumers are sorted by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hiredis

from geostream import reply as replies
from tests.support.engines import Bench
from tests.support.wire import NULL, NULL_ARRAY, NULL_BULK, Client, Map, Simple

#: Sends a request and returns the reply as plain values.
Ask = Callable[..., Any]

_IGNORED = {"entries", "radix-tree-nodes"}


def asking(server: Bench | Client) -> Ask:
    """Return a function that asks an engine or a server over a RESP3 connection."""
    if isinstance(server, Bench):
        return lambda *words: _plain(server.execute(*words))
    return lambda *words: _plain(server.call(*words))


def _plain(reply: Any) -> Any:
    match reply:
        case bytes():
            return reply.decode("latin-1")
        case Simple() | replies.Simple():
            return reply.text.decode("latin-1")
        case replies.Wire():
            reader = hiredis.Reader()
            reader.feed(b"".join(map(bytes, reply.pieces)))
            return _plain(reader.gets())
        case Map():
            return {_plain(name): _plain(value) for name, value in reply.pairs}
        case dict():
            return {_plain(name): _plain(value) for name, value in reply.items()}
        case list() | tuple():
            return [_plain(item) for item in reply]
    return None if reply in (NULL, NULL_ARRAY, NULL_BULK) else reply


def told_stream(ask: Ask, key: bytes) -> dict[str, Any]:
    """Return what a server tells of a stream of the selected database."""
    info = ask("XINFO", "STREAM", key, "FULL", "COUNT", 0)
    info = {name: value for name, value in info.items() if name not in _IGNORED}
    info["groups"].sort(key=lambda group: group["name"])
    for group in info["groups"]:
        group["consumers"].sort(key=lambda consumer: consumer["name"])
    return {"type": "stream", "entries": ask("XRANGE", key, "-", "+"), "info": info}


def told_key(ask: Ask, key: bytes) -> dict[str, Any]:
    """Return what a server tells of a key of the selected database."""
    if ask("TYPE", key) == "stream":
        told = told_stream(ask, key)
    else:
        told = {"type": "string", "value": ask("GET", key)}
    expires_at_ms = ask("PEXPIRETIME", key)
    if expires_at_ms >= 0:
        told["expire_at_ms"] = expires_at_ms
    return told


def told_everything(ask: Ask, databases: int = 16) -> dict[str, dict[str, Any]]:
    """Return what a server tells of all its keys, by database and key."""
    everything = {}
    for number in range(databases):
        ask("SELECT", number)
        keys = ask("KEYS", "*")
        if keys:
            told = {key: told_key(ask, key.encode("latin-1")) for key in keys}
            everything[str(number)] = told
    return everything


def as_far_as(expected: Any, actual: Any) -> Any:
    """Return ``actual`` without the names in maps that ``expected`` does not have."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {
            name: as_far_as(expected.get(name), value)
            for name, value in actual.items()
            if name in expected
        }
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [as_far_as(ours, theirs) for ours, theirs in zip(expected, actual, strict=True)]
    return actual
