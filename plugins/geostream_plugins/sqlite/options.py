"""The options of the plugin, as config.yaml gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_WORDS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


class Options(Struct, frozen=True):
    """What can be chosen."""

    file: str = "geostream.db"  # in the server's directory
    mode: str = "append"  # or snapshot
    json: bool = True  # the column entries.fields, for people
    views: bool = True  # a view for each stream; needs json
    damaged_log: str = "refuse"  # or drop: start without what a damaged log lost

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Options:
        """Return what the options say. Raises ValueError that names the bad one."""
        for name in options:
            if name not in cls.__struct_fields__:
                known = ", ".join(cls.__struct_fields__)
                raise ValueError(f"sqlite: there is no option {name!r}; there are {known}")
        file = options.get("file", "geostream.db")
        if not isinstance(file, str) or file in ("", ".", "..") or "/" in file or "\0" in file:
            raise ValueError(f"sqlite: file: {file!r} is not the name of a file")
        mode = options.get("mode", "append")
        if mode not in ("append", "snapshot"):
            raise ValueError(f"sqlite: mode: {mode!r} is neither append nor snapshot")
        damaged_log = options.get("damaged_log", "refuse")
        if damaged_log not in ("refuse", "drop"):
            raise ValueError(f"sqlite: damaged_log: {damaged_log!r} is neither refuse nor drop")
        return cls(file, mode, _yes(options, "json"), _yes(options, "views"), damaged_log)


def _yes(options: Mapping[str, Any], name: str) -> bool:
    given = options.get(name, True)
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.lower() in _WORDS:
        return _WORDS[given.lower()]
    raise ValueError(f"sqlite: {name}: {given!r} is neither yes nor no")
