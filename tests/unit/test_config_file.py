"""config.yaml: what is read from it, and how it says what is wrong."""

from __future__ import annotations

import os

import pytest

from geostream.config import BadConfig, load
from geostream.config.yaml_file import MAX_FILE_BYTES


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A function that writes config.yaml into the current directory."""
    monkeypatch.chdir(tmp_path)

    def write_one(content):
        path = tmp_path / "config.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path.relative_to(tmp_path)

    return write_one


def problems(path, **environ):
    with pytest.raises(BadConfig) as bad:
        load(path, environ=environ)
    return bad.value.problems


def test_values_of_all_kinds_are_read(write):
    settings = load(
        write(
            """
server:
  bind: [127.0.0.1, "::1"]
  port: 7000
  unixsocketperm: 0700
clients:
  timeout: 15m
  proto-max-bulk-len: 64mb
security: {requirepass: 0123}
observe:
  latency_tracking: no
  slowlog_log_slower_than: 5ms
"""
        ),
        environ={},
    ).settings
    assert settings.server.bind == ("127.0.0.1", "::1")
    assert settings.server.port == 7000
    assert settings.server.unixsocketperm == 0o700
    assert settings.clients.timeout == 900
    assert settings.clients.proto_max_bulk_len == 64 * 2**20
    assert settings.security.requirepass == "0123"
    assert settings.observe.latency_tracking is False
    assert settings.observe.slowlog_log_slower_than == 5000


@pytest.mark.parametrize("content", ["", "# nothing\n", "server:\n", "---\n", "\ufeffserver:\n"])
def test_a_file_without_settings_leaves_the_defaults(write, content):
    assert load(write(content), environ={}).settings.server.port == 6379


def test_addresses_may_stand_without_a_list(write):
    settings = load(write("server:\n  bind: 0.0.0.0 ::1\n"), environ={}).settings
    assert settings.server.bind == ("0.0.0.0", "::1")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "server:\n  port: 1\nstreams:\n  stream_node_max_byte: 5\n",
            "config.yaml:4: streams.stream_node_max_byte: unknown key; "
            "did you mean stream_node_max_bytes?",
        ),
        ("sever:\n  port: 1\n", "config.yaml:1: sever: unknown key; did you mean server?"),
        ("port: 1\n", "config.yaml:1: port: unknown key; did you mean server.port?"),
        (
            "server:\n  maxclients: 1\n",
            "config.yaml:2: server.maxclients: unknown key; did you mean clients.maxclients?",
        ),
        ("server:\n  qqqqqq: 1\n", "config.yaml:2: server.qqqqqq: unknown key"),
        (
            "appendonly: yes\n",
            "config.yaml:1: appendonly: unknown key; did you mean persistence.appendonly?",
        ),
        (
            "persistence:\n  plugins:\n    - file: x\n",
            "config.yaml:2: persistence.plugins: expected names of plugins, or a list with"
            """ 'use: NAME' and options in each item, found '[{"file":"x"}]'""",
        ),
        (
            "persistence:\n  plugins:\n    use: sqlite\n",
            "config.yaml:2: persistence.plugins: expected names of plugins, or a list with"
            " 'use: NAME' and options in each item, found keys and values",
        ),
        (
            "server:\n  port: abc\n",
            "config.yaml:2: server.port: expected an integer from 0 to 65535, found 'abc'",
        ),
        (
            "server:\n  port:\n",
            "config.yaml:2: server.port: expected an integer from 0 to 65535, found nothing",
        ),
        (
            "clients:\n  timeout: 90s m\n",
            "config.yaml:2: clients.timeout: expected seconds from 0 to 2147483647, "
            "or a duration such as 15m, found '90s m'",
        ),
        (
            "memory:\n  maxmemory: lots\n",
            "config.yaml:2: memory.maxmemory: expected a size such as 512mb, found 'lots'",
        ),
        (
            "log:\n  loglevel: loud\n",
            "config.yaml:2: log.loglevel: expected one of debug, verbose, notice, warning, "
            "nothing, found 'loud'",
        ),
        (
            "server:\n  port: [1, 2]\n",
            "config.yaml:2: server.port: expected an integer from 0 to 65535, found a list",
        ),
        (
            "server:\n  bind: [[a]]\n",
            "config.yaml:2: server.bind: expected a single value, found a list",
        ),
        (
            "server:\n  dir: {a: b}\n",
            "config.yaml:2: server.dir: expected text, found keys and values",
        ),
        (
            "server:\n  port: !port 5\n",
            "config.yaml:2: server.port: expected a plain value, found the tag !port",
        ),
        (
            "server: 5\n",
            "config.yaml:1: server: expected settings and their values, found '5'",
        ),
        ("- a\n", "config.yaml:1: expected sections such as server:, found a list"),
        ("only words\n", "config.yaml:1: expected sections such as server:, found 'only words'"),
        ("? [a]\n: b\n", "config.yaml:1: expected a name, found a list"),
        (
            "server:\n  port: 1\n  port: 2\n",
            "config.yaml:3: server.port: given twice, first in line 2",
        ),
        (
            "server:\n  tcp-backlog: 1\n  tcp_backlog: 2\n",
            "config.yaml:3: server.tcp_backlog: given twice, first in line 2",
        ),
        ("server: {hz: 1, hz: 2}", "config.yaml:1: server.hz: given twice, first in line 1"),
        ("log:\nserver:\nlog:\n", "config.yaml:3: log: given twice, first in line 1"),
    ],
)
def test_a_problem_names_line_key_expectation_and_what_was_found(write, content, problem):
    assert problems(write(content)) == [problem]


def test_all_problems_are_told_at_once(write):
    found = problems(write("server:\n  port: x\n  prt: 1\nclients:\n  timeout: y\nfoo: 1\n"))
    assert [problem.split(": ")[:2] for problem in found] == [
        ["config.yaml:2", "server.port"],
        ["config.yaml:3", "server.prt"],
        ["config.yaml:5", "clients.timeout"],
        ["config.yaml:6", "foo"],
    ]


@pytest.mark.parametrize("key", ["k" * 5000, '"a\\nb"'])
def test_an_odd_key_does_not_spoil_the_message(write, key):
    (problem,) = problems(write(f"server:\n  {key}: 1\n"))
    assert len(problem) < 200
    assert "\n" not in problem


def test_a_long_value_is_cut_where_it_is_shown(write):
    (problem,) = problems(write(f"server:\n  port: {'x' * 5000}\n"))
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("server: [1\n", "config.yaml:2: not YAML: "),
        ("server:\n\tport: 1\n", "config.yaml:2: not YAML: "),
        ("a: b: c\n", "config.yaml:1: not YAML: "),
        ("server:\n---\nserver:\n", "config.yaml:2: not YAML: "),
        (b"\x00\x01\x02", "config.yaml: not YAML: "),
        (b"\xff\xfe\x00", "config.yaml: not UTF-8 text (byte 0)"),
        (b"server: \x80", "config.yaml: not UTF-8 text (byte 8)"),
        ("a: &x [1]\nb: *x\n", "config.yaml:2: aliases are refused"),
        ("<<: *x\n", "config.yaml:1: aliases are refused"),
        ("server: " + "[" * 100_000, "config.yaml:1: nested too deep"),
        ("server:\n" + "".join("  " * n + "a:\n" for n in range(1, 500)), ": nested too deep"),
        ("#" * (MAX_FILE_BYTES + 1), f"config.yaml: larger than {MAX_FILE_BYTES} bytes"),
    ],
)
def test_what_is_no_configuration_is_refused_in_a_line(write, content, problem):
    (found,) = problems(write(content))
    assert problem in found
    assert "\n" not in found


def test_a_thousand_laughs_are_refused_at_the_first_alias(write):
    laughs = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert problems(write("\n".join(laughs))) == ["config.yaml:2: aliases are refused"]


def test_a_tag_that_would_make_an_object_makes_none(write):
    content = "server:\n  dir: !!python/object/apply:os.system [exit 1]\n"
    assert problems(write(content)) == [
        "config.yaml:2: server.dir: expected text, found a list",
    ]


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    assert problems(tmp_path / "none.yaml") == [f"{tmp_path}/none.yaml: No such file or directory"]
    assert problems(tmp_path) == [f"{tmp_path}: Is a directory"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(write):
    path = write("server:\n")
    path.chmod(0)
    assert problems(path) == ["config.yaml: Permission denied"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${DIR}", "/data"),
        ("${DIR:-/else}", "/data"),
        ("${NONE:-/else}", "/else"),
        ("${EMPTY:-/else}", "/else"),
        ("/x${EMPTY}", "/x"),
        ("/${NONE:-a}/${NONE:-b}", "/a/b"),
        ("/a$DIR", "/a$DIR"),
        ("/a$${DIR}", "/a${DIR}"),
        ("/a$", "/a$"),
    ],
)
def test_variables_are_replaced_in_values(write, text, value):
    path = write(f"server:\n  dir: '{text}'\n")
    loaded = load(path, environ={"DIR": "/data", "EMPTY": ""})
    assert loaded.settings.server.dir == value


def test_a_variable_may_stand_for_a_number(write):
    path = write("server:\n  hz: ${HZ:-20}\n")
    assert load(path, environ={"HZ": "30"}).settings.server.hz == 30
    assert load(path, environ={}).settings.server.hz == 20


def test_what_a_variable_holds_is_not_looked_at_again(write):
    path = write("server:\n  dir: ${A}\n")
    assert load(path, environ={"A": "/${B}", "B": "x"}).settings.server.dir == "/${B}"


def test_a_missing_variable_without_a_default_is_a_problem(write):
    assert problems(write("server:\n  hz: ${HZ}\n")) == [
        "config.yaml:2: server.hz: the environment has no HZ, and ${HZ} has no default"
    ]


@pytest.mark.parametrize("text", ["${}", "${A", "${A-b}", "${1A}", "${A B}"])
def test_a_variable_written_wrong_is_a_problem(write, text):
    (problem,) = problems(write(f'server:\n  dir: "{text}"\n'), A="1")
    assert problem.startswith("config.yaml:2: server.dir: expected ${NAME} or ${NAME:-default}")


def test_no_problem_shows_a_password(write):
    found = problems(write("security:\n  requirepass: 'geheim${'\n"))
    assert "geheim" not in "".join(found)


def test_plugins_may_be_a_list_with_options(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "persistence:\n  plugins:\n    - sqlite\n    - use: rdb\n      dbfilename: ${NAME:-x.rdb}\n"
        "      save: [{after_s: 900, changes: 1}]\n"
    )
    plugins = load(file, environ={}).settings.persistence.plugins
    assert plugins == (
        "sqlite",
        '{"use":"rdb","dbfilename":"x.rdb","save":[{"after_s":"900","changes":"1"}]}',
    )
