"""geostream's command line, in a process where everything is packed at once (packing.py)."""

from __future__ import annotations

from geostream.cli import main
from tests.support.packing import force_packing

if __name__ == "__main__":
    force_packing()
    main()
