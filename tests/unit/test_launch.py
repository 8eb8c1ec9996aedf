"""``serve`` begun without the command line: the same as with it."""

import gc

import pytest
from click.testing import CliRunner

from geostream import launch, process
from geostream.cli import main as command_line

UNDERSTOOD = [
    ["serve"],
    ["serve", "--port", "7000"],
    ["serve", "--config", "a.yaml", "--dir", "/tmp", "--host", "::1 127.0.0.1", "--port", "0"],
    ["serve", "--set", "maxmemory=1gb", "--port", "1", "--set", "save=", "--port", "2"],
    ["serve", "--set", "persistence.plugins=rdb", "--set", "requirepass=a=b"],
]
LEFT_ALONE = [
    [],
    ["--help"],
    ["serve", "--help"],
    ["serve", "--port"],
    ["serve", "--port=7000"],
    ["serve", "--prot", "7000"],
    ["serve", "--set", "maxmemory"],
    ["serve", "--set", "=1"],
    ["serve", "--port", "--help"],
    ["serve", "somewhere", "else"],
    ["check-config", "a.yaml"],
]


@pytest.mark.parametrize("arguments", UNDERSTOOD, ids=" ".join)
def test_what_is_understood_is_what_the_command_line_understands(arguments, monkeypatch):
    served = []
    monkeypatch.setattr(process, "serve", lambda *asked: served.append(asked) or 0)
    assert CliRunner().invoke(command_line, arguments).exit_code == 0
    asked = launch.understand(arguments)
    assert [(asked.file, asked.flags)] == served


@pytest.mark.parametrize("arguments", LEFT_ALONE, ids=" ".join)
def test_anything_else_is_left_to_the_command_line(arguments):
    assert launch.understand(arguments) is None


def test_another_verb_is_run(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["geostream", "version"])
    with pytest.raises(SystemExit) as ended:
        launch.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("geostream ")
    assert gc.isenabled()


def test_the_status_of_serving_is_the_commands(monkeypatch):
    monkeypatch.setattr("sys.argv", ["geostream", "serve", "--port", "7"])
    monkeypatch.setattr(launch, "serve", lambda file, flags: len(flags) + 2)
    with pytest.raises(SystemExit) as ended:
        launch.main()
    assert ended.value.code == 3
