"""What a connection asks before its replies leave.

Replies may have to wait until the disk has what they tell. Somebody who knows about disks
stands behind this (persistence/journal.py); a server without one lets everything pass.
"""

from __future__ import annotations


class Gate:
    """Knows which replies may leave. This one lets all of them."""

    def waits_for(self) -> int:
        """Return a number that replies made now have to wait for; 0: they may leave."""
        return 0

    def end_turn(self) -> None:
        """Hand over what changed in this turn of the hub."""
