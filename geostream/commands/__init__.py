"""The rows of the command table, one file for each family; importing this fills the table."""

from geostream.commands import (
    streams_idmp,
    streams_read,
    streams_write,
)

__all__ = [
    "streams_idmp",
    "streams_read",
    "streams_write",
]
