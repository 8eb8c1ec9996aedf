"""Redis' glob patterns: ``*``, ``?``, ``[abc]``, ``[^a]``, ``[a-z]``, ``\\x``.

A pattern becomes a regular expression, which matches in C. What stands between two
``*`` is looked for from the left and, once found, never looked for again elsewhere (an
atomic group), because a later place could not help what follows. So a match costs at
most pattern times text; no pattern a client sends can make it explode.

Making the expression costs many times what matching does. It is therefore kept for the
patterns used last, and for very long patterns, whose making would hold everybody up, the
pattern is walked instead.

Behaviour: https://redis.io/docs/latest/commands/keys/, tried on a real server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

MAX_COMPILED_BYTES = 512
CACHED_PATTERNS = 256

_STAR, _ANY, _OPEN, _CLOSE, _ESCAPE, _NOT, _DASH = b"*?[]\\^-"
_ALL_BYTES = frozenset(range(256))


def glob_matches(pattern: bytes, text: bytes) -> bool:
    """Tell whether the whole text matches. O(len(pattern) * len(text)) at worst."""
    return bool(glob_matcher(pattern)(text))


def glob_matcher(pattern: bytes) -> Callable[[bytes], object]:
    """Return what tells, by a true value, whether a whole text matches the pattern."""
    if len(pattern) > MAX_COMPILED_BYTES:
        return partial(_walk, pattern)
    return _compiled(pattern)


@lru_cache(CACHED_PATTERNS)
def _compiled(pattern: bytes) -> Callable[[bytes], object]:
    runs: list[bytes] = [b""]  # what stands between the stars
    at = 0
    while at < len(pattern):
        if pattern[at] == _STAR:
            runs.append(b"")
            at += 1
        else:
            taken, at = _element(pattern, at)
            runs[-1] += _expression(taken)
    if not any(runs) and pattern:  # nothing but stars: in Redis they do not match an empty text
        return re.compile(b"(?s:.+)").fullmatch
    first, *between, last = runs if len(runs) > 1 else (runs[0], b"")
    expression = first
    if len(runs) > 1:
        expression += b"".join(b"(?>.*?%b)" % run for run in between if run) + b".*" + last
    return re.compile(b"(?s:%b)" % expression).fullmatch


def _expression(taken: frozenset[int]) -> bytes:
    """Return an expression for one byte of these."""
    if len(taken) == 256:
        return b"."
    if not taken:
        return b"(?!)"
    if len(taken) == 1:
        return b"\\x%02x" % min(taken)
    return b"[%b]" % b"".join(b"\\x%02x" % byte for byte in sorted(taken))


def _element(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """Return the bytes that the element at ``at`` takes, and where the next one begins."""
    element = pattern[at]
    if element == _ANY:
        return _ALL_BYTES, at + 1
    if element == _OPEN:
        return _class(pattern, at + 1)
    if element == _ESCAPE and at + 1 < len(pattern):
        at += 1
    return frozenset({pattern[at]}), at + 1


def _class(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """Return the bytes of a class whose content begins at ``at``; it may lack its end."""
    negated = at < len(pattern) and pattern[at] == _NOT
    if negated:
        at += 1
    taken: set[int] = set()
    while at < len(pattern) and pattern[at] != _CLOSE:
        if pattern[at] == _ESCAPE and at + 1 < len(pattern):
            taken.add(pattern[at + 1])
            at += 2
        elif at + 2 < len(pattern) and pattern[at + 1] == _DASH:
            low, high = sorted((pattern[at], pattern[at + 2]))
            taken.update(range(low, high + 1))
            at += 3
        else:
            taken.add(pattern[at])
            at += 1
    return (_ALL_BYTES - taken if negated else frozenset(taken)), at + 1


def _walk(pattern: bytes, text: bytes) -> bool:
    """Tell the same without an expression; only the last star is ever tried again."""
    at = place = 0
    star = resume = -1
    while place < len(text):
        if at < len(pattern):
            if pattern[at] == _STAR:
                star, resume = at, place
                at += 1
                continue
            taken, after = _element(pattern, at)
            if text[place] in taken:
                at = after
                place += 1
                continue
        if star < 0:
            return False
        resume += 1
        at, place = star + 1, resume
    return bool(text or not pattern) and not pattern[at:].strip(b"*")
