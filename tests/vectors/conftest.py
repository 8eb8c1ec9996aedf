"""What the sessions here start from; skipped where a real server stands in for geostream."""

from __future__ import annotations

import pytest

from tests.support.conversation import assert_replies
from tests.support.servers import GEOSTREAM, SUBJECT
from tests.support.wire import Client


@pytest.fixture(autouse=True)
def _only_geostream() -> None:
    if SUBJECT != GEOSTREAM:
        pytest.skip("no real server here knows it")


@pytest.fixture
def pending(client: Client) -> Client:
    """Five entries; g's consumer a has 1-0 to 3-0, b has 4-0."""
    assert_replies(
        client,
        *(f"XADD s {n}-0 f v{n}" for n in range(1, 6)),
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g a COUNT 3 STREAMS s >",
        "XREADGROUP GROUP g b COUNT 1 STREAMS s >",
    )
    return client
