"""geostream: a server for Redis Streams."""

import os
from pathlib import Path

from geostream import build

__version__ = "0.2.0"

#: The Redis whose behaviour, replies and error texts ours are.
REDIS_VERSION = "8.10.0"

# Before any other module is imported, for it decides from which file.
build.CURRENT.choose(Path(__file__).parent, os.environ)
