"""Arithmetic of INCRBYFLOAT: the 80-bit floating point numbers Redis counts with.

Python's own numbers have 53 bits of mantissa, these have 64, and a client sees the
difference: 5.6 plus 5000 is 5005.60000000000000009 there. So a number is kept as an exact
fraction and rounded to 64 bits where the processor would round, after reading and after
adding. It is written with at most 17 decimals, as Redis writes it.

Hexadecimal numbers, which Redis also reads, are not taken.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

MANTISSA_BITS = 64
MAX_EXPONENT = 16384  # numbers are below 2 to this
MIN_EXPONENT = -16445  # of the lowest bit there is
MAX_TEXT_BYTES = 5119
MAX_DECIMAL_EXPONENT = 10_000  # far beyond both ends; nothing larger is computed with
DECIMALS = 17

_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_INFINITY = re.compile(rb"[+-]?inf(?:inity)?", re.IGNORECASE)


class NotANumber(ValueError):
    """The text is no number, or one too large or too small to be kept."""


class TooLarge(ValueError):
    """The result is no longer finite."""


def add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two numbers as text. Raises NotANumber, TooLarge."""
    first, second = _parse(left), _parse(right)
    if first is None or second is None:
        raise TooLarge
    total = _rounded(first + second)
    if total is None:
        raise TooLarge
    return _text(total)


def _parse(text: bytes) -> Fraction | None:
    """Return the number nearest to a text; None is infinity."""
    if len(text) > MAX_TEXT_BYTES:
        raise NotANumber
    match = _NUMBER.fullmatch(text)
    if match is None:
        if _INFINITY.fullmatch(text):
            return None
        raise NotANumber
    exponent = (match[1] or b"").lstrip(b"+-").lstrip(b"0")
    is_zero = not text[: match.start(1) if match[1] else None].strip(b"+-.0eE")
    if is_zero:
        return Fraction(0)
    if len(exponent) > 5:
        raise NotANumber
    number = Decimal(text.decode())
    if abs(number.adjusted()) > MAX_DECIMAL_EXPONENT:
        raise NotANumber
    value = _rounded(Fraction(number))
    if value is None or value == 0:
        raise NotANumber
    return value


def _rounded(value: Fraction) -> Fraction | None:
    """Return the nearest number with 64 bits of mantissa; None if it is too large."""
    if value == 0:
        return value
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - MANTISSA_BITS
    if abs(value) >= _power(exponent + MANTISSA_BITS):
        exponent += 1
    exponent = max(exponent, MIN_EXPONENT)
    unit = _power(exponent)
    result = round(value / unit) * unit  # to even, as the processor does
    return result if abs(result) < _power(MAX_EXPONENT) else None


def _power(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _text(value: Fraction) -> bytes:
    """Return the number with 17 decimals, the zeros at its end left out."""
    scaled = round(value * 10**DECIMALS)
    digits = str(Decimal(abs(scaled))).rjust(DECIMALS + 1, "0")
    whole, decimals = digits[:-DECIMALS], digits[-DECIMALS:].rstrip("0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{whole}{'.' if decimals else ''}{decimals}".encode()
