"""Redis' glob patterns: ``*``, ``?``, ``[abc]``, ``[^a]``, ``[a-z]``, ``\\x``.

Only the last ``*`` is ever tried again, so a match costs at most pattern times text; no
pattern a client sends can make it explode.

Behaviour: https://redis.io/docs/latest/commands/keys/
"""

from __future__ import annotations

_STAR, _ANY, _OPEN, _CLOSE, _ESCAPE, _NOT, _DASH = b"*?[]\\^-"


def glob_matches(pattern: bytes, text: bytes) -> bool:
    """Tell whether the whole text matches. O(len(pattern) * len(text)) at worst."""
    if pattern == b"*":
        return True
    at = place = 0
    star = resume = -1
    while place < len(text):
        if at < len(pattern):
            if pattern[at] == _STAR:
                star, resume = at, place
                at += 1
                continue
            matched, after = _match_one(pattern, at, text[place])
            if matched:
                at = after
                place += 1
                continue
        if star < 0:
            return False
        resume += 1
        at, place = star + 1, resume
    return not pattern[at:].strip(b"*")


def _match_one(pattern: bytes, at: int, byte: int) -> tuple[bool, int]:
    """Match one byte against the element at ``at``; return also where the next one begins."""
    element = pattern[at]
    if element == _ANY:
        return True, at + 1
    if element == _OPEN:
        return _match_class(pattern, at + 1, byte)
    if element == _ESCAPE and at + 1 < len(pattern):
        at += 1
    return pattern[at] == byte, at + 1


def _match_class(pattern: bytes, at: int, byte: int) -> tuple[bool, int]:
    """Match one byte against a class whose content begins at ``at``; it may lack its end."""
    negated = at < len(pattern) and pattern[at] == _NOT
    if negated:
        at += 1
    found = False
    while at < len(pattern) and pattern[at] != _CLOSE:
        if pattern[at] == _ESCAPE and at + 1 < len(pattern):
            found |= pattern[at + 1] == byte
            at += 2
        elif at + 2 < len(pattern) and pattern[at + 1] == _DASH:
            low, high = sorted((pattern[at], pattern[at + 2]))
            found |= low <= byte <= high
            at += 3
        else:
            found |= pattern[at] == byte
            at += 1
    return found != negated, at + 1
