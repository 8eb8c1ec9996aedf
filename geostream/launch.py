"""Where the command ``geostream`` begins: ``serve``, as it is mostly said, goes straight on.

The command line (cli.py) knows all verbs, and needs a library that takes a good part of a
server's start to import. So ``serve`` with nothing but options and their values is understood
here. Whatever else there is, wrong or not, is left to the command line.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

# msgspec takes from typing_extensions, where some other package has brought it along, what
# typing has as well. It is not to be found for a moment: importing it takes longer than msgspec.
_HIDDEN = "typing_extensions"
if _HIDDEN not in sys.modules:
    sys.modules[_HIDDEN] = None  # type: ignore[assignment]
    import msgspec  # noqa: F401

    del sys.modules[_HIDDEN]

from geostream.process import SETTING_OF_FLAG, serve  # noqa: E402  see above

_FILE, _SET = "--config", "--set"


class Asked:
    """What ``serve`` was asked for: a file, and flags as ``config.load`` takes them."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self.flags: list[tuple[str, str, str]] = []


def understand(arguments: Sequence[str]) -> Asked | None:
    """Return what arguments ask for; None if the command line is to look at them."""
    if not arguments or arguments[0] != "serve" or len(arguments) % 2 == 0:
        return None
    asked = Asked()
    named: dict[str, str] = {}
    for flag, text in zip(arguments[1::2], arguments[2::2], strict=True):
        if text.startswith("-"):
            return None
        if flag == _SET:
            name, equals, value = text.partition("=")
            if not name or not equals:
                return None
            asked.flags.append((_SET, name, value))
        elif flag == _FILE or flag in SETTING_OF_FLAG:
            named[flag] = text
        else:
            return None
    if _FILE in named:
        asked.file = Path(named[_FILE])
    asked.flags += [
        (flag, setting, named[flag]) for flag, setting in SETTING_OF_FLAG.items() if flag in named
    ]
    return asked


def main() -> None:
    """Run the command, and end the process with its status."""
    asked = understand(sys.argv[1:])
    if asked is not None:
        sys.exit(serve(asked.file, asked.flags))
    gc.enable()
    # Imported here: see above.
    from geostream.cli import main as command_line  # noqa: PLC0415

    command_line(prog_name="geostream")
