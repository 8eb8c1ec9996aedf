"""Options are read as Redis writes them, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geostream_plugins.aof import AofPersistence
from geostream_plugins.aof.options import CHANGEABLE, Options, changed, read_options


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("aof_load_truncated", "no", False),
        ("aof_load_truncated", True, True),
        ("aof_use_rdb_preamble", "YES", True),
        ("auto_aof_rewrite_min_size", "64mb", 64 * 2**20),
        ("auto_aof_rewrite_min_size", "1k", 1000),
        ("auto_aof_rewrite_min_size", 5, 5),
        ("auto_aof_rewrite_percentage", "50", 50),
        ("appendfilename", "log.aof", "log.aof"),
    ],
)
def test_text_and_values_are_read(name: str, given: Any, meant: Any) -> None:
    assert getattr(read_options({name: given}), name) == meant


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("aof_load_truncated", "maybe"),
        ("aof_load_truncated", 1),
        ("auto_aof_rewrite_min_size", "64 mb"),
        ("auto_aof_rewrite_min_size", "-1"),
        ("auto_aof_rewrite_min_size", True),
        ("auto_aof_rewrite_percentage", "50mb"),
        ("appendfilename", "a/b"),
        ("appendfilename", ""),
        ("appenddirname", ".."),
        ("no_such_option", "yes"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, name: str, given: Any) -> None:
    with pytest.raises(ValueError, match=name):
        AofPersistence(tmp_path, {name: given})
    assert not list(tmp_path.iterdir())


def test_some_can_be_changed_and_others_are_left_alone() -> None:
    options = Options()
    assert changed(options, "aof_timestamp_enabled", "yes").aof_timestamp_enabled
    assert changed(options, "appendfilename", "other") == options
    assert changed(options, "hz", "10") == options
    with pytest.raises(ValueError, match="aof_timestamp_enabled"):
        changed(options, "aof_timestamp_enabled", "x")
    assert set(Options.__struct_fields__) >= CHANGEABLE
