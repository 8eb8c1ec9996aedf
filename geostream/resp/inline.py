"""The inline form of a request: one line of words, as typed into telnet.

Words are parted by blanks. A word may end in a quoted part, which may hold
blanks: ``"..."`` knows the escapes ``\\n \\r \\t \\b \\a \\xHH`` and takes any other
escaped byte as it is; ``'...'`` knows ``\\'`` only. After the closing quote there
must be a blank or the end of the line. Outside quotes a backslash is a byte
like any other.

What counts as a blank is not the same everywhere, and that is Redis' doing: the
six ASCII blanks before a word and after a closing quote, but vertical tab and
form feed do not end a bare word.
"""

from __future__ import annotations

import re

_BARE_WORDS = re.compile(rb"\S[^ \n\r\t]*").findall

#: Possessive throughout: a byte is looked at once, however the quotes lie.
_WORD = re.compile(
    rb"""
    \s*+
    ([^\s"'] [^ \n\r\t"']*+)?+              # the bare part
    (?: " ((?: \\. | [^"\\] )*+) " (?=\s|\Z)
      | ' ((?: \\' | [^']   )*+) ' (?=\s|\Z)
      | (?=[ \n\r\t]|\Z)
    )
    """,
    re.VERBOSE | re.DOTALL,
).match

_UNESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL).sub

_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits, escaped = match.groups()
    if digits is not None:
        return bytes.fromhex(digits.decode("ascii"))
    return _CONTROLS.get(escaped, escaped)


def split_words(line: bytes) -> list[bytes] | None:
    """Return the words of a line, which comes without its line end.

    An empty list for a line of blanks; None if the quotes are not balanced.
    """
    if b'"' not in line and b"'" not in line:
        return _BARE_WORDS(line)
    words = []
    position, end = 0, len(line)
    while match := _WORD(line, position):
        bare, double, single = match.groups()
        position = match.end()
        if bare is None and double is None and single is None:
            break  # nothing but blanks up to the end
        word: bytes = bare or b""
        if double is not None:
            word += _UNESCAPE(_unescaped, double)
        elif single is not None:
            word += single.replace(rb"\'", b"'")
        words.append(word)
        if position == end:
            break
    return words if match else None
