"""The README says what is there: its commands, its shell lines, its settings, its links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import geostream.commands  # noqa: F401  fills the table
from geostream import errors
from geostream.cli import main
from geostream.config import PARAMETERS, SECTIONS
from geostream.engine.command import TABLE
from tests.support.engines import make_engine

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ROWS = [row for row in TABLE.values() if not row.subcommands]

BEGIN, END = "<!-- commands:begin -->\n", "<!-- commands:end -->"
BLOCK = README[README.index(BEGIN) + len(BEGIN) : README.index(END)]
PROSE = README.replace(BLOCK, "")

#: The ID of the README's entry, which any other server chooses differently.
SHOWN_ID = "1703188800000-0"

#: What stands between backticks.
CODE = re.findall(r"`([^`\n]+)`", PROSE)


def cells(line: str) -> list[str]:
    """Return the cells of a table's row, as a reader sees them."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def shown_commands() -> dict[str, list[str]]:
    """Return the rows of the command tables, by command with syntax."""
    rows = [cells(line) for line in BLOCK.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row for row in rows}


def verbs() -> dict[str, click.Command]:
    """Return what ``geostream`` understands: ``serve``, ``config show`` and so on."""
    found: dict[str, click.Command] = {}
    for name, command in main.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {child}": below for child, below in command.commands.items()}
        else:
            found[name] = command
    return found


# The commands


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_readme_shows_every_command_with_its_syntax(row):
    shown = shown_commands()[f"{row.title} {row.syntax}".rstrip()]
    assert shown[1:] == [row.since, row.summary]


def test_the_readme_shows_no_command_that_is_not_there():
    assert set(shown_commands()) == {f"{row.title} {row.syntax}".rstrip() for row in ROWS}


def test_every_row_of_the_command_tables_has_three_cells():
    rows = [line for line in BLOCK.splitlines() if line.startswith("|")]
    assert {len(cells(line)) for line in rows} == {3}


def test_the_command_tables_are_what_the_generator_writes():
    written = CliRunner().invoke(main, ["commands", "--markdown"]).stdout
    assert written == BLOCK, "make fix renews the tables"


def test_streams_come_first():
    families = re.findall(r"^### (\w+)$", BLOCK, re.MULTILINE)
    assert families[0] == "stream"
    assert sorted(families) == sorted({row.group for row in ROWS})


# The shell


def test_every_make_target_of_the_readme_is_one():
    targets = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make (\w+)", README, re.MULTILINE))
    assert {"run", "test", "check", "bench"} <= named <= targets


def test_the_head_of_the_makefile_names_every_target():
    head = MAKEFILE[: MAKEFILE.index("\n\n")]
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert set(re.findall(r"^# make (\w+)", head, re.MULTILINE)) == set(phony.split()) - {"clean"}


@pytest.mark.parametrize("name", verbs())
def test_the_readme_shows_every_verb(name):
    assert re.search(rf"`geostream {name}\b", README)


@pytest.mark.parametrize("line", [code for code in CODE if code.startswith("geostream ")])
def test_every_shell_line_of_the_readme_is_understood(line):
    words = shlex.split(line.replace("[", " ").replace("]", " "))[1:]
    name = next(name for name in verbs() if words[: len(name.split())] == name.split())
    known = {option for parameter in verbs()[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_what_the_readme_shows_in_redis_cli_works():
    bench = make_engine()
    lines = re.findall(r"^ {4}127\.0\.0\.1:6379> (.+)$", README, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["XADD", "XGROUP", "XREADGROUP", "XACK"]
    entry_id = reply = None
    for line in lines:
        reply = bench.execute(*[entry_id if word == SHOWN_ID else word for word in line.split()])
        assert not isinstance(reply, errors.CommandError), f"{line}: {reply}"
        entry_id = entry_id or reply
    assert reply == 1


# Settings and links


def test_every_setting_of_the_readme_is_one():
    assert set(re.findall(r"`(\w+):`", PROSE)) <= set(SECTIONS)
    environment = re.findall(r"\bGEOSTREAM__([A-Z]+)__([A-Z_]+?)(?:_FILE)?\b", PROSE)
    assert environment
    paths = {(row.section, row.attribute) for row in PARAMETERS.values()}
    assert {(section.lower(), name.lower()) for section, name in environment} <= paths
    dashed = {code for code in CODE if re.fullmatch(r"[a-z]+(-[a-z]+)+", code)}
    assert "maxmemory-policy" in dashed
    assert dashed <= set(PARAMETERS)


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", PROSE))
def test_every_link_of_the_readme_leads_somewhere(target):
    file, _, anchor = target.partition("#")
    assert not file or (ROOT / file).is_file()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
