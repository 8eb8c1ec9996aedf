"""Snapshots in Redis' RDB format."""

from geostream_plugins.rdb.persistence import RdbPersistence

__all__ = ["RdbPersistence"]
