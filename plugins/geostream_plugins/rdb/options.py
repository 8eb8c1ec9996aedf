"""The options of the rdb plugin, under Redis' names where Redis has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

_BOOLEANS = {"yes": True, "no": False}


class RdbOptions(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What can be chosen."""

    dbfilename: str = "dump.rdb"
    rdbcompression: bool = True
    rdbchecksum: bool = True
    rdb_version: Literal[9, 10, 11, 13, 14] = 11
    relaxed: bool = False  # try to load files of versions that are not known
    left_out: Literal["refuse", "skip"] = "refuse"  # at start, where a file holds other types


def parse_options(options: Mapping[str, Any]) -> RdbOptions:
    """Return the options. Names may have hyphens, ``file`` is short for ``dbfilename``.

    Raises ValueError naming the one that does not do.
    """
    given = {name.replace("-", "_"): _plain(value) for name, value in options.items()}
    if "file" in given:
        given["dbfilename"] = given.pop("file")
    try:
        parsed = msgspec.convert(given, RdbOptions, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    name = parsed.dbfilename
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        raise ValueError("dbfilename can't be a path, just a filename")
    return parsed


def _plain(value: object) -> object:
    return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value
