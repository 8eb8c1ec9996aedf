"""The files of real servers in ``golden/``; its README says what they are."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"
SERVERS = ("redis-6.2.14", "redis-7.0.15", "redis-8.2.3", "redis-8.6.2", "valkey-9.1.2")
VECTORS: dict[str, Any] = json.loads((GOLDEN / "vectors.json").read_text())


def rdb(server: str, name: str = "streams") -> bytes:
    """Return an RDB file."""
    return (GOLDEN / server / f"{name}.rdb").read_bytes()


def described(server: str, name: str = "streams") -> dict[str, Any]:
    """Return what is said about it."""
    description: dict[str, Any] = json.loads((GOLDEN / server / f"{name}.json").read_text())
    return description


def comparable(state: dict[str, Any]) -> dict[str, Any]:
    """Return a described state without what files do not keep."""
    for keys in state.values():
        for told in keys.values():
            if told["type"] == "stream":
                told["info"].pop("radix-tree-nodes")
                told["info"]["groups"].sort(key=lambda group: group["name"])
                for group in told["info"]["groups"]:
                    group["consumers"].sort(key=lambda consumer: consumer["name"])
    return state


def dumps(server: str) -> list[tuple[str, str, bytes]]:
    """Return database, key and DUMP payload of every key."""
    found = json.loads((GOLDEN / server / "dump.json").read_text())["dumps"]
    return [
        (number, key, base64.b64decode(payload))
        for number, keys in found.items()
        for key, payload in keys.items()
    ]
