"""Who may come in: the default user, its password, and the log of those refused.

There is one user, ``default``. Without ``requirepass`` it needs no password, and every
connection begins authenticated. A refusal is remembered for ACL LOG; the same one coming
again within a minute is counted instead.

Behaviour: https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from geostream.config import Config
from geostream.engine.client import Client
from geostream.engine.client_list import client_line

USER = b"default"
MAX_REFUSALS = 128
SAME_WITHIN_MS = 60_000


class Refusal(Struct):
    """A line of ACL LOG."""

    id: int
    command: bytes  # AUTH or HELLO
    user: bytes
    client: bytes  # as CLIENT LIST shows it
    created_ms: int
    updated_ms: int
    count: int = 1


class Access:
    """The password and the log."""

    def __init__(self, config: Config) -> None:
        """Ask the configuration for the password whenever it is needed."""
        self._config = config
        self.refusals: deque[Refusal] = deque(maxlen=MAX_REFUSALS)  # newest first
        self._next_id = 0

    @property
    def password(self) -> bytes:
        """The password; empty if none is needed."""
        return self._config.settings.security.requirepass.encode("utf-8", "surrogateescape")

    @property
    def password_hash(self) -> bytes:
        """The password as ACL LIST shows it."""
        # Imported here: it brings the library of all hashes, which a start need not wait for.
        from hashlib import sha256  # noqa: PLC0415

        return sha256(self.password).hexdigest().encode()

    def admits(self, user: bytes, password: bytes) -> bool:
        """Tell whether a user may come in; a wrong password takes as long as the right one."""
        # Imported here: it brings the library of all hashes, which a start need not wait for.
        from hashlib import sha256  # noqa: PLC0415
        from hmac import compare_digest  # noqa: PLC0415

        required = self.password
        # Digests are of one length, so that nothing can be learnt of the password's.
        is_right = compare_digest(sha256(password).digest(), sha256(required).digest())
        return user == USER and (not required or is_right)

    def refuse(self, client: Client, command: bytes, user: bytes, now_ms: int) -> None:
        """Remember that somebody was refused."""
        for refusal in self.refusals:
            is_recent = now_ms - refusal.updated_ms <= SAME_WITHIN_MS
            if is_recent and (refusal.command, refusal.user) == (command, user):
                refusal.count += 1
                refusal.updated_ms = now_ms
                refusal.client = client_line(client, now_ms)
                self.refusals.remove(refusal)
                self.refusals.appendleft(refusal)
                return
        self.refusals.appendleft(
            Refusal(self._next_id, command, user, client_line(client, now_ms), now_ms, now_ms)
        )
        self._next_id += 1
