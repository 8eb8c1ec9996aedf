"""setup.cfg says what the tree holds, and the tree keeps to what the tools cannot check."""

from __future__ import annotations

import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest

from geostream import __version__

ROOT = Path(__file__).parents[2]
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg")

SOURCES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for directory in ("geostream", "plugins", "tests", "bench")
    for path in sorted((ROOT / directory).rglob("*.py"))
}


def listed(section, option):
    return SETUP[section][option].split()


def packages_below(directory, name):
    root = ROOT / directory
    for path in [root, *(one for one in root.rglob("*") if one.is_dir())]:
        if any(path.glob("*.py")):
            yield ".".join([name, *path.relative_to(root).parts])


def test_every_package_of_the_tree_is_listed_and_no_other():
    found = [
        *packages_below("geostream", "geostream"),
        *packages_below("plugins/geostream_plugins", "geostream_plugins"),
    ]
    assert sorted(listed("options", "packages")) == sorted(found)


@pytest.mark.parametrize("package", listed("options", "packages"))
def test_every_package_has_an_init_file(package):
    path = package.replace("geostream_plugins", "plugins/geostream_plugins").replace(".", "/")
    assert (ROOT / path / "__init__.py").is_file()


@pytest.mark.parametrize(
    "entry", SETUP["options.entry_points"]["console_scripts"].strip().splitlines()
)
def test_every_command_leads_to_a_function(entry):
    module, _, function = entry.partition("=")[2].strip().partition(":")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize(
    "option", [("options", "install_requires"), ("options.extras_require", "test")]
)
def test_every_dependency_has_a_line_that_says_why(option):
    section, name = option
    lines = (ROOT / "setup.cfg").read_text(encoding="utf-8").splitlines()
    start = lines.index(f"{name} =", lines.index(f"[{section}]")) + 1
    block = lines[start : next(n for n in range(start, len(lines)) if lines[n][:1] != " ")]
    assert len(block) > 1
    for comment, requirement in zip(block[::2], block[1::2], strict=True):
        assert comment.startswith("    # ")
        assert re.match(r"    [A-Za-z]", requirement)


def test_the_build_backend_stands_alone_in_pyproject():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert lines[0] == "[build-system]"


def test_the_version_is_that_of_the_package():
    assert SETUP["metadata"]["version"] == "attr: geostream.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_procfile_starts_a_web_process_that_can_be_reached():
    assert (ROOT / "Procfile").read_text(encoding="utf-8") == (
        "web: geostream serve --config config.yaml --host 0.0.0.0\n"
    )


def test_nothing_is_monkey_patched():
    imports = re.compile(r"^\s*(from gevent import .*\bmonkey|(import|from) gevent\.monkey)", re.M)
    assert [name for name, text in SOURCES.items() if imports.search(text)] == []


def test_a_source_file_stays_below_400_lines():
    ours = {name: text for name, text in SOURCES.items() if not name.startswith("tests/")}
    assert {name for name, text in ours.items() if text.count("\n") >= 400} == set()


def test_a_source_file_says_what_it_is():
    opening = re.compile(r'"""\S')
    assert [name for name, text in SOURCES.items() if text and not opening.match(text)] == []
