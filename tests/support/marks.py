"""Marks that tests of several folders share: what is tested already and comes later.

The tests must fail until it does, and say so when it has come.
"""

from __future__ import annotations

import pytest

from tests.support.servers import GEOSTREAM, SUBJECT

needs_dump = pytest.mark.xfail(
    SUBJECT == GEOSTREAM,
    reason="DUMP and RESTORE come with the persistence formats",
    strict=True,
)
needs_reload = pytest.mark.xfail(
    SUBJECT == GEOSTREAM,
    reason="DEBUG RELOAD comes with the persistence formats",
    strict=True,
)
