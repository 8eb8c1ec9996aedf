"""Which files run: the compiled modules, or the .py files they were compiled from.

setup.py compiles the hot modules into extension modules that lie beside their .py files.
Python imports an extension before a .py file of the same name, so that nothing need be done
to run them. ``choose`` is called before any other module of the package is imported. When
the plain files are to run it puts a finder in front of Python's own that knows .py files
only. That is so

* when the environment has ``GEOSTREAM_PURE`` (anything but 0);
* in a source tree, when a compiled module is older than what it was compiled from: edited
  code must never be hidden by what it was before. ``make compile`` brings it up to date.

One reason is enough to run all of them plain: compiled modules rely on each other's layout.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from pathlib import Path
from types import ModuleType

PURE_VARIABLE = "GEOSTREAM_PURE"

_PACKAGE = __name__.partition(".")[0]


class PlainFiles:
    """A finder on ``sys.meta_path``: finds .py files of this package, and nothing else."""

    def __init__(self) -> None:
        self._finders: dict[str, FileFinder] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of this package is, None if it is none or not there."""
        if path is None or not name.startswith(f"{_PACKAGE}."):
            return None
        for directory in path:
            if directory not in self._finders:
                loader = (SourceFileLoader, SOURCE_SUFFIXES)
                self._finders[directory] = FileFinder(directory, loader)
            spec = self._finders[directory].find_spec(name)
            if spec is not None:
                return spec
        return None


class Build:
    """What runs. There is one for the process, ``CURRENT``."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.modules: list[str] = []  # the names of those that run compiled, sorted
        self._pure_because = "nothing is compiled"

    def choose(self, directory: Path, environ: Mapping[str, str]) -> None:
        """Decide from which files the package in this directory is imported from now on."""
        extensions = sorted(_extensions(os.fspath(directory)))
        if environ.get(PURE_VARIABLE, "0") not in ("", "0"):
            self._pure_because = f"{PURE_VARIABLE} is set"
        elif _is_source_tree(directory) and (reason := _edited(directory, extensions)):
            self._pure_because = reason
        else:
            self.modules = [_module_name(directory, path) for path in extensions]
            return
        sys.meta_path.insert(0, PlainFiles())

    @property
    def kind(self) -> str:
        """``compiled`` or ``pure``."""
        return "compiled" if self.modules else "pure"

    def explain(self) -> str:
        """Return a line for people: which modules are compiled, or why none is."""
        if not self.modules:
            return f"pure: {self._pure_because}"
        names = [name.removeprefix(f"{_PACKAGE}.") for name in self.modules]
        return f"compiled: {', '.join(names)}"


def _extensions(directory: str) -> Iterator[str]:
    """Yield the paths of compiled modules. Every start comes by here, so it is done with texts."""
    with os.scandir(directory) as found:
        for one in found:
            _, dot, suffix = one.name.partition(".")
            if dot + suffix in EXTENSION_SUFFIXES:
                yield one.path
            elif not dot and one.is_dir() and one.name != "__pycache__":
                yield from _extensions(one.path)


def _module_name(directory: Path, path: str) -> str:
    return _PACKAGE + _stem(path).removeprefix(os.fspath(directory)).replace("/", ".")


def _is_source_tree(directory: Path) -> bool:
    """Tell a source tree from an installed package, whose files have the time of installation."""
    return (directory.parent / "setup.py").exists()


def _edited(directory: Path, extensions: Sequence[str]) -> str:
    """Return, in words, what has changed since it was compiled; nothing if nothing has."""
    for path in extensions:
        compiled_ns = os.stat(path).st_mtime_ns
        for suffix in (".py", ".pxd"):
            file = _stem(path) + suffix
            try:
                edited_ns = os.stat(file).st_mtime_ns
            except FileNotFoundError:
                if suffix == ".pxd":
                    continue
                return f"{os.path.relpath(file, directory)} is gone; make compile"
            if edited_ns > compiled_ns:
                return f"{os.path.relpath(file, directory)} was edited; make compile"
    return ""


def _stem(path: str) -> str:
    """Return the path of a module without the suffixes of its file."""
    directory, slash, name = path.rpartition("/")
    return directory + slash + name.partition(".")[0]


CURRENT = Build()
