"""The plugin aof keeps the contract."""

from __future__ import annotations

from typing import ClassVar

from tests.persistence.contract import PersistenceContract

BAD = {
    "auto_aof_rewrite_min_size": "many",
    "aof_use_rdb_preamble": "perhaps",
    "appendfilename": "in/another/directory",
}


class TestDefault(PersistenceContract):
    plugin_name = "aof"
    bad_options: ClassVar = BAD


class TestCommandsOnly(PersistenceContract):
    plugin_name = "aof"
    options: ClassVar = {"aof_use_rdb_preamble": "no", "appendfilename": "log of today.aof"}
    bad_options: ClassVar = BAD


class TestStrictWithTimestamps(PersistenceContract):
    plugin_name = "aof"
    options: ClassVar = {
        "aof_load_truncated": "no",
        "aof_timestamp_enabled": "yes",
        "rdbcompression": "no",
        "appenddirname": "parts",
    }
    bad_options: ClassVar = BAD
    refuses_torn = True
