"""ARCHITECTURE.md knows every room, and speaks of no file that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from geostream import __version__

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "geostream"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ROOMS = sorted(
    path.name + "/" * path.is_dir()
    for path in PACKAGE.iterdir()
    if not path.name.startswith("__") and (path.is_dir() or path.suffix == ".py")
)
SOURCES = [*sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]

#: Lines of code in a function; parsers of wordy commands may have more.
MAX_LINES, MAX_PARSER_LINES = 40, 60


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_in_the_table(room):
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert any(f"`{room}`" in row.split(" | ")[0] for row in rows)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.py|\w+/)`", TEXT))))
def test_every_file_and_room_it_speaks_of_is_there(path):
    assert (PACKAGE / path).exists()


def test_the_path_of_an_xadd_goes_through_functions_that_are_there():
    (steps,) = re.findall(r"## Follow one XADD\n\n(.*?)\n\n", TEXT, re.DOTALL)
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    names = re.findall(r"`(\w+)`", steps)
    assert names
    for name in names:
        assert re.search(rf"^(def|class) {name}\b", sources, re.MULTILINE), name


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines stand below a function's head and docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_long(path):
    long = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            limit = MAX_PARSER_LINES if node.name.startswith("parse_") else MAX_LINES
            if body_lines(node) > limit:
                long[node.name] = body_lines(node)
    assert long == {}


def test_the_changes_begin_with_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)$", changes, re.MULTILINE)
    assert versions[0] == __version__
