"""``geostream import`` and ``export`` as they are typed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress

import click
import pytest
from click.testing import CliRunner

from geostream.cli import main
from geostream.store.keyspace import Keyspace
from geostream.tools.verbs import VERBS
from tests.persistence.scripts import Source
from tests.support.servers import GEOSTREAM, start
from tests.support.wire import Client
from tests.tools.places import everything, listing, rich, run, write

PLUGINS = {
    "sqlite": ("sqlite", "geostream.db"),
    "snapshots": ('[{"use": "sqlite", "mode": "snapshot"}]', "geostream.db"),
    "rdb": ('[{"use": "rdb", "rdb_version": 14}]', "dump.rdb"),
    "aof": ("aof", "appendonlydir"),
    "aof-commands": ('[{"use": "aof", "aof_use_rdb_preamble": "no"}]', "appendonlydir"),
    "another": ('["geostream_plugins.sqlite:SqlitePersistence"]', "geostream.db"),
}


@pytest.fixture(params=sorted(PLUGINS))
def configured(request, tmp_path):
    """A config.yaml, and where its first plugin keeps its data."""
    plugins, name = PLUGINS[request.param]
    file = tmp_path / "config.yaml"
    file.write_text(f"server: {{dir: {tmp_path}}}\npersistence:\n  plugins: {plugins}\n")
    return file, tmp_path / "data" / name


def test_data_comes_into_a_server_that_is_not_there_yet_and_out_of_it(configured, tmp_path):
    config, store = configured
    write(tmp_path / "a.rdb", rich())
    result = run("import", tmp_path / "a.rdb", "--config", config)
    assert result.exit_code == 0, result.output
    assert everything(store) == everything(rich())
    result = run("export", tmp_path / "b.rdb", "--config", config, "--version", 14)
    assert result.exit_code == 0, result.output
    assert everything(tmp_path / "b.rdb") == everything(rich())


def test_the_server_starts_with_what_was_imported(configured, tmp_path):
    config, _ = configured
    source = Source()
    source.run(["SET text value", "XADD s 1-1 f v", "XGROUP CREATE s g 0"])
    write(tmp_path / "a.db", source.keyspace)
    assert run("import", tmp_path / "a.db", "--config", config).exit_code == 0
    plugins = config.read_text().partition("plugins: ")[2].strip()
    server = start(
        GEOSTREAM, tmp_path, "--config", str(config), "--set", f"persistence.plugins={plugins}"
    )
    client = Client(server.port)
    try:
        assert client.call("GET", "text") == b"value"
        assert client.call("XLEN", "s") == 1
    finally:
        client.close()
        server.stop()


@pytest.mark.parametrize("plugin", ["sqlite", "aof"])
def test_nothing_is_put_into_files_a_server_has_open_and_they_can_be_exported(plugin, tmp_path):
    directory = tmp_path / "server"
    settings = ("--set", f"persistence.plugins={plugin}", "--set", "appendfsync=always")
    server = start(GEOSTREAM, directory, *settings)
    client = Client(server.port)
    config = tmp_path / "config.yaml"
    config.write_text(f"server: {{dir: {directory}}}\npersistence: {{plugins: {plugin}}}\n")
    write(tmp_path / "a.rdb", rich())
    try:
        client.call("XADD", "s", "1-1", "f", "v")
        result = run("import", tmp_path / "a.rdb", "--config", config)
        assert (result.exit_code, result.stdout.splitlines()[2:]) == (1, [])
        assert "another geostream" in result.stderr
        result = run("export", tmp_path / "b.rdb", "--config", config)
        assert result.exit_code == 0, result.output
        assert client.call("DBSIZE") == 1
    finally:
        client.close()
        server.stop()
    assert list(everything(tmp_path / "b.rdb")[0]) == [b"s"]


def test_databases_the_server_does_not_have_stop_an_import(tmp_path):
    source = Source()
    source.run(["SELECT 9", "SET a v"])
    write(tmp_path / "a.rdb", source.keyspace)
    config = tmp_path / "config.yaml"
    config.write_text(f"server: {{dir: {tmp_path}, databases: 4}}\n")
    result = run("import", tmp_path / "a.rdb", "--config", config)
    assert result.exit_code == 1
    assert "no database 9" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["import"], 2, "Missing argument 'SOURCE'"),
        (["export"], 2, "Missing argument 'TARGET'"),
        (["import", "a.db", "--into", "a.db"], 2, "source and target are the same"),
        (["import", "a.db", "--into", "./a.db"], 2, "source and target are the same"),
        (["import", "redis://h", "--into", "redis://h"], 2, "source and target are the same"),
        (["import", "a.db", "--into", "what.txt"], 2, "neither SQLite"),
        (["import", "a.db", "--into", "b.db", "--config", "c"], 2, "--config is for when"),
        (["import", "a.db", "--into", "b.db", "--version", "11"], 2, "--version is for"),
        (["import", "a.db", "--into", "b.rdb", "--version", "12"], 2, "Invalid value"),
        (["import", "a.db", "--into", "b.rdb", "--db", "-1"], 2, "--db wants"),
        (["import", "a.db", "--into", "b.rdb", "--db", "x"], 2, "not a valid integer"),
        (["import", "a.db", "--into", "b.rdb", "--timeout", "0"], 2, "--timeout wants"),
        (["import", "nowhere.db", "--into", "b.rdb"], 1, "No such file"),
        (["import", "torn.rdb", "--into", "b.rdb"], 1, "nothing was moved; 'geostream repair'"),
        (["import", "a.db", "--into", "torn.rdb"], 1, "the target: "),
        (["import", "a.db", "--into", "torn.rdb", "--dry-run"], 1, "the target is damaged"),
        (["import", "a.db", "--into", "/proc/nowhere/b.rdb"], 1, "No such file"),
        (["import", "a.db", "--config", "nowhere.yaml"], 1, "nowhere.yaml: No such file"),
        (["import", "a.db", "--config", "bad.yaml"], 1, "bad.yaml:1: nonsense"),
        (["export", "b.rdb", "--config", "empty.yaml"], 1, "names no plugin"),
        (["export", "b.rdb"], 1, "data/geostream.db: No such file"),
    ],
)
def test_mistakes_are_told_with_their_status(arguments, status, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.db", Keyspace())
    write(tmp_path / "torn.rdb", rich())
    torn = (tmp_path / "torn.rdb").read_bytes()[:-9]
    (tmp_path / "torn.rdb").write_bytes(torn)
    (tmp_path / "bad.yaml").write_text("nonsense: 1\n")
    (tmp_path / "empty.yaml").write_text("persistence: {plugins: ''}\n")
    before = listing(tmp_path)
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert message in result.stderr
    after = listing(tmp_path)
    assert set(after) - {"torn.rdb"} == set(before) - {"torn.rdb"}
    assert (tmp_path / "torn.rdb").read_bytes() == torn


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_explains_itself(verb):
    result = CliRunner().invoke(main, [verb.name, "--help"])
    assert result.exit_code == 0
    for parameter in verb.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in result.stdout
            assert parameter.help or parameter.name == "help"


def test_on_a_terminal_a_bar_shows_how_far_it_is(tmp_path):
    write(tmp_path / "a.db", rich())
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "geostream", "export", "b.rdb", "--from", "a.db"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=slave, check=True, timeout=60, cwd=tmp_path
    )
    os.close(slave)
    shown = b""
    with suppress(OSError):  # the end, on Linux
        while piece := os.read(master, 4096):
            shown += piece
    os.close(master)
    assert b"keys" in shown
    assert b"100%" in shown
    assert b"%" not in done.stdout


def test_as_a_program_it_moves_and_exits_with_its_status(tmp_path):
    write(tmp_path / "a.db", rich())
    command = [sys.executable, "-m", "geostream", "export", "b.rdb", "--from", "a.db"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["from sqlite a.db", "to rdb b.rdb"]
    again = subprocess.run(
        [*command[:-1], "nowhere.db"],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 1
    assert "No such file" in again.stderr
