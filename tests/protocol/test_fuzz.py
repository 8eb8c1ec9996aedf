"""Anything may come, in any pieces: the same requests come out, and nothing else happens."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
from hiredis import pack_command
from hypothesis import given, settings

from geostream.resp.fence import Fence
from geostream.resp.reader import RequestReader
from geostream.resp.walker import HTTP_WORDS, Walker
from tests.protocol.framing import Outcome, one_by_one, outcome

MIB = 2**20

#: What makes an argument, or garbage, look like something.
NASTY = [
    *(b"\r\n", b"\r", b"\n", b"\n\n", b"$", b"*", b"+", b"=", b"(", b"%", b"~", b">", b"|", b"_"),
    *(b"*1\r\n", b"*2\r\n", b"*10\r\n", b"*0\r\n", b"*-1\r\n", b"*9999\r\n", b"*01\r\n"),
    *(b"$0\r\n", b"$1\r\n", b"$4\r\n", b"$-1\r\n", b"$11\r\n", b"$01\r\n"),
    *(b"+a\r\n", b"-a\r\n", b":1\r\n", b"#t\r\n", b"#f\r\n", b"_\r\n", b",1\r\n", b"(1\r\n"),
    *(b"!1\r\na\r\n", b"=5\r\ntxt:a\r\n", b"%1\r\n", b">1\r\n", b"~1\r\n", b"|1\r\n", b">1000\r\n"),
    *(b"*1\r\n$4\r\nPING\r\n", b"PING\r\n", b"ECHO 'a b'\r\n", b'"', b"'", b"\\", b"\\x41"),
    *(b" ", b"\t", b"\x0b", b"\0", b"post", b"Host:"),
]
nasty = st.sampled_from(NASTY)
args = st.one_of(st.binary(max_size=20), st.lists(nasty, max_size=4).map(b"".join))
requests = st.lists(args, min_size=1, max_size=12).filter(lambda it: it[0] not in HTTP_WORDS)
garbage = st.one_of(
    st.binary(max_size=60),
    st.lists(nasty, max_size=15).map(b"".join),
    st.lists(st.one_of(nasty, requests.map(tuple).map(pack_command)), max_size=8).map(b"".join),
)
cuts = st.lists(st.integers(0, 2000), max_size=10)


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def _walked(data: bytes) -> Outcome:
    walker = Walker(MIB, MIB)
    seen: list[list[bytes]] = []
    walker.walk(data, 0, seen, False)
    assert walker.pending_bytes == 0
    return Outcome(seen, None)


@given(sent=st.lists(requests, max_size=20), places=cuts)
@settings(max_examples=150, deadline=None)
def test_requests_come_out_as_they_were_sent_whatever_the_pieces(
    sent: list[list[bytes]], places: list[int]
) -> None:
    data = b"".join(pack_command(tuple(request)) for request in sent)
    assert outcome(_cut(data, places)) == (sent, None)


@given(data=garbage, places=cuts)
@settings(max_examples=250, deadline=None)
def test_garbage_means_the_same_in_all_pieces(data: bytes, places: list[int]) -> None:
    whole = outcome([data])
    assert outcome(_cut(data, places)) == whole
    assert outcome(one_by_one(data)) == whole
    assert (
        whole.error is None or whole.error == b"" or whole.error.startswith(b"ERR Protocol error")
    )
    assert all(whole.requests)


@given(data=garbage)
@settings(max_examples=150, deadline=None)
def test_a_peer_that_has_not_logged_in_gets_no_further_than_others(data: bytes) -> None:
    reader = RequestReader()
    reader.authenticated = False
    got, others = outcome([data], reader), outcome([data])
    assert got.requests == others.requests[: len(got.requests)]
    assert got == others or (got.error is not None and b"unauthenticated" in got.error)


@given(data=garbage)
@settings(max_examples=250, deadline=None)
def test_what_the_fence_lets_through_is_what_the_walker_reads(data: bytes) -> None:
    read = Fence().read(data)
    assert read is None or (read, None) == _walked(data)


@given(sent=st.lists(requests, min_size=1, max_size=5), tail=garbage)
@settings(max_examples=150, deadline=None)
def test_what_one_peer_leaves_unfinished_is_not_part_of_anothers_request(
    sent: list[list[bytes]], tail: bytes
) -> None:
    data = b"".join(pack_command(tuple(request)) for request in sent)
    outcome([data + tail])
    assert outcome([data]) == (sent, None)
