"""A server that packs what nobody reads, while it is used."""

from __future__ import annotations

import pytest

from tests.support.both import until
from tests.support.info import info
from tests.support.servers import GEOSTREAM, PACKED_EVERYWHERE
from tests.support.servers import start as start_server
from tests.support.wire import Client, Simple

pytestmark = pytest.mark.skipif(PACKED_EVERYWHERE, reason="there is nothing left to pack")

ENTRIES = 5500
SEALED = 5  # segments


@pytest.fixture
def client(tmp_path):
    """Connect to a server that packs soon, with entries it will pack."""
    server = start_server(GEOSTREAM, tmp_path, "--set", "stream-pack-after=1")
    with_it = Client(server.port)
    for number in range(1, ENTRIES + 1):
        with_it.send("XADD", "s", f"{number}-1", "field", f"value {number}")
    for number in range(1, ENTRIES + 1):
        assert with_it.read() == b"%d-1" % number
    yield with_it
    with_it.close()
    assert server.stop() == 0


def test_what_is_packed_reads_as_before(client):
    before = client.call("XRANGE", "s", "-", "+")
    plain_size = client.call("MEMORY", "USAGE", "s")
    until(lambda: info(client, "stream_packed_segments") == SEALED, "all is packed")
    assert client.call("MEMORY", "USAGE", "s") < plain_size / 2
    assert client.call("XRANGE", "s", "-", "+") == before
    assert client.call("XREVRANGE", "s", "+", "-") == before[::-1]
    assert client.call("XRANGE", "s", "1500-0", "1501-1") == before[1499:1501]
    until(lambda: info(client, "stream_unpacked_bytes") == 0, "nothing stays unpacked")
    assert client.call("MEMORY", "PURGE") == Simple(b"OK")
    assert client.call("XRANGE", "s", "-", "+") == before


def test_settings_apply_at_once(client):
    assert client.call("CONFIG", "SET", "stream-unpacked-max-bytes", "0") == Simple(b"OK")
    until(lambda: info(client, "stream_packed_segments") == SEALED, "all is packed")
    assert client.call("XRANGE", "s", "1500-0", "1501-1")
    assert info(client, "stream_unpacked_bytes") == 0
    assert client.call("CONFIG", "SET", "stream-pack-after", "0") == Simple(b"OK")
    assert client.call("XDEL", "s", "1500-1") == 1
    assert info(client, "stream_packed_segments") == SEALED - 1
