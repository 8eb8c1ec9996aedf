"""Bytes of a file flipped one by one: what was written is found, or the file is refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from geostream.persistence.api import Corrupt
from geostream_plugins.sqlite import schema
from tests.persistence.sqlite.subjects import Writer, opened, stored, without_nodes

FLIPS = 350
SEEDS = range(4)


def filled(directory: Path) -> dict:
    """Make a small closed file with something in every table; return what is in it."""
    writer = Writer()
    plugin = opened(directory)
    for number in range(40):
        writer.run(["XADD", f"k{number % 3}", "*", "f", f"value {number}", "g", "x" * 30])
        writer.bench.advance(1)
    writer.run("XGROUP CREATE k0 g 0", "XGROUP CREATE k1 g $", "XGROUP CREATECONSUMER k1 g idle")
    writer.run("XREADGROUP GROUP g ann COUNT 5 STREAMS k0 >")
    writer.bench.advance(1)
    writer.run("XREADGROUP GROUP g bob COUNT 4 STREAMS k0 >", "XDEL k0 1003-0")
    writer.run("XADD sent IDMP p 1 * f v", "XADD sent IDMP p 2 * f v", "XADD sent IDMP q 1 * f v")
    writer.run("SET a 1", "SET b 2 PX 100000", "EXPIRE k2 100", ["SET", "c", b"\xff\0"])
    plugin.append(writer.batch())
    plugin.close()
    return without_nodes(writer.keyspace)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flipped_byte_anywhere_is_found_or_does_not_matter(tmp_path, seed, monkeypatch):
    monkeypatch.setattr(schema, "PAGE_BYTES", 512)  # a small file has many pages then
    written = filled(tmp_path)
    path = tmp_path / "geostream.db"
    content = path.read_bytes()
    chance = random.Random(seed)
    used = [place for place, byte in enumerate(content) if byte]
    refused = 0
    for _ in range(FLIPS):
        place = chance.choice(used)
        damaged = bytearray(content)
        damaged[place] ^= chance.choice([chance.randrange(1, 256), 1 << chance.randrange(8)])
        path.write_bytes(damaged)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            found = stored(tmp_path)
        except Corrupt as fault:
            assert str(path) in str(fault)
            refused += 1
        else:
            assert found == written, f"byte {place}: {content[place]} is {damaged[place]}"
    assert refused > FLIPS // 10
