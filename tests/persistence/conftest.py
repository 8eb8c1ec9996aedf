"""The contract is written in modules that hold no tests by themselves."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "tests.persistence.contract_crashes",
    "tests.persistence.contract_life",
    "tests.persistence.contract_snapshots",
    "tests.persistence.subject",
)
