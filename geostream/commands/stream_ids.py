"""Stream IDs and bounds as clients write them.

An ID is ``ms-seq`` or ``ms``; which sequence number is meant without one depends on the
place. Bounds may also be ``-``, ``+`` and, with ``(`` before it, an ID that is itself
left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from geostream import errors
from geostream.store import octets
from geostream.store.errors import IdsExhausted
from geostream.store.ids import MAX_ID, MIN_ID, U64_MAX, StreamId, predecessor, successor

MAX_ID_BYTES = 127
_BLANKS = b" \t\n\v\f\r"
_DIGITS = b"0123456789"
_TO_COMMAS = bytes.maketrans(b"- ", b",,")
_decode_integers = msgspec.json.Decoder(list[int]).decode


def parse_id(text: bytes, missing_seq: int = 0) -> StreamId:
    """Return the ID a client wrote. Raises ID_INVALID."""
    usual = octets.id_halves(text)
    return usual if usual is not None else _parse_unusual_id(text, missing_seq)


def parse_ids(texts: Sequence[bytes]) -> list[StreamId]:
    """Return the IDs a client wrote. Raises ID_INVALID.

    IDs to acknowledge come by the hundred and spelled as we sent them. If each has one dash
    and nothing else but digits, they are the elements of a JSON array but for the commas;
    msgspec reads that at a third of the cost of one after the other.
    """
    if len(texts) == 1:
        return [parse_id(texts[0])]
    joined = b" ".join(texts)
    if joined.translate(None, _DIGITS) == (b"- " * len(texts))[:-1]:
        try:
            numbers = _decode_integers(b"[%b]" % joined.translate(_TO_COMMAS))
        except msgspec.DecodeError:  # half an ID missing, or a leading zero
            numbers = []
        if numbers and max(numbers) <= U64_MAX:
            halves = iter(numbers)
            return list(zip(halves, halves, strict=True))
    return [parse_id(text) for text in texts]


def _parse_unusual_id(text: bytes, missing_seq: int) -> StreamId:
    """Return an ID with a half missing, very large, or written with a plus or blanks."""
    if len(text) > MAX_ID_BYTES:
        raise errors.fail(errors.ID_INVALID)
    ms, dash, seq = text.partition(b"-")
    return (parse_half(ms), parse_half(seq) if dash else missing_seq)


def parse_half(text: bytes) -> int:
    """Return one half of an ID, an unsigned 64-bit number. Raises ID_INVALID."""
    if len(text) > MAX_ID_BYTES:
        raise errors.fail(errors.ID_INVALID)
    digits = text.lstrip(_BLANKS)
    if digits[:1] == b"+":
        digits = digits[1:]
    if not digits.isdigit() or int(digits) > U64_MAX:
        raise errors.fail(errors.ID_INVALID)
    return int(digits)


def parse_low_bound(text: bytes) -> StreamId:
    """Return the first ID a range may hold. Raises ID_INVALID, INVALID_START."""
    usual = octets.id_halves(text)
    if usual is not None:
        return usual
    if text.startswith(b"("):
        try:
            return successor(parse_id(text[1:]))
        except IdsExhausted:
            raise errors.fail(errors.INVALID_START) from None
    return _parse_open_bound(text, 0)


def parse_high_bound(text: bytes) -> StreamId:
    """Return the last ID a range may hold. Raises ID_INVALID, INVALID_END."""
    usual = octets.id_halves(text)
    if usual is not None:
        return usual
    if text.startswith(b"("):
        try:
            return predecessor(parse_id(text[1:], U64_MAX))
        except IdsExhausted:
            raise errors.fail(errors.INVALID_END) from None
    return _parse_open_bound(text, U64_MAX)


def _parse_open_bound(text: bytes, missing_seq: int) -> StreamId:
    if text == b"-":
        return MIN_ID
    if text == b"+":
        return MAX_ID
    return _parse_unusual_id(text, missing_seq)
