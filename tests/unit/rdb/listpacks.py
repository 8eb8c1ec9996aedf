"""Listpacks made and taken apart in a test's own way, through the functions under test."""

from geostream.rdb.listpack import (
    HEADER_BYTES,
    UNCOUNTED,
    BadListpack,
    check_frame,
    element_end,
    integer,
    is_text,
    put_backlen,
    put_header,
    put_integer,
    put_text,
    text_size,
    text_start,
)


def integer_element(value):
    out = bytearray(10)
    return bytes(out[: put_integer(out, 0, value)])


def text_element(text):
    out = bytearray(len(text) + 10)
    return bytes(out[: put_text(out, 0, text, 0, len(text))])


def backlen(size):
    out = bytearray(5)
    return bytes(out[: put_backlen(out, 0, size)])


def listpack(parts, count):
    blob = bytearray(HEADER_BYTES) + b"".join(parts) + b"\xff"
    put_header(blob, len(blob), count)
    return bytes(blob)


def elements(blob):
    """Return integers and texts. Raises BadListpack."""
    count = check_frame(blob)
    found = []
    at, end = HEADER_BYTES, len(blob) - 1
    while at < end:
        behind = element_end(blob, at, end)
        if is_text(blob, at):
            start = text_start(blob, at)
            found.append(blob[start : start + text_size(blob, at)])
        else:
            found.append(integer(blob, at))
        at = behind
    if count not in (len(found), UNCOUNTED):
        raise BadListpack("another number of elements")
    return found
