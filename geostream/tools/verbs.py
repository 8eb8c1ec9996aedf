"""The verbs ``inspect``, ``repair``, ``import`` and ``export`` of the command line.

What they print goes to the standard output, progress and errors to the standard error. The
exit status is 0 if all went well, 1 if something is damaged, lost or failed, and 2 if the verb
was used in a way that makes no sense.

The tools are imported when a verb runs: the rest of ``geostream`` need not wait for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec

from geostream.clock import Clock
from geostream.config import BadConfig, load
from geostream.tools.errors import Misuse, ToolError

if TYPE_CHECKING:
    from geostream.tools.items import Item
    from geostream.tools.moving import Move
    from geostream.tools.places import FilePlace, Place

PLACES = """A place is a path or a URL: a SQLite file (*.db, *.sqlite), an RDB file (*.rdb), an
append-only file (its directory, or a single *.aof), or a running server,
redis://[user:password@]host[:port][/database], rediss://, valkey://, unix://path. Where the
name does not tell, sqlite:, rdb: or aof: before the path does."""


def _fail(error: ToolError) -> NoReturn:
    for line in str(error).splitlines():
        _show(f"geostream: {line}", err=True)
    sys.exit(2 if isinstance(error, Misuse) else 1)


def _show(line: str, err: bool = False) -> None:
    """Print a line, whatever names and texts of others are in it."""
    from geostream.tools.items import printable  # noqa: PLC0415

    click.echo(printable(line), err=err)


def _file_place(text: str, verb: str) -> FilePlace:
    # Imported here, as in all verbs: see above.
    from geostream.tools.places import FilePlace, place_of  # noqa: PLC0415

    place = place_of(text)
    if not isinstance(place, FilePlace):
        raise Misuse(f"{verb} is for files; 'geostream export FILE --from {place}' makes one")
    return place


@click.command()
@click.argument("file")
@click.option("--key", "glob", metavar="GLOB", help="List only keys that match.")
@click.option("--entries", default=0, metavar="N", help="Show the first N entries of streams.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(file: str, glob: str | None, entries: int, as_json: bool) -> None:
    """Show what a file holds: SQLite, RDB or append-only file.

    Nothing is changed, and a server may have the file open meanwhile. Of a damaged file is
    shown what could be read, and where it stops; the exit status is then 1.
    """
    from geostream.tools.inspecting import as_text, describe  # noqa: PLC0415
    from geostream.tools.salvage import show_what_can_be_read  # noqa: PLC0415
    from geostream.tools.stores import read_store  # noqa: PLC0415

    now_ms = Clock().now_ms()
    try:
        if entries < 0:
            raise Misuse("--entries wants a number from 0 on")
        place = _file_place(file, "inspect")
        contents = read_store(place, now_ms, takes_torn=False)
        if contents.damage is not None and place.kind == "sqlite":
            show_what_can_be_read(place, now_ms, contents)
    except ToolError as error:
        _fail(error)
    told = describe(place, contents, None if glob is None else os.fsencode(glob), entries, now_ms)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2))
    else:
        for line in as_text(told):
            _show(line)
    sys.exit(1 if contents.damage is not None else 0)


@click.command()
@click.argument("file")
@click.option("--to", "new_place", required=True, metavar="NEWPLACE", help="Where nothing is yet.")
def repair(file: str, new_place: str) -> None:
    """Copy what is good of a damaged file to a new place, and say what is lost.

    FILE itself is never changed. NEWPLACE may be of another format; if its name does not tell,
    it is of the same. The exit status is 0 if nothing was lost, 1 if something was
    or may be.
    """
    from geostream.tools.places import KINDS  # noqa: PLC0415
    from geostream.tools.repairing import repair as carry_out  # noqa: PLC0415

    try:
        source = _file_place(file, "repair")
        try:
            target = _file_place(new_place, "repair")
        except Misuse:
            if "://" in new_place or new_place.partition(":")[0] in KINDS:
                raise
            target = _file_place(f"{source.kind}:{new_place}", "repair")
        done = carry_out(source, target, Clock().now_ms())
    except ToolError as error:
        _fail(error)
    for line in done.lines():
        _show(line)
    sys.exit(1 if done.is_lossy else 0)


def _moving_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.option("--key", "glob", metavar="GLOB", help="Only keys that match."),
            click.option("--db", type=int, metavar="N", help="Only this database of the source."),
            click.option("--replace", is_flag=True, help="Replace keys that the target has."),
            click.option("--dry-run", is_flag=True, help="Read everything, write nothing."),
            click.option(
                "--version",
                type=click.Choice(["9", "10", "11", "13", "14"]),
                help="Of an RDB file that is written; 11 if not said, 14 keeps everything.",
            ),
            click.option(
                "--timeout", type=float, default=60.0, metavar="S", help="Of servers; 60 s."
            ),
            click.option(
                "--config",
                "file",
                metavar="FILE",
                type=click.Path(path_type=Path),
                help="The config.yaml whose first plugin is the side left out.",
            ),
        )
    ):
        function = option(function)
    return function


@click.command("import", epilog=PLACES)
@click.argument("source")
@click.option("--into", "other", metavar="TARGET", help="Where to; if left out, see --config.")
@_moving_options
def import_(source: str, other: str | None, **options: Any) -> None:
    """Move a copy of all keys from SOURCE into the data of this server, or into TARGET.

    The server must not be running, unless TARGET is its URL. Keys that are there already are
    left alone and reported, or replaced with --replace. SOURCE is not changed. A store that is
    written is the old or the new one at any time, never something between.

    The exit status is 1 if a key that should have moved has not, and 0 also if data of types
    that are not kept here was left out.
    """
    _move(lambda: (_place(source), _other_place(other, options["file"])), options)


@click.command("export", epilog=PLACES)
@click.argument("target")
@click.option("--from", "other", metavar="SOURCE", help="Where from; if left out, see --config.")
@_moving_options
def export(target: str, other: str | None, **options: Any) -> None:
    """Move a copy of all keys from the data of this server, or from SOURCE, to TARGET.

    The server may be running. Keys that TARGET has already are left alone and reported, or
    replaced with --replace. A store that is written is the old or the new one at any time.

    The exit status is 1 if a key that should have moved has not.
    """
    _move(lambda: (_other_place(other, options["file"]), _place(target)), options)


def _place(text: str) -> Place:
    from geostream.tools.places import place_of  # noqa: PLC0415

    return place_of(text)


def _other_place(text: str | None, file: Path | None) -> Place:
    from geostream.tools.places import configured_place, place_of  # noqa: PLC0415

    if text is not None:
        if file is not None:
            raise Misuse("--config is for when the other side is left out")
        return place_of(text)
    try:
        return configured_place(load(file, environ=os.environ, flags=[]))
    except BadConfig as error:
        raise ToolError("\n".join(map(str, error.problems))) from None


def _move(places: Callable[[], Sequence[Place]], options: dict[str, Any]) -> NoReturn:
    from geostream.tools.moving import Move, Wishes  # noqa: PLC0415

    glob, version = options["glob"], options["version"]
    try:
        if options["db"] is not None and options["db"] < 0:
            raise Misuse("--db wants the number of a database")
        if options["timeout"] <= 0:
            raise Misuse("--timeout wants a number of seconds")
        source, target = places()
        wishes = Wishes(
            key=None if glob is None else os.fsencode(glob),
            db=options["db"],
            replaces=options["replace"],
            dry_run=options["dry_run"],
            rdb_version=None if version is None else int(version),
            timeout_s=options["timeout"],
        )
        move = Move(source, target, wishes, Clock().now_ms())
    except ToolError as error:
        _fail(error)
    _run(move)


def _run(move: Move) -> NoReturn:
    from geostream.tools.places import ServerPlace  # noqa: PLC0415

    _show(f"from {move.source}")
    _show(f"to {move.target}")
    try:
        move.run(_progress)
    except ToolError as error:
        if isinstance(move.target, ServerPlace) and move.tally.total:
            click.echo("it broke off; until then:")
            _report(move, "moved")
        _fail(error)
    _report(move, "would move" if move.wishes.dry_run else "moved")
    sys.exit(1 if move.tally.refused else 0)


def _report(move: Move, verb: str) -> None:
    for line in move.tally.lines(verb):
        _show(line)


@contextmanager
def _progress(items: Iterable[Item], keys: int) -> Iterator[Iterable[Item]]:
    """Show a bar, on a terminal."""
    if not sys.stderr.isatty():
        yield items
        return
    with click.progressbar(items, length=keys, label="keys", file=sys.stderr) as bar:
        yield bar


VERBS = (inspect, repair, import_, export)
