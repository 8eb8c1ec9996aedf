"""hiredis, fenced in: reads data that is made up of whole requests, and nothing else.

hiredis reads requests five to ten times faster than Python can. But it was made
to read what a trusted server replies. Left alone it reserves eight bytes for
every element that is only announced (``*1000000000``), takes numbers, nulls, lists
and RESP3's types as arguments, and keeps what is incomplete where nobody sees it.
So it is given only data that cannot make it reserve much, and its word is taken
only if the data is proven to be whole requests made of plain bulk strings. In
every other case the answer is None, and walker.py reads the same data exactly.

Before: whoever announces n arguments must send six bytes for each at least
(``$0`` and two line ends). So if all that is announced is there, the counts of
all headers together are no more than a sixth of the data. What looks like a
header inside an argument counts too; that errs on the safe side. RESP3's
aggregates (map, set, push, attribute) are not let through at all.

After: hiredis is given a null behind the data. If the null comes out by itself,
and nothing is left, the data ended between two requests. If what comes out
before it can be joined, it is lists of bytes. Three types besides bulk
strings come out as bytes: simple strings, big numbers and verbatim strings. Each
begins with a byte of its own; if the data has no more of these bytes than the
arguments have, none of them was the mark of a type.

hiredis keeps nothing between two calls, so one reader serves all connections;
for that reason only one thread may read requests. A reader that is not proven to
be empty is thrown away, however the call ended.
"""

from __future__ import annotations

import re
from itertools import chain

import hiredis

from geostream.resp.walker import HTTP_WORDS

#: Every argument takes at least this much: $0, line end, line end.
_MIN_ARG_BYTES = 6

_COUNTS = re.compile(rb"\*(\d{1,18})\r\n").findall
_COUNT_OF = {b"%d" % count: count for count in range(1000)}

# Each of these searches is cheap when the byte it begins with is rare, and that byte is
# looked for first, as a number: nothing is faster.
_PUSH, _SET, _MAP, _ATTRIBUTE, _VERBATIM, _BIG_NUMBER, _SIMPLE = b">~%|=(+"
_PUSH_HEADER = re.compile(rb">\d+\r\n").search
_SET_HEADER = re.compile(rb"~\d+\r\n").search
_MAP_HEADER = re.compile(rb"%\d+\r\n").search
_ATTRIBUTE_HEADER = re.compile(rb"\|\d+\r\n").search
_VERBATIM_HEADER = re.compile(rb"=\d+\r\n").search
_BIG_NUMBER_LINE = re.compile(rb"\([-\d]*\r\n").search

_NULL = b"_\r\n"

_join = b"".join


class Fence:
    """One hiredis reader and the checks around it."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        reader = hiredis.Reader()
        self._feed = reader.feed
        self._gets = reader.gets
        self._has_data = reader.has_data

    def read(self, data: bytes) -> list[list[bytes]] | None:
        """Return the requests that make up the data, or None for "I cannot say"."""
        counts = _COUNTS(data)
        if (len(counts) != 1 or len(counts[0]) > 2) and _announces_too_much(data, counts):
            return None
        if (_PUSH in data or _SET in data or _MAP in data or _ATTRIBUTE in data) and (
            _has_aggregates(data)
        ):
            return None
        requests: list[list[bytes]] = []
        gets = self._gets
        is_empty = False
        try:
            self._feed(data + _NULL)
            while request := gets():
                if request[0] in HTTP_WORDS:
                    return None
                _join(request)  # a TypeError if this is anything but a list of bytes
                requests.append(request)
            is_empty = request is None and not self._has_data()
        except (hiredis.HiredisError, TypeError, ValueError):
            return None
        finally:
            if not is_empty:
                self._renew()
        if not is_empty:
            return None
        if (_SIMPLE in data or _VERBATIM in data or _BIG_NUMBER in data) and (
            not _is_plain(data, requests)
        ):
            return None
        return requests


def _announces_too_much(data: bytes, counts: list[bytes]) -> bool:
    """Tell if there cannot be as many arguments as all the headers say."""
    try:
        total = sum(map(_COUNT_OF.__getitem__, counts))
    except KeyError:
        total = sum(map(int, counts))
    return total * _MIN_ARG_BYTES > len(data)


def _has_aggregates(data: bytes) -> bool:
    """Tell if there is a header of RESP3's aggregates, or what looks like one."""
    return bool(
        (_PUSH in data and _PUSH_HEADER(data))
        or (_SET in data and _SET_HEADER(data))
        or (_MAP in data and _MAP_HEADER(data))
        or (_ATTRIBUTE in data and _ATTRIBUTE_HEADER(data))
    )


def _is_plain(data: bytes, requests: list[list[bytes]]) -> bool:
    """Tell if no argument was a simple string, a big number or a verbatim string."""
    if not (
        _SIMPLE in data
        or (_VERBATIM in data and _VERBATIM_HEADER(data))
        or (_BIG_NUMBER in data and _BIG_NUMBER_LINE(data))
    ):
        return True
    args = _join(chain.from_iterable(requests))
    return all(data.count(byte) == args.count(byte) for byte in (_SIMPLE, _VERBATIM, _BIG_NUMBER))
