"""The plugin rdb keeps the contract."""

from __future__ import annotations

from typing import ClassVar

from tests.persistence.contract import PersistenceContract
from tests.persistence.subject import kept


class TestNewest(PersistenceContract):
    plugin_name = "rdb"
    options: ClassVar = {"rdb_version": 14}
    bad_options: ClassVar = {"rdb_version": "7", "rdbcompression": "perhaps", "left_out": "lose"}
    claims_files = False


class TestDefault(PersistenceContract):
    """Version 11, which cannot hold what producers sent, nor that nobody has a pending entry."""

    plugin_name = "rdb"
    claims_files = False

    def kept(self, keyspace):
        databases = kept(keyspace)
        for keys in databases.values():
            for value, _ in keys.values():
                if isinstance(value, dict):
                    del value["idmp"]
                    for group in value["groups"].values():
                        _forget_owners(group)
        return databases


def _forget_owners(group):
    """Leave out who has what, and since when: entries of nobody are given to a consumer."""
    released, held = group.pop("by_time")
    group["pending"] = sorted((entry_id, count) for entry_id, _, _, count in [*released, *held])
    del group["by_id"], group["consumers"]
