"""A command's shortcut: what it does when it is asked for in its usual words, in one go.

Most requests of a busy client are the same but for an ID or a number. A shortcut recognises
these and does at once what parser and handler do one after the other, with what they would
look up twice at hand. Anything else it leaves to them: words out of the ordinary, options,
errors, and whatever it did not find.
"""

from __future__ import annotations

from geostream.engine.context import Context
from geostream.reply import Reply


class Shortcut:
    """To be subclassed."""

    def take(self, ctx: Context, words: list[bytes]) -> Reply:
        """Run a request and return its reply.

        NotImplemented: it is for parser and handler, and nothing was done or counted.
        """
        return NotImplemented
