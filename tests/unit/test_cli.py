"""The verbs of ``geostream`` that only print."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import geostream.commands  # noqa: F401  fills the table
from geostream import REDIS_VERSION, __version__
from geostream.cli import main
from geostream.config import PARAMETERS, SECTIONS
from geostream.engine.command import TABLE


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs a verb in an empty directory and an empty environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "GEOSTREAM__SERVER__PORT"):
        monkeypatch.delenv(name, raising=False)

    def run_one(*arguments, **environ):
        return CliRunner().invoke(main, arguments, env=environ)

    return run_one


def test_version_names_both_versions(run):
    assert (
        run("version").stdout.splitlines()[0] == f"geostream {__version__} (Redis {REDIS_VERSION})"
    )


def test_a_good_file_is_ok(run, tmp_path):
    (tmp_path / "config.yaml").write_text("server:\n  port: 1\n")
    result = run("check-config", "config.yaml")
    assert (result.exit_code, result.stdout) == (0, "config.yaml: ok\n")


@pytest.mark.parametrize(
    "verb", [("check-config",), ("serve", "--config"), ("config", "show", "--config")]
)
def test_a_bad_file_ends_every_verb_with_its_problems(run, tmp_path, verb):
    (tmp_path / "config.yaml").write_text("server:\n  prt: 1\n  hz: x\n")
    result = run(*verb, "config.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "config.yaml:2: server.prt: unknown key; did you mean port?",
        "config.yaml:3: server.hz: expected an integer from 0 to 2147483647, found 'x'",
    ]


def test_a_flood_of_problems_is_cut(run, tmp_path):
    (tmp_path / "config.yaml").write_text("".join(f"a{n}:\n" for n in range(200)))
    lines = run("check-config", "config.yaml").stderr.splitlines()
    assert (len(lines), lines[-1]) == (51, "and 150 more")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--port", "x"], "--port: server.port: expected an integer from 0 to 65535, found 'x'"),
        (["--port", "-1"], "--port: server.port: expected an integer from 0 to 65535, found '-1'"),
        (["--set", "prot=1"], "--set: prot: unknown key; did you mean server.port?"),
        (["--config", "none.yaml"], "none.yaml: No such file or directory"),
    ],
)
def test_a_bad_argument_of_serve_is_named(run, arguments, problem):
    result = run("serve", *arguments)
    assert result.exit_code == 1
    assert result.stderr == f"{problem}\n"


def test_a_directory_that_is_not_there_stops_the_start(run):
    result = run("serve", "--dir", "/nowhere/at/all")
    assert result.exit_code == 1
    assert result.stderr == "server.dir: /nowhere/at/all: No such file or directory\n"


def test_a_log_file_that_cannot_be_opened_stops_the_start(run):
    result = run("serve", "--set", "logfile=/nowhere/log")
    assert result.exit_code == 1
    assert result.stderr == "log.logfile: /nowhere/log: No such file or directory\n"


@pytest.mark.parametrize("assignment", ["hz", "=5", ""])
def test_set_wants_a_key_and_a_value(run, assignment):
    result = run("config", "show", "--set", assignment)
    assert result.exit_code == 2
    assert "--set wants KEY=VALUE" in result.stderr


def test_show_has_every_setting(run):
    lines = run("config", "show").stdout.splitlines()
    names = [f"{row.section}.{row.attribute}" for row in PARAMETERS.values()]
    assert [line.partition(":")[0] for line in lines] == names
    assert "server.port: 6379" in lines


def test_show_says_where_a_value_comes_from(run, tmp_path):
    (tmp_path / "config.yaml").write_text("server:\n  hz: 20\n")
    result = run(
        "config", "show", "--origin", "--config", "config.yaml", "--set", "timeout=5m",
        PORT="7000",
    )  # fmt: skip
    found = [line.split() for line in result.stdout.splitlines()]
    assert ["server.hz:", "20", "file", "(config.yaml:2)"] in found
    assert ["server.port:", "7000", "environment", "(PORT)"] in found
    assert ["clients.timeout:", "300", "flag", "(--set)"] in found
    assert ["server.databases:", "16", "default"] in found


@pytest.mark.parametrize("arguments", [(), ("--origin",)])
def test_show_never_shows_the_password(run, arguments):
    result = run("config", "show", *arguments, "--set", "requirepass=geheim")
    assert "geheim" not in result.output
    assert "(set)" in result.output


def test_the_schema_is_json_and_has_every_setting(run):
    schema = json.loads(run("config", "schema").stdout)
    for row in PARAMETERS.values():
        properties = schema["$defs"][SECTIONS[row.section].__name__]["properties"]
        assert properties[row.attribute]["description"] == row.summary


def test_commands_lists_every_command_with_its_syntax(run):
    lines = run("commands").stdout.splitlines()
    for row in TABLE.values():
        if not row.subcommands:
            assert f"{row.title} {row.syntax}".rstrip() in lines


def test_checking_a_file_imports_neither_gevent_nor_the_commands(tmp_path):
    (tmp_path / "config.yaml").write_text("")
    program = (
        "import sys; from geostream.cli import main\n"
        f"try: main(['check-config', {str(tmp_path / 'config.yaml')!r}])\n"
        "except SystemExit: pass\n"
        "print(sorted({'gevent', 'geostream.commands'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.splitlines()[-1] == "[]"
