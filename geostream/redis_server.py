"""The command ``geostream-server``: geostream behind redis-server's own arguments.

Tools that start a redis-server (test fixtures, process managers) can start this
one instead. What they say is a list of directives, from up to three places, the
later one winning:

    geostream-server [/path/to/redis.conf] [--name value ...] [-]

The file has one directive a line; a lone ``-``, first or last, is a file on the
standard input; an argument that begins with two dashes is a directive and what
follows, up to the next, are its values. A directive that is not known, or a value
that is not taken, ends the start the way it ends Redis' own.

What redis-server does by default stays: the data is in an RDB file (``dbfilename``, ``save``)
or, with ``appendonly yes``, in an append-only file, in ``dir``. Without ``bind`` it listens
everywhere, unless protected mode and no password keep it to this machine. The environment
counts (``GEOSTREAM__...``), but not ``PORT``, which belongs to whoever started us.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from geostream import REDIS_VERSION, __version__, process
from geostream.config import (
    BadConfig,
    Config,
    Given,
    Parameter,
    Reading,
    Source,
    find,
    read_environment,
    read_runtime,
)
from geostream.resp.inline import split_words

VERSION_LINE = (
    f"Redis server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits=64 build=0 "
    f"geostream={__version__}"
)

USAGE = """\
Usage: geostream-server [/path/to/redis.conf] [options] [-]
       geostream-server - (directives from standard input)
       geostream-server -v or --version
       geostream-server -h or --help

Examples:
       geostream-server (the defaults)
       echo 'maxmemory 128mb' | geostream-server -
       geostream-server /etc/redis/6379.conf
       geostream-server --port 7777 --save "" --appendonly no
       geostream-server /etc/redis/6379.conf --loglevel verbose -

geostream serve takes a config.yaml instead, and says more about what is wrong with it.
"""

# Directives of which several words make one value; all others take exactly one.
_OF_MANY_WORDS = {
    "bind",
    "save",
    "client-output-buffer-limit",
    "oom-score-adj-values",
    "latency-tracking-info-percentiles",
}
_ADDING_UP = {"save", "client-output-buffer-limit"}  # said again, it says more
_ARITY = "wrong number of arguments"
_UNKNOWN = "Bad directive or wrong number of arguments"


@dataclass(frozen=True, slots=True)
class Line:
    """One directive, before it is understood."""

    source: str  # what messages call the file, or the arguments
    number: int
    text: str

    def place(self) -> str:
        return f"{self.source}, at line {self.number}" if self.number else self.source


class Mistake(Exception):
    """A directive cannot be followed."""

    def __init__(self, line: Line, why: str) -> None:
        super().__init__(f"{line.place()}: '{line.text}': {why}")
        self.line = line
        self.why = why


class Directives:
    """What all lines come to, the last one winning."""

    def __init__(self, directory: Path) -> None:
        """directory is where a relative ``dir`` starts."""
        self.given: dict[str, Given] = {}
        self.protected: Line | None = None  # the line that asks for protected mode
        self.is_open = False  # protected mode is declined in so many words
        self._directory = directory
        self._words: dict[str, list[str]] = {}  # so far, of what adds up

    def follow(self, line: Line) -> None:
        """Take in one line. Raises Mistake."""
        words = split_words(line.text.encode("utf-8", "surrogateescape"))
        if words is None:
            raise Mistake(line, "Unbalanced quotes in configuration line")
        if not words:
            return
        name, *values = (word.decode("utf-8", "surrogateescape") for word in words)
        if name.lower() == "include":
            raise Mistake(line, "include is not served: name one file")
        parameter = find(name) if not set(name) & set("._") else None
        if parameter is None:
            raise Mistake(line, _UNKNOWN)
        if len(values) != 1 and parameter.name not in _OF_MANY_WORDS:
            if parameter.is_secret:
                line = replace(line, text=name)
            raise Mistake(line, _ARITY)
        if parameter.name in _ADDING_UP:
            values = self._words[parameter.name] = self._words.get(parameter.name, []) + values
        self._take(line, parameter, " ".join(values))

    def _take(self, line: Line, parameter: Parameter, text: str) -> None:
        if parameter.name == "protected-mode":
            is_yes = text.lower() == "yes"
            self.protected, self.is_open = (line, False) if is_yes else (None, True)
            if is_yes:  # judged when all is known
                return
        try:
            value = parameter.parse(text)
        except ValueError as error:
            raise Mistake(line, str(error)) from None
        if parameter.name == "dir" and not (self._directory / text).is_dir():
            raise Mistake(line, "No such file or directory")
        origin = "file" if line.number else "flag"
        self.given[parameter.name] = Given(parameter.name, value, origin, line.place())


def main() -> None:
    """Run ``geostream-server``."""
    sys.exit(run(sys.argv[1:], os.environ))


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Follow the arguments; return the exit status."""
    if arguments and arguments[0] in ("-v", "--version"):
        print(VERSION_LINE)
        return 0
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    try:
        config = configure(arguments, environ)
    except Mistake as mistake:
        _print_fatal(f"Reading {mistake.line.place()}", f">>> '{mistake.line.text}'", mistake.why)
        return 1
    except BadConfig as error:
        _print_fatal(*error.problems)
        return 1
    return process.run(
        config,
        in_background=config.get("daemonize") == "yes",
        pidfile=config.get("pidfile"),
    )


def configure(arguments: Sequence[str], environ: Mapping[str, str]) -> Config:
    """Return the configuration the arguments ask for. Raises Mistake or BadConfig."""
    asked = list(arguments)
    path = Path(asked.pop(0)).absolute() if asked and not asked[0].startswith("-") else None
    wants_input = "-" in (asked[:1] + asked[-1:])
    if wants_input:
        asked.pop(0 if asked[0] == "-" else -1)
    said = _lines("the standard input", _standard_input()) if wants_input else []
    said += _argument_lines(asked)
    directory = Path.cwd()

    def read_all() -> Directives:
        found = Directives(directory)
        for line in [*(_file_lines(path) if path is not None else []), *said]:
            found.follow(line)
        return found

    def read(origin: str) -> Reading:
        try:
            given = read_all().given.values()
        except Mistake as mistake:
            return Reading(problems=[str(mistake)] if origin == "file" else [])
        except BadConfig as error:
            return Reading(problems=error.problems if origin == "file" else [])
        return Reading([one for one in given if one.origin == origin])

    directives = read_all()  # so that the first start can name the line
    sources: list[Source] = [lambda: _as_redis(directives), lambda: read("file")]
    if path is not None:
        sources.append(lambda: read_runtime(path))
    sources.append(lambda: read_environment(environ, directory, with_port=False))
    sources.append(lambda: read("flag"))
    config = Config(sources, path)
    _check_protection(directives, config)
    return config


def _as_redis(directives: Directives) -> Reading:
    """Return redis-server's defaults where they are not ours: addresses, and what is on disk."""
    given = [
        Given("plugins", ("rdb",), "default", ""),
        Given("directory", ".", "default", ""),
    ]
    has_password = "requirepass" in directives.given and directives.given["requirepass"].value
    if not directives.is_open and not has_password:
        return Reading(given)  # our addresses: this machine only
    everywhere = ("*", "-::*")
    return Reading([*given, Given("bind", everywhere, "default", "")])


def _check_protection(directives: Directives, config: Config) -> None:
    """Refuse protected mode where it would have to keep somebody out."""
    server, security = config.settings.server, config.settings.security
    if directives.protected is None or security.requirepass:
        return
    if not all(_is_loopback(address) for address in server.bind):
        raise Mistake(
            directives.protected,
            "protected mode is not served: bind to a loopback address or set requirepass",
        )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.removeprefix("-")).is_loopback
    except ValueError:
        return address == "localhost"


def _argument_lines(arguments: Sequence[str]) -> list[Line]:
    """Return the arguments as lines of a file would say it.

    The first argument after a directive is its value whatever it looks like; only
    ``--save`` may stand without. A directive and its values may come in one argument.
    """
    lines: list[str] = []
    wants_value = False
    for at, argument in enumerate(arguments):
        if argument.startswith("--") and not wants_value:
            lines.append(argument[2:])
            wants_value = len(argument.split()) == 1
            following = arguments[at + 1 : at + 2]
            is_bare = not following or following[0].startswith("--")
            if wants_value and argument.lower() == "--save" and is_bare:
                lines[-1] += ' ""'
                wants_value = False
            continue
        wants_value = False
        quoted = _quoted(argument)
        lines[-1:] = [f"{lines[-1]} {quoted}" if lines else quoted]
    return [Line("the arguments", 0, text) for text in lines]


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _lines(source: str, content: str) -> list[Line]:
    stripped = ((number, text.strip()) for number, text in enumerate(content.split("\n"), start=1))
    return [Line(source, number, text) for number, text in stripped if text and text[0] != "#"]


def _file_lines(path: Path) -> Iterator[Line]:
    try:
        content = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadConfig([f"can't open config file '{path}': {error.strerror}"]) from None
    yield from _lines(f"the configuration file {path}", content)


def _standard_input() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def _print_fatal(*lines: str) -> None:
    print(
        f"\n*** FATAL CONFIG FILE ERROR (Redis {REDIS_VERSION}) ***", *lines, sep="\n",
        file=sys.stderr,
    )  # fmt: skip
