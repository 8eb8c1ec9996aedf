"""geostream: a server for Redis Streams."""

__version__ = "0.2.0"

#: The Redis whose behaviour, replies and error texts ours are.
REDIS_VERSION = "8.10.0"
