"""The configuration: what can be set, where values come from, and which are in force.

A value is looked for in four places, and the first that has it wins: a flag, the
environment (``GEOSTREAM__SECTION__KEY``, and ``PORT``), the file, the default.

    settings.py    every setting with its default: the one table
    kinds.py       sizes, durations, choices: reading, checking, showing
    accepted.py    parameters of Redis that are taken but change nothing
    names.py       from what was written to the parameter meant
    sources.py     the environment and the flags
    yaml_file.py   the file
    current.py     the values in force, and changing them

Below everything else: imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from geostream.config.accepted import ACCEPTED, ALIASES
from geostream.config.current import (
    Config,
    NoConfigFile,
    Origin,
    Refused,
    Reloaded,
    UnknownParameter,
    runtime_path,
)
from geostream.config.names import find
from geostream.config.settings import PARAMETERS, SECTIONS, Parameter, Settings, json_schema
from geostream.config.sources import (
    BadConfig,
    Given,
    Reading,
    Source,
    read_environment,
    read_flags,
)

__all__ = [
    "ACCEPTED",
    "ALIASES",
    "PARAMETERS",
    "SECTIONS",
    "BadConfig",
    "Config",
    "Given",
    "NoConfigFile",
    "Origin",
    "Parameter",
    "Reading",
    "Refused",
    "Reloaded",
    "Settings",
    "Source",
    "UnknownParameter",
    "find",
    "json_schema",
    "load",
    "read_environment",
    "read_flags",
    "read_runtime",
]


def load(
    path: Path | None,
    *,
    environ: Mapping[str, str],
    flags: Iterable[tuple[str, str, str]] = (),
) -> Config:
    """Return the configuration of a file, the environment and flags, in rising order.

    flags -- for each: how it was written, the parameter's name, the text

    Raises BadConfig with every problem of all of them.
    """
    said = list(flags)
    directory = Path.cwd()  # where paths start, wherever the process goes later
    sources: list[Source] = []
    if path is not None:
        file, name = path.absolute(), str(path)
        sources.append(lambda: _read_file(file, environ, name))
        sources.append(lambda: read_runtime(file))
    sources.append(lambda: read_environment(environ, directory))
    sources.append(lambda: read_flags(said))
    return Config(sources, path)


def read_runtime(path: Path) -> Reading:
    """Read what CONFIG REWRITE wrote beside a configuration file, if it ever did."""
    written = runtime_path(path)
    return _read_file(written, None) if written.exists() else Reading()


def _read_file(path: Path, environ: Mapping[str, str] | None, name: str = "") -> Reading:
    # Imported here: a start without a file does without YAML, which takes a while to import.
    from geostream.config.yaml_file import read_yaml  # noqa: PLC0415

    return read_yaml(path, environ, name)
