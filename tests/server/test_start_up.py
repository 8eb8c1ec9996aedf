"""Starting as a user, a host or a test fixture would: what is printed, and what goes wrong."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.support.both import until
from tests.support.servers import free_port

LIMIT_S = 40.0
SERVE = [sys.executable, "-m", "geostream", "serve"]
REDIS_SERVER = [
    sys.executable,
    "-c",
    "from geostream.redis_server import main; main()",
]


class Started:
    """A child process and what it prints."""

    def __init__(self, command, *, output=subprocess.PIPE, directory=None, environ=None):
        clean = {name: text for name, text in os.environ.items() if "GEOSTREAM__" not in name}
        clean.pop("PORT", None)
        here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        clean["PYTHONPATH"] = here
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            cwd=directory,
            env={**clean, **(environ or {})},
        )

    def event(self, text):
        """Read JSON lines up to the event that begins with a text; return that line's fields."""
        deadline_s = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline_s:
            line = self.process.stdout.readline()
            if not line:
                pytest.fail(f"ended before {text!r}: {self.process.stderr.read().decode()}")
            found = json.loads(line)
            if found["event"].startswith(text):
                return found
        pytest.fail(f"did not say {text!r}")

    def until_it_answers(self, port):
        def is_there():
            assert self.process.poll() is None, self.process.stderr.read().decode()
            return answers(port)

        until(is_there, "it answers", LIMIT_S)

    def end(self):
        """Wait for the end; return the status and what was printed."""
        output, errors = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, (output or b"").decode(), errors.decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.end()


@pytest.fixture
def start(tmp_path):
    """A function that starts a command in an empty directory."""
    started = []

    def start_one(command, **options):
        started.append(Started(command, **{"directory": tmp_path, **options}))
        return started[-1]

    yield start_one
    for one in started:
        if not one.process.stderr.closed:
            one.stop()


def ping(address, family=socket.AF_INET):
    with socket.socket(family) as client:
        client.settimeout(LIMIT_S)
        client.connect(address)
        client.sendall(b"PING\r\n")
        return client.recv(100)


def answers(port):
    try:
        return ping(("127.0.0.1", port)) == b"+PONG\r\n"
    except OSError:
        return False


def test_the_ready_line_names_address_and_port(start):
    ready = start([*SERVE, "--port", "0"]).event("Ready to accept connections")
    assert ready["address"] == "127.0.0.1"
    assert ping(("127.0.0.1", ready["port"])) == b"+PONG\r\n"


def test_the_config_file_of_the_project_starts_it(start):
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    command = [*SERVE, "--config", f"{here}/config.yaml", "--port", "0"]
    assert start(command).event("Ready to accept connections")["port"] > 0


def test_the_port_of_the_environment_is_taken(start):
    port = free_port()
    ready = start(SERVE, environ={"PORT": str(port)}).event("Ready to accept connections")
    assert ready["port"] == port


def test_a_terminal_gets_text(start):
    controller, terminal = pty.openpty()
    started = start([*SERVE, "--port", "0"], output=terminal)
    os.close(terminal)
    assert select.select([controller], [], [], LIMIT_S)[0]
    line = os.read(controller, 1000).decode()
    assert "notice Ready to accept connections" in line
    started.stop()
    os.close(controller)


def test_a_port_in_use_is_told_and_ends_it_with_status_1(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, output, _ = start([*SERVE, "--port", str(port)]).end()
    assert status == 1
    assert f"127.0.0.1:{port}" in output
    assert "in use" in output


def test_a_bad_file_ends_it_with_status_1_and_the_line(start, tmp_path):
    (tmp_path / "config.yaml").write_text("streams:\n  stream_node_max_byte: 1\n")
    status, output, errors = start([*SERVE, "--config", "config.yaml"]).end()
    assert (status, output) == (1, "")
    assert errors == (
        "config.yaml:2: streams.stream_node_max_byte: unknown key; "
        "did you mean stream_node_max_bytes?\n"
    )


def test_sighup_reloads_what_can_be_reloaded_and_says_what_could_not(start, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("server:\n  port: 0\n  hz: 20\n")
    memory_only = ["--set", "persistence.plugins="]
    server = start([*SERVE, "--config", "config.yaml", "--dir", "/", *memory_only])
    server.event("Ready to accept connections")

    file.write_text("server:\n  port: 1\n  hz: 30\n")
    server.process.send_signal(signal.SIGHUP)
    reloaded = server.event("configuration reloaded")
    assert "hz" in str(reloaded["changed"])
    assert "port: needs a restart" in str(reloaded["not_changed"])

    file.write_text("server:\n  hz: x\n")
    server.process.send_signal(signal.SIGHUP)
    assert "config.yaml:2: server.hz: expected" in server.event("configuration not")["reason"]
    assert server.process.poll() is None


def test_the_log_may_go_to_a_file(start, tmp_path):
    server = start([*SERVE, "--port", "0", "--set", "logfile=server.log"])
    log = tmp_path / "server.log"
    until(lambda: log.exists() and "Ready to accept" in log.read_text(), "the log is written")
    _, output, _ = server.stop()
    assert output == ""


def redis_arguments(directory, port):
    return [
        *("--daemonize", "no", "--rdbcompression", "yes", "--rdbchecksum", "no"),
        *("--appendonly", "no", "--databases", "8", "--timeout", "0"),
        *("--pidfile", f"{directory}/redis.pid", "--unixsocket", f"{directory}/redis.sock"),
        *("--dbfilename", "dump.rdb", "--logfile", f"{directory}/redis.log"),
        *("--loglevel", "notice", "--syslog-enabled", "no", "--bind", "127.0.0.1"),
        *("--port", str(port), "--dir", str(directory)),
    ]


def test_it_starts_the_way_a_fixture_starts_redis_server(start, tmp_path):
    port = free_port()
    server = start([*REDIS_SERVER, *redis_arguments(tmp_path, port)])
    server.until_it_answers(port)
    assert ping(f"{tmp_path}/redis.sock", socket.AF_UNIX) == b"+PONG\r\n"
    assert (tmp_path / "redis.pid").read_text() == f"{server.process.pid}\n"
    assert "Ready to accept connections" in (tmp_path / "redis.log").read_text()
    status, _, _ = server.stop()
    assert status == 0
    assert not (tmp_path / "redis.pid").exists()
    assert not (tmp_path / "redis.sock").exists()


def test_an_address_with_a_minus_may_be_missing(start):
    port = free_port()
    addresses = ("127.0.0.1", "-203.0.113.1", "-::1")
    start([*REDIS_SERVER, "--port", str(port), "--bind", *addresses]).until_it_answers(port)


def test_an_address_without_a_minus_must_be_there(start):
    status, output, _ = start([*SERVE, "--port", "0", "--host", "127.0.0.1 203.0.113.1"]).end()
    assert status == 1
    assert "203.0.113.1" in output


def test_without_protected_mode_it_listens_everywhere(start):
    port = free_port()
    server = start([*REDIS_SERVER, "--port", str(port), "--protected-mode", "no"])
    server.until_it_answers(port)


def test_a_pidfile_that_cannot_be_written_is_told_and_is_no_reason_not_to_serve(start, tmp_path):
    port = free_port()
    server = start([*REDIS_SERVER, "--port", str(port), "--pidfile", "/nowhere/redis.pid"])
    server.until_it_answers(port)
    status, _, errors = server.stop()
    assert status == 0
    assert errors.startswith("pidfile: /nowhere/redis.pid: No such file or directory")


def test_it_goes_into_the_background_when_told_to(start, tmp_path):
    port = free_port()
    arguments = redis_arguments(tmp_path, port)
    arguments[1] = "yes"
    status, output, errors = start([*REDIS_SERVER, *arguments]).end()
    assert (status, output, errors) == (0, "", "")
    until(lambda: answers(port), "it answers", LIMIT_S)
    pid = int((tmp_path / "redis.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    until(lambda: not (tmp_path / "redis.pid").exists(), "it is gone", LIMIT_S)


def test_a_directive_it_does_not_know_ends_it_with_status_1(start):
    status, output, errors = start([*REDIS_SERVER, "--prot", "7000"]).end()
    assert (status, output) == (1, "")
    assert errors.startswith("\n*** FATAL CONFIG FILE ERROR (Redis 8.10.0) ***\n")
    assert "prot" in errors


def test_a_file_in_the_place_of_the_unix_socket_is_left_alone(start, tmp_path):
    file = tmp_path / "important"
    file.write_text("kept")
    status, output, _ = start([*SERVE, "--port", "0", "--set", f"unixsocket={file}"]).end()
    assert status == 1
    assert str(file) in output
    assert file.read_text() == "kept"


def test_a_unix_socket_with_too_long_a_path_is_told(start):
    path = "/tmp/" + "x" * 200
    status, output, _ = start([*SERVE, "--port", "0", "--set", f"unixsocket={path}"]).end()
    assert status == 1
    assert "path too long" in output


def test_when_no_more_files_can_be_opened_it_says_so_in_the_log_and_goes_on(start):
    limited = ["bash", "-c", 'ulimit -n 40; exec "$@"', "bash", *SERVE, "--port", "0"]
    limited += ["--set", "persistence.plugins="]  # its files would count too
    server = start(limited)
    port = server.event("Ready to accept connections")["port"]
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    assert server.event("cannot accept")["reason"] == "Too many open files"
    for client in clients[:30]:
        client.close()
    clients[-1].settimeout(LIMIT_S)
    clients[-1].sendall(b"PING\r\n")
    assert clients[-1].recv(100) == b"+PONG\r\n"
    for client in clients[30:]:
        client.close()
    status, _, errors = server.stop()
    assert (status, errors) == (0, "")
