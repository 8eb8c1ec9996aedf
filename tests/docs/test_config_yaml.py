"""config.yaml shows every setting, with its default and a comment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geostream.config import PARAMETERS, SECTIONS, Config, load

FILE = Path(__file__).parents[2] / "config.yaml"
LINES = FILE.read_text(encoding="utf-8").splitlines()


def line_of(row):
    """Return the number of the line, counted from 0, that sets a parameter in its section."""
    section = LINES.index(f"{row.section}:")
    for number in range(section + 1, len(LINES)):
        if re.match(rf"  {row.attribute}:", LINES[number]):
            return number
        if LINES[number] and not LINES[number].startswith(" "):
            break
    pytest.fail(f"config.yaml has no {row.section}.{row.attribute}")


def test_every_value_in_it_is_the_default():
    loaded, plain = load(FILE, environ={}), Config()
    assert {name: loaded.get(name) for name in PARAMETERS} == {
        name: plain.get(name) for name in PARAMETERS
    }


@pytest.mark.parametrize("row", PARAMETERS.values(), ids=lambda row: row.name)
def test_every_setting_is_in_it_below_a_comment(row):
    above = LINES[line_of(row) - 1]
    assert re.match(r"  # .{10}", above), f"no comment above {row.section}.{row.attribute}"


def test_its_sections_are_in_the_order_of_the_code():
    found = [line[:-1] for line in LINES if re.fullmatch(r"[a-z]+:", line)]
    assert found == list(SECTIONS)


def test_no_line_of_it_is_long():
    assert max(map(len, LINES)) <= 100
