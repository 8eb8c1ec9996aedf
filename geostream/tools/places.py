"""What a SOURCE or TARGET names: a file of one of the formats, or a running server.

The kind is told by a prefix (``aof:path``), by what is there (the first bytes of a file, a
manifest in a directory), or, where nothing is there yet, by the end of the name.

Where the files of a store are is said the way the plugin of its kind wants it said, as a
directory and options; only the names that plugins choose by themselves are repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from geostream.config import Config
from geostream.persistence.api import Persistence
from geostream.persistence.registry import Entry, UnusablePlugin, build_all, find
from geostream.tools.errors import Misuse, ToolError

SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
}
KINDS = ("sqlite", "rdb", "aof")
ENDINGS = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".rdb": "rdb", ".aof": "aof"}
MANIFEST = ".manifest"
MAGIC_BYTES = 16
MOST_DATABASES = 1024  # in files whose server is not asked how many it has

#: The option that names the file or directory of a kind, and what it is if it is not set.
NAME_OPTION = {
    "sqlite": ("file", "geostream.db"),
    "rdb": ("dbfilename", "dump.rdb"),
    "aof": ("appenddirname", "appendonlydir"),
}


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A store on disk, there or not."""

    kind: str  # a plugin's name
    path: Path  # the file, or the directory of an append-only file
    options: Mapping[str, Any] = field(default_factory=dict)  # of the plugin, without names
    databases: int = MOST_DATABASES  # how many it may hold

    @property
    def is_there(self) -> bool:
        """Whether something has this name."""
        return self.path.exists() or self.path.is_symlink()

    def options_at(self, path: Path) -> dict[str, Any]:
        """Return the plugin's options for this store at another path of its directory."""
        return {**self.options, NAME_OPTION[self.kind][0]: path.name}

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"


@dataclass(frozen=True, slots=True)
class PluginPlace:
    """A store only its plugin knows the files of."""

    entry: Entry
    directory: Path
    databases: int

    def plugin(self) -> Persistence:
        """Return the plugin; nothing is opened. Raises UnusablePlugin, ToolError."""
        try:
            return find(self.entry.use)(self.directory, self.entry.options)
        except ValueError as error:
            raise ToolError(f"{self}: {error}") from None

    def __str__(self) -> str:
        return f"plugin {self.entry.use}"


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """A running server."""

    url: str  # as the client library wants it
    db: int | None  # the only one meant, if the URL names one

    def __str__(self) -> str:
        """Without the password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


FileOrPlugin = FilePlace | PluginPlace
Place = FilePlace | PluginPlace | ServerPlace


def place_of(text: str) -> FilePlace | ServerPlace:
    """Return what a person means. Raises Misuse if that cannot be told."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in SCHEMES and rest.startswith("//"):
        return _server(SCHEMES[scheme.lower()] + ":" + rest)
    if colon and scheme in KINDS:
        if not rest:
            raise Misuse(f"{text}: a path is missing behind {scheme}:")
        return _file(scheme, Path(rest))
    if "://" in text:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise Misuse(f"{text}: not a URL of a server: known are {known}")
    path = Path(text)
    kind = _kind_found(path) if path.exists() else _kind_named(path)
    if kind is None:
        raise Misuse(
            f"{text}: neither SQLite, nor RDB, nor an append-only file (a directory with a"
            " manifest, or a file *.aof), nor the URL of a server; sqlite:, rdb: or aof: before"
            " the path says which it is meant to be"
        )
    return _file(kind, path)


def _server(url: str) -> ServerPlace:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at here, because it may be none
    except ValueError as error:
        raise Misuse(f"{url.rpartition('@')[2]}: {error}") from None
    options = dict(parse_qsl(parts.query))
    number = options.pop("db", "")
    unknown = sorted(name for name in options if not name.startswith("ssl_"))
    if unknown:
        raise Misuse(f"?{unknown[0]}=: known are db, and ssl_ca_certs and others of its kind")
    if parts.scheme == "unix":
        if not parts.path:
            raise Misuse("unix://: the path of the socket is missing")
    else:
        if not parts.hostname:
            raise Misuse(f"{parts.scheme}://: the host is missing")
        number = number or parts.path.strip("/")
        parts = parts._replace(path="")
    if number and not (number.isdigit() and int(number) < 2**31):
        raise Misuse(f"{number}: not the number of a database")
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    query = "?" + urlencode(options) if options else ""
    return ServerPlace(plain + query, int(number) if number else None)


def _file(kind: str, path: Path) -> FilePlace:
    if kind == "aof" and path.name.endswith(MANIFEST):
        path = path.parent
    if kind == "aof" and path.is_file() and _is_part(path):
        path = path.parent
    if kind == "aof" and (single := _single_log(path)) is not None:
        path = single
    return FilePlace(kind, path)


def _single_log(path: Path) -> Path | None:
    """Return the append-only file in a directory of the old layout, which has no manifest."""
    found = list(path.glob("*.aof")) if path.is_dir() else []
    return found[0] if len(found) == 1 and not any(path.glob("*" + MANIFEST)) else None


def _is_part(path: Path) -> bool:
    """Tell whether a file belongs to an append-only file of several parts."""
    manifests = list(path.parent.glob("*" + MANIFEST))
    return len(manifests) == 1 and path.name.encode() in manifests[0].read_bytes()


def _kind_found(path: Path) -> str | None:
    if path.is_dir():
        found = any(path.glob("*" + MANIFEST)) or _single_log(path) is not None
        return "aof" if found else _kind_named(path)
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            magic = file.read(MAGIC_BYTES)
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}") from None
    if magic.startswith(b"SQLite format 3"):
        return "sqlite"
    if path.suffix == ".aof":
        return "aof"  # before its first bytes: it may begin as an RDB
    if magic.startswith((b"REDIS", b"VALKEY")):
        return "rdb"
    return _kind_named(path)


def _kind_named(path: Path) -> str | None:
    if path.name.endswith(MANIFEST) or path.name == NAME_OPTION["aof"][1]:
        return "aof"
    return ENDINGS.get(path.suffix.lower())


def configured_place(config: Config) -> FileOrPlugin:
    """Return where the first plugin of a configuration keeps its data.

    Raises ToolError if there is none, or it cannot be used.
    """
    settings = config.settings
    try:
        built = build_all(config)
    except UnusablePlugin as error:
        raise ToolError(str(error)) from None
    if not built:
        raise ToolError("the configuration names no plugin: persistence.plugins is empty")
    plugin, entry = built[0]
    directory = Path(settings.server.dir) / plugin.directory
    if entry.use not in KINDS:
        return PluginPlace(entry, directory, settings.server.databases)
    option, default = NAME_OPTION[entry.use]
    options = dict(plugin.options)
    if entry.use == "rdb" and "file" in options:  # it knows its option by two names
        options[option] = options.pop("file")
    name = options.pop(option, default)
    return FilePlace(entry.use, directory / str(name), options, settings.server.databases)
