"""Saves what is good of a damaged store, in a new place; the damaged one stays as it is.

Of an RDB file that is the keys before the damage, of an append-only file all that its commands
had made before it. A SQLite file is not read from one end to the other, so there rows behind a
damage can be saved too: see salvage.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from geostream.commands.dump import payload_version
from geostream.persistence.api import Corrupt
from geostream.persistence.registry import UnusablePlugin
from geostream.tools.errors import Misuse, ToolError
from geostream.tools.new_stores import write_new
from geostream.tools.places import FilePlace
from geostream.tools.salvage import salvaged
from geostream.tools.stores import Contents, Damage, read_store
from geostream.tools.tally import Tally, counted

_COMMAND = re.compile(rb"\*[0-9]+\r\n\$[0-9]+\r\n")
MOST_SEARCHED_BYTES = 2**30


@dataclass(slots=True)
class Repair:
    """What came of it."""

    saved: Tally = field(default_factory=Tally)
    damage: Damage | None = None
    lost: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        if self.damage is not None:
            yield f"damaged: {self.damage}"
        yield from self.saved.lines("saved")
        for line in self.lost:
            yield f"lost: {line}"
        if not self.is_lossy:
            yield "nothing was lost"

    @property
    def is_lossy(self) -> bool:
        """Whether something was lost."""
        return bool(self.damage or self.lost or self.saved.left_out or self.saved.losses)


def repair(source: FilePlace, target: FilePlace, now_ms: int) -> Repair:
    """Copy what is good to a place where nothing is. Raises Misuse, ToolError."""
    if target.is_there:
        raise Misuse(f"{target.path}: is there already; a repair never writes over anything")
    done = Repair()
    contents = read_store(source, now_ms, takes_torn=False)
    if contents.damage is not None and source.kind == "sqlite":
        done.damage = contents.damage
        contents = salvaged(source, now_ms, contents, done.lost)
    elif contents.damage is not None:
        done.damage = contents.damage
        done.lost += _behind(source, contents.damage, contents)
    done.saved.remarks += contents.remarks
    for kind, count in contents.left_out.items():
        done.saved.leave_out(kind, count=count)
    done.saved.left_out_names += contents.left_out_names
    if done.damage is not None and not contents.items:
        raise ToolError(f"{done.damage}; nothing could be saved")
    options = {"rdb_version": _fullest(contents)} if target.kind == "rdb" else {}
    image = (effect for item in contents.items for effect in item.effects())
    try:
        write_new(target, image, done.saved, options)
    except (Corrupt, UnusablePlugin) as error:
        raise ToolError(str(error)) from error
    except OSError as error:
        raise ToolError(f"{error.filename or target}: {error.strerror or error}") from error
    for item in contents.items:
        done.saved.move(item, item.db)
    return done


def _fullest(contents: Contents) -> int:
    """Return the lowest RDB version that keeps everything."""
    return max((payload_version(item.value) for item in contents.items), default=11)


def _behind(source: FilePlace, damage: Damage, contents: Contents) -> Iterator[str]:
    """Yield what could not be read because it stands behind the damage."""
    if damage.offset is None:
        return
    left_bytes = max(0, damage.size_bytes - damage.offset)
    yield f"{counted(left_bytes, 'byte')} from byte {damage.offset:,} on of {damage.path}"
    if source.kind != "aof":
        return
    path = Path(damage.path)
    yield f"about {counted(_commands_in(path, damage.offset), 'command')} in them"
    for name in _later_files(contents, path.name):
        later = path.with_name(name)
        size_bytes = later.stat().st_size if later.exists() else 0
        commands = counted(_commands_in(later, 0), "command") if size_bytes else "nothing"
        yield f"{later}: all of its {counted(size_bytes, 'byte')}, about {commands}"


def _later_files(contents: Contents, name: str) -> list[str]:
    """Return the files that are read after one, as the manifest says; plain names only."""
    listed = []
    for line in contents.facts["manifest"]:
        found = re.search(r"file (\S+) .*type ([bi])", line)
        if found is not None:
            listed.append((found[2] != "b", found[1]))
    names = [listed_name for _, listed_name in sorted(listed, key=lambda pair: pair[0])]
    return names[names.index(name) + 1 :] if name in names else []


def _commands_in(path: Path, offset: int) -> int:
    """Return how many commands seem to stand behind a place."""
    if not path.is_file():
        return 0
    with path.open("rb") as file:
        file.seek(offset)
        return len(_COMMAND.findall(file.read(MOST_SEARCHED_BYTES)))
