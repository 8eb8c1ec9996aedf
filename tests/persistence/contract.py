"""What every persistence plugin must do. Subclass it and name the plugin.

    class TestMine(PersistenceContract):
        plugin_name = "mycompany.streams:S3Snapshots"  # or the name of its entry point
        options = {"file": "streams.zip"}
        bad_options = {"file": 7}

What else can be said of a plugin stands in ``Subject`` (subject.py).
"""

from __future__ import annotations

from tests.persistence.contract_crashes import CrashContract, DiskContract
from tests.persistence.contract_life import ContentContract, LifeContract
from tests.persistence.contract_snapshots import SnapshotContract


class PersistenceContract(
    LifeContract, ContentContract, CrashContract, DiskContract, SnapshotContract
):
    """All of the contract."""
