"""The line MONITOR shows of a command: when, which database, who, and every word quoted.

Behaviour: https://redis.io/docs/latest/commands/monitor/
"""

from __future__ import annotations

from geostream.engine.client import Client
from geostream.engine.redaction import redacted
from geostream.reply import Simple

_NAMED = {
    b"\\"[0]: b"\\\\",
    b'"'[0]: b'\\"',
    b"\n"[0]: b"\\n",
    b"\r"[0]: b"\\r",
    b"\t"[0]: b"\\t",
    b"\a"[0]: b"\\a",
    b"\b"[0]: b"\\b",
}
_PRINTABLE = range(0x20, 0x7F)

#: How each byte is shown.
_SHOWN = [
    _NAMED.get(byte) or (bytes([byte]) if byte in _PRINTABLE else b"\\x%02x" % byte)
    for byte in range(256)
]


def quoted(word: bytes) -> bytes:
    """Return a word in double quotes, everything unprintable escaped."""
    return b'"%b"' % b"".join([_SHOWN[byte] for byte in word])


def monitor_line(client: Client, request: list[bytes], now_ms: int) -> Simple:
    """Return the line for a request its client has just run; passwords are not shown.

    The database is the one selected now, after the request.
    """
    seconds, ms = divmod(now_ms, 1000)
    words = b" ".join([quoted(word) for word in redacted(request)])
    who = client.address.encode("utf-8", "surrogateescape")
    return Simple(b"%d.%03d000 [%d %b] %b" % (seconds, ms, client.database, who, words))
