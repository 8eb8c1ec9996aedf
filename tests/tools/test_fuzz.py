"""Files damaged anywhere: inspect and repair tell, and never fail otherwise."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.persistence.scripts import EVERY_EFFECT, Source
from tests.tools.places import NAMES, listing, run, write

cuts = st.tuples(st.just("cut"), st.floats(0, 1))
flips = st.tuples(st.just("flip"), st.floats(0, 1), st.integers(1, 255))
swaps = st.tuples(st.just("fill"), st.floats(0, 1), st.binary(min_size=1, max_size=600))


@cache
def sound(kind):
    """Return a directory with a store in it."""
    directory = Path(mkdtemp())
    source = Source()
    source.run(EVERY_EFFECT)
    write(directory / NAMES[kind], source.keyspace)
    return directory


def damaged(path, damage):
    data = bytearray(path.read_bytes())
    at = int(damage[1] * (len(data) - 1))
    match damage:
        case ("cut", _):
            del data[at:]
        case ("flip", _, bits):
            data[at] ^= bits
        case ("fill", _, bytes() as other):
            data[at : at + len(other)] = other
    path.write_bytes(data)


@pytest.mark.parametrize("kind", sorted(NAMES))
@settings(max_examples=40)
@given(st.lists(st.one_of(cuts, flips, swaps), min_size=1, max_size=3))
def test_damage_is_told_and_what_is_good_is_saved(kind, damages):
    with TemporaryDirectory() as name:
        directory = Path(name, "store")
        shutil.copytree(sound(kind), directory)
        store = directory / NAMES[kind]
        base = store if store.is_file() else next(store.glob("*.base.rdb"))
        for damage in damages:
            if base.stat().st_size:
                damaged(base, damage)
        before = listing(directory)
        told = run("inspect", f"{kind}:{store}")
        assert told.exit_code in (0, 1)
        saved = run("repair", f"{kind}:{store}", "--to", Path(name, "new.aof"))
        assert saved.exit_code in (0, 1)
        assert listing(directory) == before
        if told.exit_code == 1:
            assert "DAMAGED" in told.stdout
            assert saved.exit_code == 1
        if saved.exit_code == 0:
            assert saved.stdout.endswith("nothing was lost\n")
        if Path(name, "new.aof").exists():
            assert run("inspect", Path(name, "new.aof")).exit_code == 0
