"""The exact reader: walks over requests byte by byte, whatever the pieces they come in.

It knows every rule of the framing and every error line, takes what arrives in
any pieces, and looks at each byte once. It keeps what was sent and reserves
nothing for what was only announced: ``*2147483647`` costs as much as ``*1``.
In plain Python it is several times slower than hiredis, and fence.py does the bulk of
the work; compiled it is the faster one, and does all of it.

What it keeps between two pieces is one of these, or nothing:

* a line whose end has not come: a header or an inline request, 64 KiB at most;
* the arguments read so far and how many are to come;
* the part of an argument that is there, and how many bytes are to come.

The rules are those of Redis 8.2, taken from its behaviour. The less obvious ones:

* a header ends at the first CR and the byte after it, whatever that is; nothing
  in it is judged before that byte is there;
* the two bytes after an argument are not looked at;
* numbers are canonical: no plus, no leading zero, no blank;
* a count of zero or less is a request that means nothing;
* the length of a line is judged without its end, so that it does not matter in
  which pieces it came.

A NUL byte is a byte like any other here, as in Valkey; Redis stops searching at
it and waits for ever.
"""

from __future__ import annotations

import re
from itertools import product

from geostream import errors
from geostream.errors import ProtocolError
from geostream.resp import steps
from geostream.resp.inline import split_words

MAX_LINE_BYTES = 64 * 2**10  # of a header or an inline request, without its end
MAX_ARGS = 2**31 - 1

#: What a peer that has not logged in may send: enough for AUTH and HELLO.
UNAUTHENTICATED_MAX_ARGS = 10
UNAUTHENTICATED_MAX_BULK_BYTES = 16 * 2**10
_FEW_ARGS = UNAUTHENTICATED_MAX_ARGS  # a number in C here, see walker.pxd

_STAR, _DOLLAR, _CR, _ZERO = b"*$\r0"
_SHORT_DIGITS = 4  # of a number that is read digit by digit
_PLAIN_ARGS = 64  # of a request that is read in one go, if nothing is odd about it

#: Requests of one client are much alike. Where a word, one of the first and short, is the same as
#: in the one before, it is the same object: that costs less than another, and it is hashed already.
_KEPT_WORDS, _KEPT_BYTES = 16, 32

_CANONICAL = re.compile(rb"0|-?[1-9][0-9]{0,18}").fullmatch
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def _any_case(word: bytes) -> set[bytes]:
    return {bytes(form) for form in product(*zip(word.lower(), word.upper(), strict=True))}


#: First words of HTTP: a browser was tricked into talking to us, and nothing it says must be run.
HTTP_WORDS = frozenset(_any_case(b"post") | _any_case(b"host:"))


_HTTP_ENDS = b"tT:"  # a look at the last byte costs less than to hash the word


def _number(digits: bytes) -> int | None:
    if _CANONICAL(digits) is None:
        return None
    number = int(digits)
    return number if _INT64_MIN <= number <= _INT64_MAX else None


def _broken(text: str) -> ProtocolError:
    return ProtocolError(text.encode("latin-1"))


class Walker:
    """The incomplete request of one connection, and how it goes on."""

    __slots__ = (
        "_after",
        "_args",
        "_args_left",
        "_at",
        "_began",
        "_bulk",
        "_bulk_left",
        "_line",
        "_words",
        "authenticated",
        "max_bulk_bytes",
        "max_pending_bytes",
        "pending_bytes",
    )

    def __init__(self, max_bulk_bytes: int, max_pending_bytes: int) -> None:
        self.authenticated = True
        self.max_bulk_bytes = max_bulk_bytes
        self.max_pending_bytes = max_pending_bytes
        self.pending_bytes = 0  # of the request that is not complete; 0 if there is none
        self._line = bytearray()  # whose end has not come
        self._args: list[bytes] = []
        self._words = [b""] * _KEPT_WORDS  # of the last plain request
        self._args_left = 0
        self._bulk = bytearray()  # what has come of the argument being read
        self._bulk_left = -1  # what is to come of it and its line end; -1: at a header
        self._at = 0  # where we are in the data given
        self._began = 0  # where the request began in it, or the data
        self._after = 0  # where the line ends whose number was read last

    def walk(self, data: bytes, start: int, requests: list[list[bytes]], one: bool) -> int:
        """Read ``data`` from ``start`` on, appending complete requests; return where it stopped.

        That is the end, unless ``one`` is set: then it stops after one request.
        What is incomplete is kept and goes on with the next call's data.
        Raises ProtocolError; the requests before it have been appended.
        """
        self._at = self._began = start
        end = len(data)
        while self._at < end:
            request = self._request(data)
            if request is None:
                break
            self.pending_bytes = 0
            self._began = self._at
            if request:
                name = request[0]
                if name and name[-1] in _HTTP_ENDS and name in HTTP_WORDS:
                    raise ProtocolError(b"")
                requests.append(request)
                if one:
                    break
        self.pending_bytes += self._at - self._began
        return self._at

    def _request(self, data: bytes) -> list[bytes] | None:
        """Read one request; None if the data ended first, [] if it means nothing."""
        if not self._args_left:
            if (self._line[0] if self._line else data[self._at]) != _STAR:
                return self._inline_request(data)
            count = -1 if self._line else self._short_number(data, self._at + 1)
            if 0 < count <= (_PLAIN_ARGS if self.authenticated else _FEW_ARGS):
                request = self._plain_request(data, count)
                if request is not None:
                    return request
                self._at = self._after
            else:
                header = self._header(data, errors.TOO_BIG_COUNT)
                if header is None:
                    return None
                count = self._count(header)
                if count <= 0:
                    return []
            self._args_left = count
        if not self._read_args(data):
            return None
        request = self._args
        self._args = []
        return request

    def _read_args(self, data: bytes) -> bool:
        """Read the arguments that are to come; False if the data ended first."""
        while self._args_left:
            if self._bulk_left < 0 and not self._line:
                self._whole_args(data)
                if not self._args_left:
                    break
            if not self._next_arg(data):
                return False
        return True

    def _plain_request(self, data: bytes, count: int) -> list[bytes] | None:
        """Read arguments from behind the number that was read last, if nothing is odd about them.

        Else None, and nothing is read: it is not for here to say what is wrong.
        """
        header = self._after
        at = header
        max_bulk_bytes = self.max_bulk_bytes
        text = data  # compiled, a pointer to its bytes
        end = min(len(data), self._began + self.max_pending_bytes - self.pending_bytes)
        args = [b""] * count
        words = self._words
        for number in range(count):
            length = -1
            if at + 4 < end and text[at] == _DOLLAR:
                length = text[at + 1] - _ZERO
                if text[at + 2] == _CR and 0 <= length <= 9:  # most have a single digit
                    at += 4
                else:
                    length = self._short_number(data, at + 1)
                    at = self._after
            if not 0 <= length <= max_bulk_bytes or at + length + 2 > end:
                self._after = header
                return None
            if number < _KEPT_WORDS and length <= _KEPT_BYTES:
                word = words[number]
                if length != len(word) or not steps.is_at(data, at, word):
                    word = words[number] = text[at : at + length]
            else:
                word = text[at : at + length]
            steps.set_word(args, number, word)
            at += length + 2
        self._at = at
        return args

    def _short_number(self, data: bytes, at: int) -> int:
        """Return the number that makes up the rest of a line; -1 if that is not plain to see.

        Notes where the next line begins.
        """
        text = data  # compiled, a pointer to its bytes
        end = len(data)
        if at + 2 >= end:
            return -1
        number = text[at] - _ZERO
        if not 0 <= number <= 9:
            return -1
        stop = at + 1 if number == 0 else at + _SHORT_DIGITS  # no leading zero
        at += 1
        while at < stop and at < end and 0 <= text[at] - _ZERO <= 9:
            number = 10 * number + text[at] - _ZERO
            at += 1
        if at + 1 >= end or text[at] != _CR:
            return -1
        self._after = at + 2
        return number

    def _whole_args(self, data: bytes) -> None:
        """Read arguments as long as they are short, all there and nothing is odd about them."""
        at = self._at
        left = self._args_left
        args = self._args
        text = data  # compiled, a pointer to its bytes
        max_bulk_bytes = self.max_bulk_bytes
        end = min(len(data), self._began + self.max_pending_bytes - self.pending_bytes)
        while left and at < end and text[at] == _DOLLAR:
            length = self._short_number(data, at + 1)
            if not 0 <= length <= max_bulk_bytes:
                break
            arg_end = self._after + length
            if arg_end + 2 > end:
                break
            args.append(text[self._after : arg_end])
            at = arg_end + 2
            left -= 1
        self._at = at
        self._args_left = left

    def _next_arg(self, data: bytes) -> bool:
        """Read one argument, or what is there of it; False if the data ended first."""
        if self._bulk_left < 0:
            header = self._header(data, errors.TOO_BIG_LENGTH)
            if header is None:
                return False
            self._bulk_left = self._length(header) + 2
        at = self._at
        stop = at + self._bulk_left
        arg = data[at : max(at, stop - 2)]
        self._at = min(stop, len(data))
        self._bulk_left = stop - self._at
        if self._bulk_left or self._bulk:
            self._bulk += arg
        if self._bulk_left:
            return False
        if self._bulk:
            arg = bytes(self._bulk)
            self._bulk = bytearray()
        self._args.append(arg)
        self._args_left -= 1
        self._bulk_left = -1
        return True

    def _header(self, data: bytes, too_big: str) -> bytes | None:
        """Read up to a CR and one byte more; return what is before the CR, or None."""
        at = self._at
        if self._line.endswith(b"\r") and at < len(data):
            self._at = at + 1
            return self._line_with(b"", too_big).removesuffix(b"\r")
        header_end = data.find(b"\r", at)
        if header_end < 0 or header_end + 2 > len(data):
            self._keep(data, too_big)
            return None
        self._at = header_end + 2
        return self._line_with(data[at:header_end], too_big)

    def _inline_request(self, data: bytes) -> list[bytes] | None:
        at = self._at
        line_end = data.find(b"\n", at)
        if line_end < 0:
            self._keep(data, errors.TOO_BIG_INLINE)
            return None
        self._at = line_end + 1
        line = self._line_with(data[at:line_end], errors.TOO_BIG_INLINE)
        words = split_words(line.removesuffix(b"\r"))
        if words is None:
            raise _broken(errors.UNBALANCED_QUOTES)
        return words

    def _keep(self, data: bytes, too_big: str) -> None:
        """Keep the rest of the data: a line whose end has not come."""
        self._line += data[self._at :]
        self._at = len(data)
        self._check_size(self._line, too_big)

    def _line_with(self, rest: bytes, too_big: str) -> bytes:
        """Return the line that was kept, completed by the rest of it."""
        if self._line:
            rest = bytes(self._line + rest)
            self._line = bytearray()
        self._check_size(rest, too_big)
        return rest

    @staticmethod
    def _check_size(line: bytes | bytearray, too_big: str) -> None:
        if len(line) - line.endswith(b"\r") > MAX_LINE_BYTES:
            raise _broken(too_big)

    def _count(self, header: bytes) -> int:
        count = _number(header[1:])
        if count is None or count > MAX_ARGS:
            raise _broken(errors.INVALID_COUNT)
        if count > UNAUTHENTICATED_MAX_ARGS and not self.authenticated:
            raise _broken(errors.UNAUTHENTICATED_COUNT)
        return count

    def _length(self, header: bytes) -> int:
        if header[:1] != b"$":
            got = chr(header[0]) if header else "\r"
            text = errors.EXPECTED_BULK.format(got=got)
            raise _broken(text.replace("\r", " ").replace("\n", " "))
        length = _number(header[1:])
        if length is None or not 0 <= length <= self.max_bulk_bytes:
            raise _broken(errors.INVALID_LENGTH)
        if length > UNAUTHENTICATED_MAX_BULK_BYTES and not self.authenticated:
            raise _broken(errors.UNAUTHENTICATED_LENGTH)
        if self.pending_bytes + self._at - self._began + length + 2 > self.max_pending_bytes:
            raise _broken(errors.TOO_BIG_REQUEST)
        return length
