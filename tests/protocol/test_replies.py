"""Replies in both versions of the protocol, to the byte, and through hiredis and back."""

from __future__ import annotations

from typing import Any

import hiredis
import hypothesis.strategies as st
import pytest
from hypothesis import given

from geostream.errors import CommandError
from geostream.reply import (
    NO_REPLY,
    NULL_ARRAY,
    OK,
    QUEUED,
    BigNumber,
    Double,
    PairArrays,
    Pairs,
    Push,
    Reply,
    SetOf,
    Several,
    Simple,
    Verbatim,
    Wire,
)
from geostream.resp.writer import ENCODERS


def written(reply: Reply, protocol: int) -> bytes:
    out: list[bytes] = []
    ENCODERS[protocol](reply, out)
    return b"".join(out)


ENTRY = Wire((b"*2\r\n$3\r\n1-1\r\n", b"*2\r\n$1\r\nf\r\n$1\r\nv\r\n"))
ENTRY_BYTES = b"".join(ENTRY.pieces)
A, B, C, D = b"$1\r\na\r\n", b"$1\r\nb\r\n", b"$1\r\nc\r\n", b"$1\r\nd\r\n"

SAME_IN_BOTH = [
    (b"a", A),
    (b"", b"$0\r\n\r\n"),
    (b"\r\n\x00\xff", b"$4\r\n\r\n\x00\xff\r\n"),
    (b"x" * 1023, b"$1023\r\n" + b"x" * 1023 + b"\r\n"),
    (b"x" * 1024, b"$1024\r\n" + b"x" * 1024 + b"\r\n"),
    (0, b":0\r\n"),
    (-1, b":-1\r\n"),
    (1023, b":1023\r\n"),
    (1024, b":1024\r\n"),
    (2**63 - 1, b":9223372036854775807\r\n"),
    (-(2**63), b":-9223372036854775808\r\n"),
    ([], b"*0\r\n"),
    ((), b"*0\r\n"),
    ([b"a", 1, [b"b", (2,)]], b"*3\r\n" + A + b":1\r\n*2\r\n" + B + b"*1\r\n:2\r\n"),
    ([1] * 1024, b"*1024\r\n" + b":1\r\n" * 1024),
    (OK, b"+OK\r\n"),
    (QUEUED, b"+QUEUED\r\n"),
    (Simple(b"PONG"), b"+PONG\r\n"),
    (CommandError(b"ERR no"), b"-ERR no\r\n"),
    ([CommandError(b"ERR no"), 1], b"*2\r\n-ERR no\r\n:1\r\n"),
    (ENTRY, ENTRY_BYTES),
    (Wire([]), b""),
    ([b"s", [ENTRY, ENTRY]], b"*2\r\n$1\r\ns\r\n*2\r\n" + ENTRY_BYTES * 2),
    (NO_REPLY, b""),
    (Several([1, b"a", NO_REPLY]), b":1\r\n" + A),
]

DIFFERENT = [
    (None, b"$-1\r\n", b"_\r\n"),
    (NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
    ([None, NULL_ARRAY], b"*2\r\n$-1\r\n*-1\r\n", b"*2\r\n_\r\n_\r\n"),
    (True, b":1\r\n", b"#t\r\n"),
    (False, b":0\r\n", b"#f\r\n"),
    (
        {b"a": 1, b"b": [b"c"]},
        b"*4\r\n" + A + b":1\r\n" + B + b"*1\r\n" + C,
        b"%2\r\n" + A + b":1\r\n" + B + b"*1\r\n" + C,
    ),
    ({}, b"*0\r\n", b"%0\r\n"),
    (Pairs([(b"a", b"b"), (b"a", b"c")]), b"*4\r\n" + A + B + A + C, b"%2\r\n" + A + B + A + C),
    (Pairs([]), b"*0\r\n", b"%0\r\n"),
    (
        PairArrays([(b"a", b"b"), (b"c", b"d")]),
        b"*2\r\n*2\r\n" + A + B + b"*2\r\n" + C + D,
        b"%2\r\n" + A + B + C + D,
    ),
    (
        PairArrays([(b"a", [ENTRY])]),
        b"*1\r\n*2\r\n" + A + b"*1\r\n" + ENTRY_BYTES,
        b"%1\r\n" + A + b"*1\r\n" + ENTRY_BYTES,
    ),
    (SetOf([b"a", b"b"]), b"*2\r\n" + A + B, b"~2\r\n" + A + B),
    (Push([b"a", 1]), b"*2\r\n" + A + b":1\r\n", b">2\r\n" + A + b":1\r\n"),
    (
        Several([Push([b"a"]), Push([b"b"])]),
        b"*1\r\n" + A + b"*1\r\n" + B,
        b">1\r\n" + A + b">1\r\n" + B,
    ),
    (Verbatim(b"a\r\n"), b"$3\r\na\r\n\r\n", b"=7\r\ntxt:a\r\n\r\n"),
    (Verbatim(b""), b"$0\r\n\r\n", b"=4\r\ntxt:\r\n"),
    (Double(b"1.5"), b"$3\r\n1.5\r\n", b",1.5\r\n"),
    (Double(b"inf"), b"$3\r\ninf\r\n", b",inf\r\n"),
    (BigNumber(2**70), b"$22\r\n1180591620717411303424\r\n", b"(1180591620717411303424\r\n"),
    (BigNumber(-1), b"$2\r\n-1\r\n", b"(-1\r\n"),
    ([{b"a": None}], b"*1\r\n*2\r\n" + A + b"$-1\r\n", b"*1\r\n%1\r\n" + A + b"_\r\n"),
]


def _show(value: Any) -> str:
    return repr(value)[:40]


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(("reply", "expected"), SAME_IN_BOTH, ids=_show)
def test_a_reply_that_is_the_same_in_both(reply: Reply, expected: bytes, protocol: int) -> None:
    assert written(reply, protocol) == expected


@pytest.mark.parametrize(("reply", "resp2", "resp3"), DIFFERENT, ids=_show)
def test_a_reply_that_differs(reply: Reply, resp2: bytes, resp3: bytes) -> None:
    assert written(reply, 2) == resp2
    assert written(reply, 3) == resp3


# Through hiredis and back: (what is written, what RESP2 reads, what RESP3 reads)

ABSENT = object()
leaves = st.one_of(
    st.binary(max_size=2000).map(lambda it: (it, it, it)),
    st.integers(-(2**63), 2**63 - 1).map(lambda it: (it, it, it)),
    st.booleans().map(lambda it: (it, int(it), it)),
    st.sampled_from([None, NULL_ARRAY]).map(lambda it: (it, None, None)),
    st.binary(max_size=20).map(lambda it: (Verbatim(it), it, it)),
    st.floats(allow_nan=False).map(lambda it: (Double(repr(it).encode()), repr(it).encode(), it)),
    st.integers(2**63, 2**100).map(lambda it: (BigNumber(it), b"%d" % it, b"%d" % it)),
    st.sampled_from([b"OK", b"PONG"]).map(lambda it: (Simple(it), it, it)),
    st.just((ENTRY, [b"1-1", [b"f", b"v"]], [b"1-1", [b"f", b"v"]])),
)


def _lists(children: st.SearchStrategy) -> st.SearchStrategy:
    def each(make):
        return lambda items: (
            make([item[0] for item in items]),
            [item[1] for item in items],
            [item[2] for item in items],
        )

    items = st.lists(children, max_size=4)
    return st.one_of(*(items.map(each(make)) for make in (list, tuple, SetOf)))


def _maps(children: st.SearchStrategy) -> st.SearchStrategy:
    def flat(pairs, make):
        twos = [part for key, value in pairs.items() for part in (key, value[1])]
        return make(pairs), twos, {key: value[2] for key, value in pairs.items()}

    def arrays(pairs):
        reply = PairArrays([(key, value[0]) for key, value in pairs.items()])
        twos = [[key, value[1]] for key, value in pairs.items()]
        return reply, twos, {key: value[2] for key, value in pairs.items()}

    pairs = st.dictionaries(st.binary(max_size=5), children, max_size=4)
    return st.one_of(
        pairs.map(lambda it: flat(it, lambda p: {key: value[0] for key, value in p.items()})),
        pairs.map(lambda it: flat(it, lambda p: Pairs([(k, v[0]) for k, v in p.items()]))),
        pairs.map(arrays),
    )


replies = st.recursive(leaves, lambda inner: st.one_of(_lists(inner), _maps(inner)), max_leaves=12)


@given(st.lists(replies, min_size=1, max_size=3))
def test_a_client_reads_what_was_written(cases: list[tuple[Reply, Any, Any]]) -> None:
    for protocol in (2, 3):
        reader = hiredis.Reader(notEnoughData=ABSENT)
        reader.feed(written(Several([reply for reply, *_ in cases]), protocol))
        for case in cases:
            assert reader.gets() == case[protocol - 1]
        assert reader.gets() is ABSENT
