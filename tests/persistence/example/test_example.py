"""The plugin of plugins/README.md does what the page says, as it stands there."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from tests.persistence.contract import PersistenceContract
from tests.support import servers
from tests.support.servers import GEOSTREAM
from tests.support.wire import Client, Simple

PAGE = (Path(__file__).parents[3] / "plugins" / "README.md").read_text()
PLUGIN, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PACKAGING,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MOST_LINES = 60
OK = Simple(b"OK")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A directory with the page's package, as an outsider would have it."""
    place = tmp_path_factory.mktemp("zipped")
    (place / "zipped").mkdir()
    (place / "zipped" / "__init__.py").write_text("")
    (place / "zipped" / "streams.py").write_text(PLUGIN)
    return place


@pytest.fixture(autouse=True, scope="module")
def importable(sources):
    """The package can be imported, here and by servers that are started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(sources))
        patch.setenv("PYTHONPATH", str(sources))
        invalidate_caches()
        yield
    for name in ("zipped.streams", "zipped"):
        sys.modules.pop(name, None)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What an installer makes of the package, and no other way to import it."""
    site, project = tmp_path / "site", tomllib.loads(PACKAGING)["project"]
    shutil.copytree(Path(import_module("zipped").__file__).parent, site / "zipped")
    made = site / f"geostream_zip-{project['version']}.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    ((group, points),) = project["entry-points"].items()
    lines = [f"{name} = {place}\n" for name, place in points.items()]
    (made / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")
    monkeypatch.setenv("PYTHONPATH", str(site))


def test_it_is_short():
    assert len(PLUGIN.splitlines()) < MOST_LINES


def test_the_page_tells_of_every_method():
    methods = re.findall(r"^    def (\w+)\(", _source_of_the_interface(), re.MULTILINE)
    for name in methods:
        assert f"`{name}(" in PAGE or f"`{name}`" in PAGE or f", `{name}(" in PAGE, name


def _source_of_the_interface():
    text = Path(import_module("geostream.persistence.api").__file__).read_text()
    return text[text.index("class Persistence(") :]


def keeps_data_over_a_restart(directory, plugin):
    """Store something by commands, start again, and look; SAVE and SIGTERM each write."""
    settings = ("--set", f"persistence.plugins={plugin}", "--set", "save=3600 1")
    for number, ending in enumerate(("SAVE and a crash", "SIGTERM")):
        server = servers.start(GEOSTREAM, directory, *settings)
        client = Client(server.port)
        try:
            assert client.call("XLEN", "s") == number
            client.call("XADD", "s", f"{number + 1}-0", "f", b"\x00\xff")
            client.call("XGROUP", "CREATE", "s", f"g{number}", "0")
            client.call("SET", "k", number, "EX", 1000)
            if ending == "SIGTERM":
                assert server.stop() == 0
                continue
            assert client.call("SAVE") == OK
            server.process.kill()
            server.process.wait(10)
        finally:
            client.close()
            server.stop()
    server = servers.start(GEOSTREAM, directory, *settings)
    client = Client(server.port)
    try:
        assert [entry_id for entry_id, _ in client.call("XRANGE", "s", "-", "+")] == [
            b"1-0",
            b"2-0",
        ]
        assert len(client.call("XINFO", "GROUPS", "s")) == 2
        assert client.call("GET", "k") == b"1"
        assert 0 < client.call("TTL", "k") <= 1000
    finally:
        client.close()
        server.stop()


@pytest.mark.slow
def test_a_server_takes_it_as_module_and_class(tmp_path):
    keeps_data_over_a_restart(tmp_path, "zipped.streams:ZipSnapshots")


@pytest.mark.slow
def test_a_server_takes_it_by_name_once_it_is_installed(installed, tmp_path):
    keeps_data_over_a_restart(tmp_path / "server", "zip")


def test_the_page_says_how_to_run_the_contract():
    room: dict[str, object] = {}
    exec(TEST, room)
    written = room["TestZipSnapshots"]
    assert issubclass(written, PersistenceContract)
    assert written.plugin_name == TestZipSnapshots.plugin_name
    assert written.claims_files == TestZipSnapshots.claims_files


class TestZipSnapshots(PersistenceContract):
    plugin_name = "zipped.streams:ZipSnapshots"
    claims_files = False
