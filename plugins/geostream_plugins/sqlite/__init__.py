"""Streams in a SQLite file whose tables people query while the server runs."""

from geostream_plugins.sqlite.plugin import SqlitePersistence

__all__ = ["SqlitePersistence"]
