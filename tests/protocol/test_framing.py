"""Every rule and error of the framing, whole and torn at every byte."""

from __future__ import annotations

import pytest

from geostream.resp.reader import RequestReader
from tests.protocol.framing import CASES, NUL, PING, Case, one_by_one, outcome

every_case = pytest.mark.parametrize("case", CASES + NUL, ids=lambda case: case.name)


@every_case
def test_a_case_in_one_piece(case: Case) -> None:
    assert outcome([case.data]) == case.outcome


@every_case
def test_a_case_one_byte_at_a_time(case: Case) -> None:
    assert outcome(one_by_one(case.data)) == case.outcome


@every_case
def test_a_case_cut_in_two_anywhere(case: Case) -> None:
    for cut in range(1, len(case.data)):
        assert outcome([case.data[:cut], case.data[cut:]]) == case.outcome, cut


@every_case
def test_a_case_behind_other_requests(case: Case) -> None:
    before = [[b"PING"]] * 3
    got = outcome([PING * 3 + case.data])
    assert got == (before + case.requests, case.error)


@every_case
def test_a_case_leaves_the_next_connection_alone(case: Case) -> None:
    outcome([case.data])
    assert outcome([PING]) == ([[b"PING"]], None)


def test_after_an_error_nothing_is_read() -> None:
    reader = RequestReader()
    reader.feed(b"*x\r\n" + PING)
    assert reader.feed(PING) == []
    assert not reader.held_back


def test_requests_are_lists_of_plain_bytes() -> None:
    reader = RequestReader()
    for data in (PING, PING[:5], PING[5:], b"PING\r\n", bytearray(PING), memoryview(PING)):
        for request in reader.feed(data):
            assert type(request) is list
            assert [type(arg) for arg in request] == [bytes]


def test_nothing_fed_is_nothing_read() -> None:
    reader = RequestReader()
    assert reader.feed(b"") == []
    reader.feed(PING[:-1])
    assert reader.feed(b"") == []
    assert reader.feed(PING[-1:]) == [[b"PING"]]


def test_pending_bytes_are_those_of_the_incomplete_request() -> None:
    reader = RequestReader()
    assert reader.pending_bytes == 0
    reader.feed(PING + PING[:7])
    assert reader.pending_bytes == 7
    reader.feed(PING[7:9])
    assert reader.pending_bytes == 9
    reader.feed(PING[9:] + b"ECHO")
    assert reader.pending_bytes == 4
    reader.feed(b" a\r\n")
    assert reader.pending_bytes == 0
