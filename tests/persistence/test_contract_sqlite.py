"""The plugin sqlite keeps the contract, in both of its modes."""

from __future__ import annotations

from typing import ClassVar

from tests.persistence.contract import PersistenceContract

BAD = {"mode": "sideways", "json": "perhaps", "views": "7"}


class TestAppending(PersistenceContract):
    plugin_name = "sqlite"
    bad_options: ClassVar = BAD
    refuses_torn = True  # what is missing was synced, and the plugin knows


class TestWithoutTheColumnsForPeople(PersistenceContract):
    plugin_name = "sqlite"
    options: ClassVar = {"json": "no", "views": "no", "file": "other.db"}
    bad_options: ClassVar = BAD
    refuses_torn = True


class TestSnapshots(PersistenceContract):
    plugin_name = "sqlite"
    options: ClassVar = {"mode": "snapshot"}
    bad_options: ClassVar = BAD
