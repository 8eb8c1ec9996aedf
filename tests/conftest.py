"""Fixtures of the whole suite: servers as processes, the pair of connections, clients.

The servers live as long as the test session; a test gets an empty one with its
default settings, not a new one. A server that died is started again, after the
test that found it dead has failed with the end of its log.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import servers as processes
from tests.support.both import Both
from tests.support.clock import ManualClock
from tests.support.packing import force_packing
from tests.support.servers import REDIS, SUBJECT, VALKEY, NotInstalled, Server
from tests.support.wire import Client, ConnectionLost, Simple

# How slow a machine is must not decide over a test; the rest stays as hypothesis chose it.
settings.register_profile(
    "suite", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("brief", settings.get_profile("suite"), max_examples=40)
settings.load_profile("suite")

if processes.PACKED_EVERYWHERE:
    force_packing()

GEOSTREAM_OPTIONS = ("--set", "enable-debug-command=yes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real_redis: compares with a real redis-server")
    config.addinivalue_line("markers", "slow: takes more than a second or two")
    config.addinivalue_line("markers", "browser: needs a headless browser")
    config.addinivalue_line(
        "markers", "lacks(*servers): these real servers do not know the command"
    )
    config.addinivalue_line("markers", "protocols(*versions): only for these versions of RESP")


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what is there as long as the session: the tests."""
    gc.collect()
    gc.freeze()


class Fleet:
    """The servers of this session, started when first asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[str, Server] = {}
        self._settings: dict[str, dict[bytes, bytes]] = {}
        self._controls: dict[str, Client] = {}

    def __getitem__(self, role: str) -> Server:
        """Return the running server of a role: ``subject`` or the name of a real one."""
        server = self._running.get(role)
        if server is None or server.process.poll() is not None:
            name = SUBJECT if role == "subject" else role
            options = GEOSTREAM_OPTIONS if name == processes.GEOSTREAM else ()
            try:
                server = processes.start(name, self._directory / role, *options)
            except NotInstalled as missing:
                pytest.skip(str(missing))
            self._running[role] = server
            self._settings[role] = _settings(server.port)
            self._controls.pop(role, None)
        return server

    def empty(self, role: str) -> Server:
        """Return the running server without data."""
        server = self[role]
        assert self._ask(role, "FLUSHALL") == Simple(b"OK")
        return server

    def restore(self, role: str, names: set[bytes]) -> None:
        """Set settings back to what they were when the server started."""
        for name in names & self._settings[role].keys():
            self._ask(role, "CONFIG", "SET", name, self._settings[role][name])

    def _ask(self, role: str, *args: str | bytes) -> Any:
        """Ask over a connection that is kept: it stays logged in when a test sets a password."""
        try:
            return self._controls[role].call(*args)
        except (KeyError, ConnectionLost, OSError):  # the first time, or a test hung up on it
            if role in self._controls:
                self._controls[role].close()
            self._controls[role] = Client(self[role].port)
            return self._controls[role].call(*args)

    def check(self, role: str) -> None:
        """Fail with the end of its log if the server died."""
        server = self._running[role]
        if server.process.poll() is not None:
            pytest.fail(f"{server.name} died:\n{server.log_tail()}")

    def stop(self) -> None:
        for control in self._controls.values():
            control.close()
        for server in self._running.values():
            server.stop()


def _settings(port: int) -> dict[bytes, bytes]:
    client = Client(port)
    flat = client.call("CONFIG", "GET", "*")
    client.close()
    return dict(zip(flat[::2], flat[1::2], strict=True)) if isinstance(flat, list) else {}


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    servers = Fleet(tmp_path_factory.mktemp("servers"))
    yield servers
    servers.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for ``both`` against each real server in each protocol.

    In brief: against each server, and in each protocol, but not in each against each.
    """
    if "both" not in metafunc.fixturenames:
        return
    lacking = {name for mark in metafunc.definition.iter_markers("lacks") for name in mark.args}
    protocols = [mark.args for mark in metafunc.definition.iter_markers("protocols")]
    cases = [
        (server, protocol)
        for server in (REDIS, VALKEY)
        for protocol in (protocols[0] if protocols else (2, 3))
        if server not in lacking
    ]
    if metafunc.config.getoption("hypothesis_profile") == "brief" and len(cases) == 4:
        cases = [cases[0], cases[3]]
    ids = [f"{server}-RESP{protocol}" for server, protocol in cases]
    metafunc.parametrize("both", cases, ids=ids, indirect=True)


@pytest.fixture
def both(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[Both]:
    """A connection to geostream and one to a real server, both empty."""
    server, protocol = request.param
    ports = fleet.empty("subject").port, fleet.empty(server).port
    pair = Both(ports, server, protocol)
    yield pair
    pair.close()
    fleet.check("subject")
    if pair.changed_settings:
        fleet.restore("subject", pair.changed_settings)
        fleet.restore(server, pair.changed_settings)


@pytest.fixture
def server(fleet: Fleet) -> Server:
    """A running geostream without data."""
    return fleet.empty("subject")


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[..., Client]]:
    """A function that opens raw connections to geostream, closed after the test."""
    opened: list[Client] = []

    def open_one(protocol: int = 2) -> Client:
        opened.append(Client(server.port, protocol))
        return opened[-1]

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    """One raw RESP2 connection to geostream."""
    return connect()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
