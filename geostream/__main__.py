"""``python -m geostream``: the same as the command ``geostream``."""

from __future__ import annotations

import gc

gc.disable()  # what is imported stays; the server or another verb switches it on again

from geostream.launch import main  # noqa: E402  see above

main()
