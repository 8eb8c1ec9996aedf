"""What a connection asks before its replies leave.

Replies may have to wait until the disk has what they tell. Somebody who knows about disks
stands behind this; a server without one lets everything pass.
"""

from __future__ import annotations

from typing import Protocol


class Gate(Protocol):
    """Knows which replies may leave."""

    def waits_for(self) -> int:
        """Return a number that replies made now have to wait for; 0: they may leave."""

    def end_turn(self) -> None:
        """Hand over what changed in this turn of the hub."""
