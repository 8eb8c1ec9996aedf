"""What the types of stream values hold, and which RDB version they came with.

Type 15 has entries, groups and pending entries; 19 added the counters, 21 the time a consumer
was last given something, 26 the messages remembered for XADD IDMP, 27 the pending entries that
XNACK gave back. A file says the lowest version that has its types, because servers refuse a
file by its number and not by what is in it.
"""

from __future__ import annotations

from typing import Final

PLAIN: Final = 15
COUNTERS: Final = 19
ACTIVE_TIME: Final = 21
IDMP: Final = 26
NACK: Final = 27

STREAM_TYPES: Final = frozenset({PLAIN, COUNTERS, ACTIVE_TIME, IDMP, NACK})

#: RDB version: the type of stream in it.
TYPE_OF_VERSION: Final = {
    9: PLAIN,
    10: COUNTERS,
    11: ACTIVE_TIME,
    12: ACTIVE_TIME,
    13: IDMP,
    14: NACK,
}

UNKNOWN_READ: Final = 2**64 - 1  # a group's entries-read that nobody knows
I64_MAX: Final = 2**63 - 1
