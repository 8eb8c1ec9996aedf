"""One number out of INFO."""

from __future__ import annotations

from tests.support.wire import Client, text_of


def info(client: Client, name: str) -> int:
    """Return a field of INFO that is a whole number."""
    for line in text_of(client.call("INFO", "everything")).splitlines():
        field, _, value = line.partition(b":")
        if field == name.encode():
            return int(value)
    raise AssertionError(f"INFO has no {name}")
