"""A move that is killed leaves a store as it was, or as it was to become."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import suppress
from time import monotonic

import pytest

from tests.persistence.scripts import Source
from tests.tools.places import NAMES, everything, write

KILLS = 4


def many():
    source = Source(entries_in_a_node=100)
    for number in range(3000):
        source.execute("XADD", f"s{number % 10}", f"{number + 1}-0", "f", "value")
    return source.keyspace


def one(value):
    source = Source()
    source.run([f"SET text {value}", f"XADD s0 1-1 is {value}"])
    return source.keyspace


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(NAMES))
@pytest.mark.parametrize("is_there", [False, True])
def test_a_killed_import_leaves_the_old_or_the_new(kind, is_there, tmp_path, monkeypatch):
    write(tmp_path / "a.db", many())
    old, whole = everything(one("old")), everything(many())
    merged = {0: {**old[0], **whole[0]}}
    command = [sys.executable, "-m", "geostream", "import", str(tmp_path / "a.db"), "--replace"]
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where the killed leave their copies
    draw = random.Random(kind)
    began_s = monotonic()
    subprocess.run([*command, "--into", str(tmp_path / NAMES[kind])], check=True, timeout=60)
    finished_s = monotonic() - began_s
    for number in range(KILLS):
        target = tmp_path / str(number) / NAMES[kind]
        target.parent.mkdir()
        if is_there:
            write(target, one("old"))
        process = subprocess.Popen(
            [*command, "--into", str(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(finished_s * draw.uniform(0.5, 1.0))
        process.kill()
        process.wait(10)
        if target.exists():
            assert everything(target) in ([old, merged] if is_there else [whole])
        else:
            assert not is_there
