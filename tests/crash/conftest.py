"""Servers that are there at once, and rounds of killing them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.failing import SmallDisk
from tests.crash.rounds import Rounds
from tests.crash.served import Nursery, Served
from tests.support.faults import Control


@pytest.fixture(scope="session")
def nursery_of_all() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def nursery(nursery_of_all: Nursery) -> Iterator[Nursery]:
    """What starts servers; they do not outlive the test."""
    yield nursery_of_all
    nursery_of_all.clear()


@pytest.fixture
def rounds(nursery: Nursery, tmp_path: Path) -> Callable[..., Rounds]:
    """A function that begins the rounds of a server with these settings."""
    return lambda *settings: Rounds(nursery, tmp_path, settings)


@pytest.fixture
def control(tmp_path: Path) -> Control:
    return Control(tmp_path / "control")


@pytest.fixture
def serve(nursery: Nursery, tmp_path: Path, control: Control) -> Callable[..., Served]:
    """A function that starts a server whose disk is in the test's hands."""

    def serve(inner: str, *settings: str, ready: bool = True) -> Served:
        plugin = {"use": "tests.support.faults:Faulty", "inner": inner}
        plugin["control"] = str(control.directory)
        plugins = f"persistence.plugins={json.dumps([plugin])}"
        return nursery.start(tmp_path / "server", plugins, *settings, ready=ready)

    return serve


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    try:
        disk = SmallDisk(tmp_path / "small")
    except OSError as error:
        pytest.skip(f"a file system cannot be mounted: {error}")
    yield disk
    disk.close()
