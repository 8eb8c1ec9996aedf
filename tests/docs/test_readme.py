"""The README's command list is the command table."""

from __future__ import annotations

from pathlib import Path

import pytest

import geostream.commands  # noqa: F401  fills the table
from geostream.engine.command import TABLE

README = (Path(__file__).parents[2] / "README.md").read_text()
ROWS = [row for row in TABLE.values() if not row.subcommands]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_readme_shows_every_command_with_its_syntax(row):
    syntax = f" {row.syntax}" if row.syntax else ""
    assert f"| `{row.title}{syntax}` |".replace(" | ", " \\| ", 0) in README.replace("\\|", "|")


def test_the_readme_shows_no_command_that_is_not_there():
    begin, end = README.index("<!-- commands:begin -->"), README.index("<!-- commands:end -->")
    shown = [line for line in README[begin:end].splitlines() if line.startswith("| `")]
    assert len(shown) == len(ROWS)
