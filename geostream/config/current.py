"""The values in force: put together from their sources, changed while the server runs.

``Config.settings`` is what code reads: a frozen ``Settings`` that is replaced as
a whole when anything changes, so a part that keeps a section must listen
(``on_change``) to be told of the next. By name and as text, as CONFIG wants it,
the same values are ``get`` and ``set_many``.

A change holds for all names or for none. A listener may refuse one with a
ValueError; everything is then as before, and the listeners that had agreed are
called again with the old value.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from geostream.config.accepted import ACCEPTED_PARAMETERS, ALIASES
from geostream.config.kinds import Value
from geostream.config.names import canonical
from geostream.config.settings import PARAMETERS, SECTIONS, Settings
from geostream.config.sources import BadConfig, Given, Source

DUPLICATE = "duplicate parameter"
NEEDS_RESTART = "needs a restart"

#: What is set at run time is written beside the configuration file, never into it.
RUNTIME_SUFFIX = ".runtime"

_ROWS = PARAMETERS | ACCEPTED_PARAMETERS

_RUNTIME_HEADER = """\
# Written by CONFIG REWRITE: what was set at run time, read after the file beside it.
# Delete a line, or all of this file, to go back to what is written there.
"""


class UnknownParameter(Exception):
    """There is no parameter of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Refused(Exception):
    """A parameter does not take a value; the reason is in Redis' words."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name  # as it was written
        self.reason = reason


class NoConfigFile(Exception):
    """There is no file beside which a change could be written."""


class Origin(Struct, frozen=True):
    """Which source won for a parameter."""

    kind: str  # default, file, environment, flag or runtime
    place: str  # config.yaml:12, PORT, --port, CONFIG SET; empty for a default


class Reloaded(Struct, frozen=True):
    """What reading the sources anew came to."""

    changed: Sequence[str]
    kept: Sequence[tuple[str, str]]  # a name and why its new value is not in force


class Config:
    """All parameters with their values and where those came from."""

    def __init__(self, sources: Iterable[Source] = (), path: Path | None = None) -> None:
        """Read the sources; a later one wins. path is the configuration file, if there is one.

        Raises BadConfig with the problems of all of them.
        """
        self.path = path.absolute() if path is not None else None
        self._sources = list(sources)
        self._listeners: dict[str, list[Callable[[Value], None]]] = {}
        self._given = self._read()
        self._values = {name: row.default for name, row in _ROWS.items()}
        self._values |= {name: given.value for name, given in self._given.items()}
        # Absolute, because the process goes there: a relative one would then mean another.
        self._values["dir"] = os.path.abspath(str(self._values["dir"]))
        self._origins = {
            name: Origin(given.origin, given.place) for name, given in self._given.items()
        }
        self.settings = _settings(self._values)

    def names(self) -> Iterable[str]:
        """Return every name CONFIG GET knows, aliases included."""
        return [*_ROWS, *ALIASES]

    def get(self, name: str) -> str:
        """Return a value as CONFIG GET shows it. Raises UnknownParameter."""
        row = _ROWS.get(canonical(name))
        if row is None:
            raise UnknownParameter(name)
        return row.render(self._values[row.name])

    def origin(self, name: str) -> Origin:
        """Return where a value came from."""
        return self._origins.get(canonical(name), Origin("default", ""))

    def on_change(self, name: str, listener: Callable[[Value], None]) -> None:
        """Call with the new value whenever it changes; a ValueError refuses it."""
        self._listeners.setdefault(canonical(name), []).append(listener)

    def set_many(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Set parameters as CONFIG SET does, all or none.

        Names are judged first and values after, in the order written, and the
        first mistake wins. Raises UnknownParameter or Refused.
        """
        asked = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
        written_as: dict[str, str] = {}
        for written, _ in asked:
            row = _ROWS.get(canonical(written))
            if row is None:
                raise UnknownParameter(written)
            if row.refusal is not None:
                raise Refused(written, row.refusal)
            if row.name in written_as:
                raise Refused(written, DUPLICATE)
            written_as[row.name] = written
        values: dict[str, Value] = {}
        for (name, written), (_, text) in zip(written_as.items(), asked, strict=True):
            try:
                values[name] = _ROWS[name].parse(text)
            except ValueError as error:
                raise Refused(written, str(error)) from None
        try:
            self._change(values)
        except Refused as refused:
            raise Refused(written_as[refused.name], refused.reason) from None
        self._origins |= {name: Origin("runtime", "CONFIG SET") for name in values}

    def reload(self) -> Reloaded:
        """Read the sources anew and take over what differs from the last reading.

        What was set at run time stays unless its source changed too. What could not
        be taken over is told again the next time. Raises BadConfig, and nothing has
        changed.
        """
        given = self._read()
        changed, kept = [], []
        for name, row in _ROWS.items():
            new, old = given.get(name), self._given.get(name)
            value = new.value if new is not None else row.default
            if value == (old.value if old is not None else row.default):
                continue
            if row.refusal is not None:
                kept.append((name, NEEDS_RESTART))
                continue
            try:
                self._change({name: value})
            except Refused as refused:
                kept.append((name, refused.reason))
                continue
            changed.append(name)
            self._take_over(name, new)
        return Reloaded(changed, kept)

    def _take_over(self, name: str, given: Given | None) -> None:
        if given is None:
            self._given.pop(name, None)
            self._origins.pop(name, None)
        else:
            self._given[name] = given
            self._origins[name] = Origin(given.origin, given.place)

    def rewrite(self) -> Path:
        """Write what was set at run time beside the configuration file; return where.

        The file is read at the next start, after the configuration file and before
        the environment. Parameters that are only accepted are not written. Raises
        NoConfigFile or OSError.
        """
        if self.path is None:
            raise NoConfigFile
        path = runtime_path(self.path)
        sections: dict[str, dict[str, str]] = {}
        for name, row in PARAMETERS.items():
            origin = self.origin(name)
            if origin.kind == "runtime" or origin.place.startswith(f"{path}:"):
                sections.setdefault(row.section, {})[row.attribute] = self.get(name)
        # Imported here: a start without a file does without YAML, which takes a while to import.
        import yaml  # noqa: PLC0415

        _write_whole(path, _RUNTIME_HEADER + (yaml.safe_dump(sections) if sections else ""))
        return path

    def _read(self) -> dict[str, Given]:
        given: dict[str, Given] = {}
        problems: list[str] = []
        for source in self._sources:
            reading = source()
            given |= {one.name: one for one in reading.given}
            problems += reading.problems
        if problems:
            raise BadConfig(problems)
        return given

    def _change(self, values: Mapping[str, Value]) -> None:
        before, self._values = self._values, {**self._values, **values}
        self.settings = _settings(self._values)
        agreed: list[tuple[Callable[[Value], None], Value]] = []
        for name in values:
            if self._values[name] == before[name]:
                continue
            for listener in self._listeners.get(name, ()):
                try:
                    listener(self._values[name])
                except ValueError as error:
                    self._values = before
                    self.settings = _settings(before)
                    for told, value in reversed(agreed):
                        told(value)
                    raise Refused(name, str(error)) from None
                agreed.append((listener, before[name]))


def runtime_path(path: Path) -> Path:
    """Return where CONFIG REWRITE writes for a configuration file."""
    return path.absolute().with_name(path.name + RUNTIME_SUFFIX)


def _settings(values: Mapping[str, Value]) -> Settings:
    sections: dict[str, dict[str, Value]] = {section: {} for section in SECTIONS}
    for name, row in PARAMETERS.items():
        sections[row.section][row.attribute] = values[name]
    return msgspec.convert(sections, Settings)


def _write_whole(path: Path, text: str) -> None:
    """Replace a file so that a crash leaves the old one or the new; for its owner's eyes only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
