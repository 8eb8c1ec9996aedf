"""A guard: the code inside must not give up the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import greenlet


@contextmanager
def no_switch() -> Iterator[None]:
    """Fail if any greenlet switch happens inside the block."""
    seen: list[str] = []
    before = greenlet.settrace(lambda event, _: seen.append(event))
    try:
        yield
    finally:
        greenlet.settrace(before)
    assert not seen, f"the core gave up the processor: {seen}"
