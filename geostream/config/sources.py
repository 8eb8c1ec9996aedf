"""Where values come from besides the defaults: a reading of one source at a time.

A source is asked again when the configuration is loaded anew, so it is a
function. What it finds is checked at once, against the kind of the parameter,
and what is wrong is collected instead of raised: somebody who made three
mistakes is told of three. The file has a module of its own (yaml_file.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from geostream.config.kinds import Value
from geostream.config.names import find, full_name, unknown
from geostream.config.settings import Parameter

ENVIRONMENT_PREFIX = "GEOSTREAM__"
FILE_SUFFIX = "_FILE"  # NAME_FILE holds the path of a file that holds the value: for secrets

_LONGEST_SHOWN = 60


class Given(Struct, frozen=True):
    """A value that a source gives one parameter."""

    name: str
    value: Value
    origin: str  # file, environment or flag
    place: str  # config.yaml:12, PORT, --port


class Reading(Struct):
    """What a source holds and what is wrong with it."""

    given: list[Given] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def take(self, parameter: Parameter, text: str, *, origin: str, place: str) -> None:
        """Note a value, or the problem with it."""
        try:
            value = parameter.kind.read(text)
        except ValueError as error:
            self.problems.append(f"{place}: {_wrong_value(parameter, text, error)}")
        else:
            self.given.append(Given(parameter.name, value, origin, place))


Source = Callable[[], Reading]


class BadConfig(Exception):
    """The configuration cannot be used; every problem names its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def shown(text: str) -> str:
    """Return what was found, fit for a message."""
    if not text:
        return "nothing"
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "...")


def _wrong_value(parameter: Parameter, text: str, error: ValueError) -> str:
    if not parameter.section:
        return f"{parameter.name}: {error}, found {shown(text)}"
    return f"{full_name(parameter)}: expected {parameter.kind.expected}, found {shown(text)}"


def read_environment(
    environ: Mapping[str, str], directory: Path, *, with_port: bool = True
) -> Reading:
    """Read ``GEOSTREAM__SECTION__KEY`` and, if asked to, ``PORT``.

    directory -- what the path in ``GEOSTREAM__SECTION__KEY_FILE`` is relative to
    """
    reading = Reading()
    port = find("port") if with_port else None
    if port is not None and environ.get("PORT"):
        reading.take(port, environ["PORT"], origin="environment", place="PORT")
    for variable in sorted(environ):
        if variable.upper().startswith(ENVIRONMENT_PREFIX):
            _read_variable(reading, variable, environ[variable], directory)
    return reading


def _read_variable(reading: Reading, variable: str, text: str, directory: Path) -> None:
    written = variable[len(ENVIRONMENT_PREFIX) :].lower().replace("__", ".")
    parameter = find(written) if "." in written else None
    if parameter is None and written.endswith(FILE_SUFFIX.lower()):
        parameter = find(written[: -len(FILE_SUFFIX)])
        if parameter is not None:
            try:
                text = (directory / text).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, ValueError) as error:
                reading.problems.append(f"{variable}: cannot read {text!r}: {reason(error)}")
                return
    if parameter is None:
        reading.problems.append(f"{variable}: {unknown(written)}")
        return
    reading.take(parameter, text, origin="environment", place=variable)


def read_flags(flags: Iterable[tuple[str, str, str]]) -> Reading:
    """Read what the command line says: the flag, the parameter's name, the text."""
    reading = Reading()
    for flag, written, text in flags:
        parameter = find(written)
        if parameter is None:
            reading.problems.append(f"{flag}: {written}: {unknown(written)}")
        else:
            reading.take(parameter, text, origin="flag", place=flag)
    return reading


def reason(error: Exception) -> str:
    """Return why a file could not be read, in the operating system's words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text (byte {error.start})"
    return str(error)
