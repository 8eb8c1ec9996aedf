"""The options of the append-only file, named as Redis names them.

Values come as what they stand for or as text, ``"yes"`` or ``"64mb"``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

_SIZE = re.compile(r"([0-9]{1,19})([a-z]*)")
_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}
_BOOLEANS = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}
_SIZES = {"auto_aof_rewrite_min_size", "aof_load_corrupt_tail_max_size"}
_NAMES = {"appendfilename", "appenddirname"}

#: What can be changed while the files are open.
CHANGEABLE = {
    "aof_load_truncated",
    "aof_use_rdb_preamble",
    "aof_timestamp_enabled",
    "auto_aof_rewrite_percentage",
    "auto_aof_rewrite_min_size",
    "rdbcompression",
    "aof_load_corrupt_tail_max_size",
}


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What config.yaml may say below the plugin's name."""

    appendfilename: str = "appendonly.aof"
    appenddirname: str = "appendonlydir"
    aof_load_truncated: bool = True
    aof_use_rdb_preamble: bool = True
    aof_timestamp_enabled: bool = False
    auto_aof_rewrite_percentage: int = 100
    auto_aof_rewrite_min_size: int = 64 * 2**20
    rdbcompression: bool = True
    aof_load_corrupt_tail_max_size: int = 0


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options. Raises ValueError naming the one that is wrong."""
    unknown = sorted(given.keys() - set(Options.__struct_fields__))
    if unknown:
        raise ValueError(f"the append-only file has no option {unknown[0]}")
    return msgspec.structs.replace(
        Options(), **{name: _read(name, value) for name, value in given.items()}
    )


def changed(options: Options, name: str, value: Any) -> Options:
    """Return the options with another value for one. Raises ValueError if it does not do."""
    if name not in CHANGEABLE:
        return options
    return msgspec.structs.replace(options, **{name: _read(name, value)})


def _read(name: str, value: Any) -> bool | int | str:
    if name in _NAMES:
        if not isinstance(value, str) or not value or "/" in value or value in (".", ".."):
            raise ValueError(f"{name}: a plain file name is expected, not {value!r}")
        return value
    if name in _SIZES or name == "auto_aof_rewrite_percentage":
        return _read_number(name, value)
    if isinstance(value, str):
        value = _BOOLEANS.get(value.lower(), value)
    if not isinstance(value, bool):
        raise ValueError(f"{name}: yes or no is expected, not {value!r}")
    return value


def _read_number(name: str, value: Any) -> int:
    number: Any = value
    if isinstance(value, str):
        found = _SIZE.fullmatch(value.lower())
        number = None
        if found is not None and found[2] in (_UNITS if name in _SIZES else ("",)):
            number = int(found[1]) * _UNITS[found[2]]
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**63:
        kind = "a size such as 64mb" if name in _SIZES else "a number from 0"
        raise ValueError(f"{name}: {kind} is expected, not {value!r}")
    return number
