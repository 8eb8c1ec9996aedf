"""The command ``geostream``: its verbs and what they print.

Bad configuration ends every verb with status 1 and one line a problem on the
standard error. What is slow to import (gevent, the commands) is imported by the
verb that needs it, so that ``check-config`` answers at once. ``serve`` itself is
mostly begun without this module: see launch.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from geostream import REDIS_VERSION, __version__, build, process
from geostream.config import PARAMETERS, Config, json_schema
from geostream.tools.verbs import VERBS

if TYPE_CHECKING:
    from geostream.engine.command import Command

#: In the order in which somebody looking for a command would look.
FAMILIES = (
    "stream",
    "string",
    "generic",
    "transactions",
    "pubsub",
    "connection",
    "server",
    "scripting",
    "cluster",
)

_file_option = click.option(
    "--config", "file", metavar="FILE", type=click.Path(path_type=Path), help="A config.yaml."
)
_set_option = click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set anything: section.key or Redis' name, e.g. --set maxmemory=1gb.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A server for Redis Streams.

    Settings are taken from a flag, else from the environment (GEOSTREAM__SECTION__KEY, and
    PORT), else from the file, else they have their default.
    """


@main.command()
@_file_option
@click.option("--host", help="Address to listen on; several are divided by blanks.")
@click.option("--port", help="TCP port; 0 is any free one.")
@click.option("--dir", "directory", help="Directory to work in.")
@_set_option
def serve(
    file: Path | None,
    host: str | None,
    port: str | None,
    directory: str | None,
    assignments: tuple[str, ...],
) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the configuration anew."""
    flags = _assignments(assignments)
    texts = zip(process.SETTING_OF_FLAG.items(), (host, port, directory), strict=True)
    flags += [(flag, name, text) for (flag, name), text in texts if text is not None]
    sys.exit(process.serve(file, flags))


@main.command("check-config")
@click.argument("file", type=click.Path(path_type=Path))
def check_config(file: Path) -> None:
    """Say whether a file, with the environment as it is, would do."""
    loaded = _load(file, [])
    # Imported here: the other verbs do without it.
    from geostream.persistence.registry import UnusablePlugin, build_all  # noqa: PLC0415

    try:
        build_all(loaded)
    except UnusablePlugin as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(1)
    click.echo(f"{file}: ok")


@main.command()
@click.option("--markdown", is_flag=True, help="As the tables of the README.")
def commands(markdown: bool) -> None:
    """List the commands that are served."""
    # Imported here: the other verbs do without them.
    import geostream.commands  # noqa: F401, PLC0415  fills the table
    from geostream.engine.command import TABLE  # noqa: PLC0415

    families: dict[str, list[Command]] = {family: [] for family in FAMILIES}
    for row in sorted(TABLE.values(), key=lambda row: row.title):
        if not row.subcommands:
            families.setdefault(row.group, []).append(row)
    shown = _as_markdown if markdown else _as_text
    click.echo("\n".join(shown(families)))


@main.group()
def config() -> None:
    """Show the configuration."""


@config.command()
@_file_option
@_set_option
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
def show(file: Path | None, assignments: tuple[str, ...], origin: bool) -> None:
    """Print every setting with the value a server would start with."""
    loaded = _load(file, _assignments(assignments))
    for line in _shown(loaded, with_origin=origin):
        click.echo(line)


@config.command()
def schema() -> None:
    """Print a JSON Schema of config.yaml, for editors."""
    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())


@main.command()
def version() -> None:
    """Print the version, that of the Redis whose behaviour is served, and what is compiled."""
    click.echo(f"geostream {__version__} (Redis {REDIS_VERSION})")
    click.echo(build.CURRENT.explain())


for verb in VERBS:
    main.add_command(verb)


def _as_text(families: Mapping[str, Sequence[Command]]) -> Iterator[str]:
    for family, rows in families.items():
        for row in rows:
            yield f"{row.title} {row.syntax}".rstrip()
            yield f"    {row.summary} [{family}, since {row.since}]"


def _as_markdown(families: Mapping[str, Sequence[Command]]) -> Iterator[str]:
    for number, (family, rows) in enumerate(families.items()):
        if number:
            yield ""
        yield from (f"### {family}", "", "| command | since | what it does |", "|---|---|---|")
        for row in rows:
            cells = (f"`{row.title} {row.syntax}".rstrip() + "`", row.since, row.summary)
            yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _assignments(assignments: Sequence[str]) -> list[tuple[str, str, str]]:
    """Take apart what ``--set`` was given."""
    flags = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set wants KEY=VALUE, not {assignment!r}")
        flags.append(("--set", name, text))
    return flags


def _load(file: Path | None, flags: Sequence[tuple[str, str, str]]) -> Config:
    loaded = process.configured(file, flags)
    if loaded is None:
        sys.exit(1)
    return loaded


def _shown(loaded: Config, *, with_origin: bool) -> list[str]:
    rows = []
    for name, row in PARAMETERS.items():
        value = loaded.get(name)
        if row.is_secret:
            value = "(set)" if value else ""
        rows.append((f"{row.section}.{row.attribute}", value, loaded.origin(name)))
    if not with_origin:
        return [f"{name}: {value}".rstrip() for name, value, _ in rows]
    name_width = max(len(name) for name, _, _ in rows) + 1
    value_width = max(len(value) for _, value, _ in rows)
    pattern = f"{{:{name_width}}} {{:{value_width}}}  {{}} {{}}"
    return [
        pattern.format(
            f"{name}:", value, origin.kind, f"({origin.place})" * bool(origin.place)
        ).rstrip()
        for name, value, origin in rows
    ]
