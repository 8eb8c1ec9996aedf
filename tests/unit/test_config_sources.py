"""Where a value comes from: a flag wins over the environment, that over the file."""

from __future__ import annotations

import pytest

from geostream.config import BadConfig, load


@pytest.fixture
def file(tmp_path):
    """A config.yaml that says 1 where others may say more."""
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  hz: 1\n  port: 1\n")
    return path


def problems(environ, flags=()):
    with pytest.raises(BadConfig) as bad:
        load(None, environ=environ, flags=flags)
    return bad.value.problems


@pytest.mark.parametrize(
    ("environ", "flags", "value", "origin"),
    [
        ({}, [], 1, "file"),
        ({"GEOSTREAM__SERVER__HZ": "2"}, [], 2, "environment"),
        ({"GEOSTREAM__SERVER__HZ": "2"}, [("--set", "hz", "3")], 3, "flag"),
        ({}, [("--set", "server.hz", "3"), ("--set", "hz", "4")], 4, "flag"),
    ],
)
def test_the_nearer_source_wins(file, environ, flags, value, origin):
    config = load(file, environ=environ, flags=flags)
    assert config.settings.server.hz == value
    assert config.origin("hz").kind == origin


def test_what_nobody_says_is_a_default(file):
    config = load(file, environ={})
    assert config.origin("maxclients").kind == "default"
    assert config.settings.clients.maxclients == 10_000


def test_the_origin_names_the_place(file):
    config = load(file, environ={"PORT": "7"}, flags=[("--set", "maxmemory", "1mb")])
    assert config.origin("hz").place == f"{file}:2"
    assert config.origin("port").place == "PORT"
    assert config.origin("maxmemory").place == "--set"


def test_port_wins_over_the_file_and_yields_to_the_longer_name(file):
    assert load(file, environ={"PORT": "7000"}).settings.server.port == 7000
    environ = {"PORT": "7000", "GEOSTREAM__SERVER__PORT": "8000"}
    assert load(file, environ=environ).settings.server.port == 8000


def test_an_empty_port_says_nothing(file):
    assert load(file, environ={"PORT": ""}).settings.server.port == 1


@pytest.mark.parametrize(
    "variable",
    ["GEOSTREAM__CLIENTS__PROTO_MAX_BULK_LEN", "geostream__clients__proto_max_bulk_len"],
)
def test_a_variable_may_be_in_small_letters(variable):
    config = load(None, environ={variable: "2mb"})
    assert config.settings.clients.proto_max_bulk_len == 2 * 2**20


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("PORT", "x", "PORT: server.port: expected an integer from 0 to 65535, found 'x'"),
        (
            "GEOSTREAM__SERVER__HZ",
            "x",
            "GEOSTREAM__SERVER__HZ: server.hz: expected an integer from 0 to 2147483647, found 'x'",
        ),
        (
            "GEOSTREAM__SERVER__PROT",
            "1",
            "GEOSTREAM__SERVER__PROT: unknown key; did you mean port?",
        ),
        ("GEOSTREAM__PORT", "1", "GEOSTREAM__PORT: unknown key; did you mean server.port?"),
        ("GEOSTREAM__", "1", "GEOSTREAM__: unknown key"),
        ("GEOSTREAM__A__B__C", "1", "GEOSTREAM__A__B__C: unknown key"),
    ],
)
def test_a_bad_variable_is_named(variable, text, problem):
    assert problems({variable: text}) == [problem]


def test_variables_of_others_are_left_alone():
    load(None, environ={"GEOSTREAM": "1", "GEOSTREAM_HOME": "2", "PORTS": "3"})


def test_a_secret_may_stay_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text("s3cret\n")
    environ = {"GEOSTREAM__SECURITY__REQUIREPASS_FILE": "password"}
    assert load(None, environ=environ).settings.security.requirepass == "s3cret"


def test_a_secret_whose_file_is_missing_is_a_problem(tmp_path):
    path = str(tmp_path / "none")
    assert problems({"GEOSTREAM__SECURITY__REQUIREPASS_FILE": path}) == [
        f"GEOSTREAM__SECURITY__REQUIREPASS_FILE: cannot read '{path}': No such file or directory"
    ]


@pytest.mark.parametrize("name", ["maxmemory", "memory.maxmemory", "MEMORY.MaxMemory"])
def test_a_flag_may_name_the_section_or_not(name):
    assert load(None, environ={}, flags=[("--set", name, "1kb")]).get("maxmemory") == "1024"


@pytest.mark.parametrize("name", ["stream-node-max-bytes", "streams.stream_node_max_bytes"])
def test_dashes_and_underscores_are_the_same(name):
    config = load(None, environ={}, flags=[("--set", name, "5")])
    assert config.settings.streams.stream_node_max_bytes == 5


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("prot", "1", "--set: prot: unknown key; did you mean server.port?"),
        (
            "server.maxmemory",
            "1",
            "--set: server.maxmemory: unknown key; did you mean memory.maxmemory?",
        ),
        (
            "cluster-enabled",
            "yes",
            "--set: cluster-enabled: clusters are not served, found 'yes'",
        ),
    ],
)
def test_a_bad_flag_is_named(name, text, problem):
    assert problems({}, [("--set", name, text)]) == [problem]


def test_problems_of_all_sources_are_told_together(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  port: x\n")
    with pytest.raises(BadConfig) as bad:
        load(path, environ={"PORT": "y"}, flags=[("--port", "port", "z")])
    assert [problem.split(": ")[0] for problem in bad.value.problems] == [
        f"{path}:2",
        "PORT",
        "--port",
    ]


def test_the_directory_is_absolute_once_it_is_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(None, environ={}).settings.server.dir == str(tmp_path)
    config = load(None, environ={}, flags=[("--dir", "dir", "data")])
    assert config.get("dir") == str(tmp_path / "data")
