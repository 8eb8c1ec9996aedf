"""Passwords are kept out of what people look at: MONITOR and the slow log.

The words that hold one are replaced, not left out, so that the number of arguments can
still be seen.
"""

from __future__ import annotations

from geostream.config import PARAMETERS

HIDDEN = b"(redacted)"

_SECRET_PARAMETERS = frozenset(
    name.encode() for name, parameter in PARAMETERS.items() if parameter.is_secret
)


def redacted(request: list[bytes]) -> list[bytes]:
    """Return a request as it may be shown. O(1) for all but the few that carry a password."""
    hide = _BY_COMMAND.get(request[0].upper())
    return hide(request) if hide is not None else request


def _auth(request: list[bytes]) -> list[bytes]:
    return [request[0], *(HIDDEN for _ in request[1:])]


def _hello(request: list[bytes]) -> list[bytes]:
    shown = list(request)
    for place in range(2, len(request)):
        if request[place].upper() == b"AUTH":
            shown[place + 1 : place + 3] = [HIDDEN] * len(request[place + 1 : place + 3])
            break
    return shown


def _config(request: list[bytes]) -> list[bytes]:
    shown = list(request)
    for place in range(2, len(request) - 1, 2):
        if request[place].lower().replace(b"_", b"-") in _SECRET_PARAMETERS:
            shown[place + 1] = HIDDEN
    return shown


_BY_COMMAND = {b"AUTH": _auth, b"HELLO": _hello, b"CONFIG": _config}
