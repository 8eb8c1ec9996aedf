"""The options that XREAD and XREADGROUP share, and the caps MAXCOUNT and MAXSIZE.

The words behind STREAMS are keys and then IDs. What an ID means depends on its key, and
the key is looked at first; so the IDs stay words here and the handlers read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from geostream import errors
from geostream.engine.args import INT64_MAX, Args
from geostream.store.selection import Selection

#: Now plus the timeout must fit into 64 bits; a parser sees no clock, and this holds until 2109.
MAX_TIMEOUT_MS = INT64_MAX - 2**42


class ReadOptions:
    """What XREAD and XREADGROUP are asked."""

    __slots__ = (
        "block_ms",
        "claim_ms",
        "consumer",
        "count",
        "group",
        "ids",
        "keys",
        "max_count",
        "max_size_bytes",
        "noack",
    )

    def __init__(self) -> None:
        """Ask nothing yet."""
        self.keys: list[bytes] = []
        self.ids: list[bytes] = []  # as many as keys
        self.count = -1  # entries of each stream; -1 is no limit
        self.block_ms: int | None = None  # None: does not wait; 0: for ever
        self.max_count = -1  # entries in all; -1 is no limit
        self.max_size_bytes = -1  # of the reply; -1 is no limit
        self.group: bytes | None = None
        self.consumer = b""
        self.noack = False
        self.claim_ms: int | None = None  # least idle time of what is to be claimed; None: nothing

    @property
    def is_capped(self) -> bool:
        """Whether MAXCOUNT or MAXSIZE was given."""
        return self.max_count > 0 or self.max_size_bytes > 0


def parse_read(args: Args, group: bool) -> ReadOptions:
    """Take the words of XREAD, or of XREADGROUP if ``group``."""
    options = ReadOptions()
    while True:
        name = args.option()
        if name == b"NOACK":
            _take_noack(options, args, group)
            continue
        if name is None or not args:
            raise errors.fail(errors.SYNTAX)
        if name == b"STREAMS":
            break
        if name == b"COUNT":  # by far the most frequent
            _take_count(options, args, group)
            continue
        take = _OPTIONS.get(name)
        if take is None:
            raise errors.fail(errors.SYNTAX)
        take(options, args, group)
    words = args.rest()
    half = len(words) // 2
    if len(words) != half * 2:
        raise errors.fail(errors.UNBALANCED_XREADGROUP if group else errors.UNBALANCED_XREAD)
    options.keys, options.ids = words[:half], words[half:]
    if group and options.group is None:
        raise errors.fail(errors.GROUP_MISSING)
    if 0 < options.max_count < options.count:
        raise errors.fail(errors.MAXCOUNT_BELOW_COUNT)
    return options


def _take_count(options: ReadOptions, args: Args, group: bool) -> None:
    count = args.integer()
    options.count = count if count > 0 else -1


def _take_block(options: ReadOptions, args: Args, group: bool) -> None:
    block_ms = args.integer(errors.TIMEOUT_NOT_AN_INTEGER)
    if block_ms < 0:
        raise errors.fail(errors.TIMEOUT_NEGATIVE)
    if block_ms > MAX_TIMEOUT_MS:
        raise errors.fail(errors.TIMEOUT_OUT_OF_RANGE)
    options.block_ms = block_ms


def _take_max_count(options: ReadOptions, args: Args, group: bool) -> None:
    options.max_count = args.integer(errors.MAXCOUNT_NOT_POSITIVE)
    if options.max_count < 1:
        raise errors.fail(errors.MAXCOUNT_NOT_POSITIVE)


def _take_max_size(options: ReadOptions, args: Args, group: bool) -> None:
    options.max_size_bytes = args.integer(errors.MAXSIZE_NOT_POSITIVE)
    if options.max_size_bytes < 1:
        raise errors.fail(errors.MAXSIZE_NOT_POSITIVE)


def _take_group(options: ReadOptions, args: Args, group: bool) -> None:
    if len(args) < 2:
        raise errors.fail(errors.SYNTAX)
    if not group:
        raise errors.fail(errors.ONLY_XREADGROUP, option="GROUP")
    options.group, options.consumer = args.take(2)


def _take_noack(options: ReadOptions, args: Args, group: bool) -> None:
    if not group:
        raise errors.fail(errors.ONLY_XREADGROUP, option="NOACK")
    options.noack = True


def _take_claim(options: ReadOptions, args: Args, group: bool) -> None:
    if not group:
        raise errors.fail(errors.ONLY_XREADGROUP, option="CLAIM")
    options.claim_ms = args.integer(errors.CLAIM_NOT_AN_INTEGER)
    if options.claim_ms < 0:
        raise errors.fail(errors.CLAIM_NEGATIVE)


#: What takes the words of the other options; each needs at least one word after its name.
_OPTIONS: dict[bytes, Callable[[ReadOptions, Args, bool], None]] = {
    b"BLOCK": _take_block,
    b"MAXCOUNT": _take_max_count,
    b"MAXSIZE": _take_max_size,
    b"GROUP": _take_group,
    b"CLAIM": _take_claim,
}


class Caps:
    """What MAXCOUNT and MAXSIZE leave while the streams of one read are served in turn.

    The size is that of the reply in RESP2. The first entry of all is let through whatever
    its size; the first one refused, and the last one MAXCOUNT allows, end the reading.
    """

    __slots__ = ("_body_bytes", "_entries", "_here", "_key_bytes", "_limits", "_streams", "is_over")

    def __init__(self, options: ReadOptions) -> None:
        self._limits = options
        self._entries = 0  # let through, of all streams
        self._here = 0  # of these, in the current stream
        self._streams = 0  # those in the reply
        self._body_bytes = 0  # of the reply, but for the lengths of the last two arrays
        self._key_bytes = 0  # what the current stream adds before its entries
        self.is_over = False

    def open_stream(self, key: bytes) -> None:
        """Go on to the next stream; it counts once one of its entries is let through."""
        if self._here:
            self._body_bytes += _length_bytes(self._here)
        self._here = 0
        self._key_bytes = len(b"*2\r\n$%d\r\n\r\n" % len(key)) + len(key)

    def admit(self, sizes_bytes: Iterable[int]) -> int:
        """Return how many of the next entries, whose sizes these are, are let through."""
        admitted = 0
        for size_bytes in sizes_bytes:
            if self.is_over or not self._has_room_for(size_bytes):
                self.is_over = True
                break
            if not self._here:
                self._streams += 1
                self._body_bytes += self._key_bytes
            self._body_bytes += size_bytes
            self._here += 1
            self._entries += 1
            self.is_over = self._entries == self._limits.max_count
            admitted += 1
        return admitted

    def _has_room_for(self, size_bytes: int) -> bool:
        if self._limits.max_size_bytes < 0 or not self._entries:
            return True
        total_bytes = self._body_bytes + size_bytes + _length_bytes(self._here + 1)
        if self._here:
            total_bytes += _length_bytes(self._streams)
        else:
            total_bytes += self._key_bytes + _length_bytes(self._streams + 1)
        return total_bytes <= self._limits.max_size_bytes

    def cut(self, selection: Selection) -> Selection:
        """Return those of the current stream's next entries that are let through."""
        return selection.first(self.admit(selection.sizes()))


def _length_bytes(length: int) -> int:
    return len(b"*%d\r\n" % length)
