"""``python -m geostream``: the same as the command ``geostream``."""

from __future__ import annotations

from geostream.launch import main

main()
