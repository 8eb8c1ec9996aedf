"""How the two ends of a connection are shown: as CLIENT LIST does."""

from __future__ import annotations

import socket


def addresses(sock: socket.socket) -> tuple[str, str]:
    """Return the peer's and our address as CLIENT LIST shows them."""
    local = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        path = local if isinstance(local, str) else local.decode("utf-8", "replace")
        return f"{path}:0", f"{path}:0"
    try:
        peer = sock.getpeername()
    except OSError:  # gone already; the first recv will tell
        return "?:0", _host_port(local)
    return _host_port(peer), _host_port(local)


def _host_port(address: tuple[str, int]) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{host}:{address[1]}"
