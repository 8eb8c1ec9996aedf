"""The data of the workloads: made from counters and a fixed seed, so every server gets the same.

Where a reply must have a length known in advance, IDs and values are padded to a fixed width.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

from bench.wire import pack

BASE_MS = 1_700_000_000_000  # 13 digits, as all times of this century
MS_STEP = 3
PATHS = ("/api/items", "/api/users", "/health", "/static/app.js", "/login", "/api/orders/search")
METHODS = ("GET", "POST", "PUT", "DELETE")
LEVELS = ("INFO", "INFO", "INFO", "WARN", "ERROR")


def entry_id(index: int) -> bytes:
    """Return the ID of the entry with this index; all have the same length."""
    return b"%d-0" % (BASE_MS + index * MS_STEP)


def fixed_width_adds(key: bytes, count: int) -> Iterator[bytes]:
    """Yield XADD requests whose entries all have the same size and different values."""
    for index in range(count):
        message = b"GET /api/items/%08d 200 %04d us" % (index, index * 7 % 10_000)
        yield pack(b"XADD", key, entry_id(index), b"level", b"INFO", b"msg", message)


def _constant(_: random.Random) -> tuple[str, ...]:
    return ("sensor", "s-17", "temperature", "21.5")


def _log_line(chance: random.Random) -> tuple[str, ...]:
    request = f"{chance.choice(METHODS)} {chance.choice(PATHS)}/{chance.randrange(100_000)}"
    result = f"{chance.choice((200, 200, 200, 304, 404, 500))} {chance.randrange(1, 900)}ms"
    return ("level", chance.choice(LEVELS), "msg", f"{request} {result}")


def _json(chance: random.Random) -> tuple[str, ...]:
    document = {
        "id": f"{chance.getrandbits(64):016x}",
        "user": chance.randrange(1_000_000),
        "lat": round(chance.uniform(-90, 90), 5),
        "lon": round(chance.uniform(-180, 180), 5),
        "trace": f"{chance.getrandbits(32):08x}",
        "ok": chance.random() < 0.9,
    }
    return ("data", json.dumps(document, separators=(",", ":")))


KINDS: dict[str, Callable[[random.Random], tuple[str, ...]]] = {
    "constant": _constant,
    "log": _log_line,
    "json": _json,
}


def adds_of_kind(kind: str, key: bytes, count: int) -> Iterator[bytes]:
    """Yield XADD requests with one kind of data."""
    chance = random.Random(kind)
    make = KINDS[kind]
    for index in range(count):
        yield pack(b"XADD", key, entry_id(index), *make(chance))
