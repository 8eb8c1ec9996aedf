"""``geostream-server``: redis-server's arguments and what becomes of them."""

from __future__ import annotations

import io
import re

import pytest

from geostream import redis_server
from geostream.config import BadConfig
from geostream.redis_server import Mistake, configure, run


def configured(*arguments, **environ):
    return configure(arguments, environ)


@pytest.fixture
def file(tmp_path):
    """A function that writes a redis.conf and returns its path."""

    def write(content):
        path = tmp_path / "redis.conf"
        path.write_text(content)
        return str(path)

    return write


@pytest.fixture
def standard_input(monkeypatch):
    """A function that puts text on the standard input."""

    def put(content):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))

    return put


@pytest.mark.parametrize("flag", ["-v", "--version"])
def test_the_version_of_redis_comes_first(capsys, flag):
    assert run([flag], {}) == 0
    line = capsys.readouterr().out
    assert line.startswith("Redis server v=8.10.0 ")
    assert "geostream=0.2.0" in line
    # The first dotted number is what fixtures take for the version.
    assert re.search(r"\d+(?:\.\d+)+", line)[0] == "8.10.0"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_shows_how_it_is_used(capsys, flag):
    assert run([flag], {}) == 0
    assert capsys.readouterr().out.startswith("Usage: geostream-server")


def test_no_arguments_are_the_defaults():
    config = configured()
    assert config.get("port") == "6379"
    assert config.path is None


def test_what_pytest_redis_passes_is_understood(tmp_path):
    config = configured(
        *("--daemonize", "no"),
        *("--rdbcompression", "yes"),
        *("--rdbchecksum", "no"),
        *("--appendonly", "no"),
        *("--databases", "16"),
        *("--timeout", "0"),
        *("--pidfile", f"{tmp_path}/redis-server.7000.pid"),
        *("--unixsocket", f"{tmp_path}/redis.7000.sock"),
        *("--dbfilename", "dump.7000.rdb"),
        *("--logfile", f"{tmp_path}/redis-server.7000.log"),
        *("--loglevel", "notice"),
        *("--syslog-enabled", "no"),
        *("--bind", "127.0.0.1"),
        *("--port", "7000"),
        *("--dir", str(tmp_path)),
        *("--requirepass", "--secret"),
    )
    settings = config.settings
    assert settings.server.port == 7000
    assert settings.server.unixsocket == f"{tmp_path}/redis.7000.sock"
    assert settings.server.dir == str(tmp_path)
    assert settings.security.requirepass == "--secret"
    assert config.get("pidfile") == f"{tmp_path}/redis-server.7000.pid"
    assert config.get("rdbchecksum") == "no"
    assert config.origin("port").kind == "flag"


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--port", "7000", "--port", "7001"], "port", "7001"),
        (["--PORT", "7000"], "port", "7000"),
        (["--port 7000"], "port", "7000"),
        (["--bind", "127.0.0.1", "::1"], "bind", "127.0.0.1 ::1"),
        (["--requirepass", ""], "requirepass", ""),
        (["--requirepass", 'a "b" \\n'], "requirepass", 'a "b" \\n'),
        (["--save", "", "--port", "7000"], "port", "7000"),
        (["--save", "--port", "7000"], "port", "7000"),
        (["--port", "7000", "--save"], "port", "7000"),
        (["--lua-time-limit", "7"], "busy-reply-threshold", "7"),
        (["--stream-node-max-bytes", "8kb"], "stream-node-max-bytes", "8192"),
        (["--notify-keyspace-events", "KEA"], "notify-keyspace-events", "AKE"),
        (
            ["--client-output-buffer-limit", "replica", "1mb", "2", "3"],
            "client-output-buffer-limit",
            "normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60",
        ),
    ],
)
def test_arguments_are_directives(arguments, name, value):
    assert configured(*arguments).get(name) == value


@pytest.mark.parametrize(
    ("arguments", "text", "why"),
    [
        (["--prot", "1"], 'prot "1"', "Bad directive or wrong number of arguments"),
        (["-x"], '"-x"', "Bad directive or wrong number of arguments"),
        (["--stream_node_max_bytes", "1"], None, "Bad directive or wrong number of arguments"),
        (["--server.port", "1"], None, "Bad directive or wrong number of arguments"),
        (["--loadmodule", "x.so"], None, "Bad directive or wrong number of arguments"),
        (["--replicaof", "h", "1"], None, "Bad directive or wrong number of arguments"),
        (["--port"], "port", "wrong number of arguments"),
        (["--port", "1", "2"], 'port "1" "2"', "wrong number of arguments"),
        (["--port", "abc"], 'port "abc"', "argument couldn't be parsed into an integer"),
        (["--timeout", "15m"], None, "argument couldn't be parsed into an integer"),
        (["--hz", "1 2"], 'hz "1 2"', "argument couldn't be parsed into an integer"),
        (["--save", "1"], None, "Invalid save parameters"),
        (["--save", "900", "x"], None, "Invalid save parameters"),
        (["--appendonly", "maybe"], None, "argument must be 'yes' or 'no'"),
        (["--cluster-enabled", "yes"], None, "clusters are not served"),
        (["--tls-port", "6380"], None, "TLS is not served"),
        (["--dir", "/nowhere"], None, "No such file or directory"),
        (["--include", "x"], None, "include is not served: name one file"),
        (['--loglevel "notice'], None, "Unbalanced quotes in configuration line"),
    ],
)
def test_a_directive_that_cannot_be_followed_is_named(arguments, text, why):
    with pytest.raises(Mistake) as mistake:
        configured(*arguments)
    assert mistake.value.why == why
    if text is not None:
        assert mistake.value.line.text == text


def test_a_fatal_message_looks_like_that_of_redis(capsys, file):
    path = file("# a comment\n\n  port 7000\nport abc\n")
    assert run([path], {}) == 1
    assert capsys.readouterr().err == (
        "\n*** FATAL CONFIG FILE ERROR (Redis 8.10.0) ***\n"
        f"Reading the configuration file {path}, at line 4\n"
        ">>> 'port abc'\n"
        "argument couldn't be parsed into an integer\n"
    )


def test_no_message_shows_the_password(capsys):
    assert run(["--requirepass", "geheim", "nis"], {}) == 1
    assert "geheim" not in capsys.readouterr().err


def test_a_file_is_read_as_redis_reads_it(file):
    config = configured(
        file(
            "# comment\n"
            "\tPort\t7000 \r\n"
            'requirepass "a\\x41\\n b"\n'
            "logfile 'it\\'s'\n"
            "client-output-buffer-limit normal 1 2 3\n"
            "client-output-buffer-limit pubsub 4 5 6\n"
        )
    )
    assert config.get("port") == "7000"
    assert config.get("requirepass") == "aA\n b"
    assert config.get("logfile") == "it's"
    assert config.get("client-output-buffer-limit") == (
        "normal 1 2 3 slave 268435456 67108864 60 pubsub 4 5 6"
    )
    assert config.origin("port").kind == "file"
    assert config.path is not None


@pytest.mark.parametrize("line", ["port 7000 # here", 'port "7000', 'port "7000"x', "port"])
def test_a_line_redis_refuses_is_refused(file, line):
    with pytest.raises(Mistake):
        configured(file(line + "\n"))


def test_a_file_that_is_not_there_is_named(capsys):
    assert run(["/nowhere/redis.conf"], {}) == 1
    assert "can't open config file '/nowhere/redis.conf'" in capsys.readouterr().err


def test_arguments_win_over_the_standard_input_and_that_over_the_file(file, standard_input):
    path = file("port 1\nhz 1\ntimeout 1\n")
    standard_input("hz 2\ntimeout 2\n")
    config = configured(path, "--timeout", "3", "-")
    assert [config.get(name) for name in ("port", "hz", "timeout")] == ["1", "2", "3"]


def test_the_standard_input_alone_will_do(standard_input):
    standard_input("maxmemory 128mb\n")
    assert configured("-").get("maxmemory") == str(128 * 2**20)


def test_a_mistake_on_the_standard_input_is_named(standard_input):
    standard_input("hz 2\nfoo bar\n")
    with pytest.raises(Mistake) as mistake:
        configured("-")
    assert mistake.value.line.place() == "the standard input, at line 2"


def test_arguments_win_over_the_environment_and_that_over_the_file(file):
    environ = {"GEOSTREAM__SERVER__HZ": "5", "GEOSTREAM__CLIENTS__TIMEOUT": "5"}
    config = configured(file("hz 1\ntimeout 1\n"), "--timeout", "3", **environ)
    assert (config.get("hz"), config.get("timeout")) == ("5", "3")


def test_the_port_of_the_environment_is_somebody_elses():
    assert configured(PORT="7000").get("port") == "6379"


def test_a_bad_environment_is_told(capsys):
    assert run([], {"GEOSTREAM__SERVER__HZ": "x"}) == 1
    assert "GEOSTREAM__SERVER__HZ: server.hz: expected" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "addresses"),
    [
        ([], "127.0.0.1"),
        (["--protected-mode", "yes"], "127.0.0.1"),
        (["--protected-mode", "no"], "* -::*"),
        (["--requirepass", "x"], "* -::*"),
        (["--protected-mode", "no", "--bind", "127.0.0.1"], "127.0.0.1"),
        (["--protected-mode", "yes", "--bind", "127.0.0.1", "-::1"], "127.0.0.1 -::1"),
        (["--protected-mode", "yes", "--requirepass", "x", "--bind", "*"], "*"),
    ],
)
def test_it_listens_where_redis_would_be_reached(arguments, addresses):
    assert configured(*arguments).get("bind") == addresses


def test_protected_mode_is_refused_where_it_would_have_to_keep_somebody_out():
    with pytest.raises(Mistake, match="protected mode is not served"):
        configured("--protected-mode", "yes", "--bind", "0.0.0.0")


def test_reloading_reads_the_file_again(file):
    path = file("hz 20\n")
    config = configured(path)
    file("hz 30\n")
    assert list(config.reload().changed) == ["hz"]
    file("hz x\n")
    with pytest.raises(BadConfig) as bad:
        config.reload()
    assert bad.value.problems == [
        f"the configuration file {path}, at line 1: 'hz x': "
        "argument couldn't be parsed into an integer"
    ]
    assert config.get("hz") == "30"


def test_what_config_rewrite_wrote_is_read_at_the_next_start(file):
    path = file("hz 20\n")
    config = configured(path)
    config.set_many({"hz": "40"})
    config.rewrite()
    assert configured(path).get("hz") == "40"


@pytest.mark.parametrize(("arguments", "expected"), [
    (["--daemonize", "yes", "--pidfile", "a.pid"], (True, "a.pid")),
    ([], (False, "")),
])  # fmt: skip
def test_the_process_is_told_what_to_do(monkeypatch, arguments, expected):
    told = []

    def run_process(config, *, in_background, pidfile):
        told.append((in_background, pidfile))
        return 7

    monkeypatch.setattr(redis_server.process, "run", run_process)
    assert run(arguments, {}) == 7
    assert told == [expected]


def test_a_redis_conf_as_it_is_shipped_is_taken(file):
    config = configured(file(SHIPPED))
    assert config.get("bind") == "127.0.0.1 -::1"
    assert config.get("auto-aof-rewrite-min-size") == str(64 * 2**20)


# The directives that stand uncommented in the file that comes with Redis 7.2.
SHIPPED = """\
bind 127.0.0.1 -::1
protected-mode yes
port 6379
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize no
pidfile /var/run/redis_6379.pid
loglevel notice
logfile ""
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
locale-collate ""
stop-writes-on-bgsave-error yes
rdbcompression yes
rdbchecksum yes
dbfilename dump.rdb
rdb-del-sync-files no
dir ./
replica-serve-stale-data yes
replica-read-only yes
repl-diskless-sync yes
repl-diskless-sync-delay 5
repl-diskless-sync-max-replicas 0
repl-diskless-load disabled
repl-disable-tcp-nodelay no
replica-priority 100
acllog-max-len 128
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
lazyfree-lazy-server-del no
replica-lazy-flush no
lazyfree-lazy-user-del no
lazyfree-lazy-user-flush no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
appendfsync everysec
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
aof-load-truncated yes
aof-use-rdb-preamble yes
aof-timestamp-enabled no
slowlog-log-slower-than 10000
slowlog-max-len 128
latency-monitor-threshold 0
notify-keyspace-events ""
hash-max-listpack-entries 512
hash-max-listpack-value 64
list-max-listpack-size -2
list-compress-depth 0
set-max-intset-entries 512
set-max-listpack-entries 128
set-max-listpack-value 64
zset-max-listpack-entries 128
zset-max-listpack-value 64
hll-sparse-max-bytes 3000
stream-node-max-bytes 4096
stream-node-max-entries 100
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
aof-rewrite-incremental-fsync yes
rdb-save-incremental-fsync yes
jemalloc-bg-thread yes
"""
