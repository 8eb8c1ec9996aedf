"""XADD: IDs, options, the order of its errors, what it leaves behind."""

from __future__ import annotations

import pytest

from tests.support.both import Both
from tests.support.servers import VALKEY

pytestmark = pytest.mark.real_redis

MAX = 2**64 - 1


def test_explicit_ids_must_grow(both: Both) -> None:
    both.run_many(
        """
        XADD k 5-1 f v
        XADD k 5-1 f v
        XADD k 5-0 f v
        XADD k 4-9 f v
        XADD k 5-2 f v
        XADD k 5 f v
        XADD k 6 f v
        XADD k 6-0 f v
        XADD k 0-0 f v
        XADD k 0 f v
        XRANGE k - +
        XLEN k
        """
    )


def test_the_server_completes_the_sequence(both: Both) -> None:
    both.run_many(
        f"""
        XADD k 0-* f v
        XADD k 0-* f v
        XADD k 5-* f v
        XADD k 5-* f v
        XADD k 5-7 f v
        XADD k 5-* f v
        XADD k 4-* f v
        XADD k 6-{MAX} f v
        XADD k 6-* f v
        XADD k 5-* f v
        XADD k 7-* f v
        XADD k *-1 f v
        XADD k *-* f v
        XADD k ** f v
        XADD k 8-** f v
        XADD k -* f v
        XADD k x-* f v
        XADD k 8-*1 f v
        XRANGE k - +
        """
    )


def test_chosen_ids(both: Both) -> None:
    both.run_loosely("XADD k * f v")
    both.run_loosely("XADD k * f v")
    both.run("XLEN k")


def test_a_chosen_id_follows_a_top_id_in_the_future(both: Both) -> None:
    both.run_many(
        f"""
        XADD k 99999999999999-5 f v
        XADD k * f v
        XADD k 99999999999999-{MAX} f v
        XADD k * f v
        XADD k {MAX}-{MAX - 1} f v
        XADD k * f v
        XADD k * f v
        XADD k {MAX}-* f v
        XADD k 1-1 f v
        XADD k {MAX}-{MAX} f v
        XINFO STREAM k
        """
    )


def test_fields_come_in_pairs(both: Both) -> None:
    both.run_many(
        """
        XADD k 1-1
        XADD k 1-1 f
        XADD k * f
        XADD k 1-1 f v g
        XADD k 1-1 f v g w f v2
        XADD k 1-2 "" ""
        XADD k 1-3 "\\x00\\r\\n" "\\xff\\xfe"
        XADD k 1-4 MAXLEN 5
        XADD k * MAXLEN
        XRANGE k - +
        XADD
        XADD k
        XADD k *
        """
    )


@pytest.mark.parametrize(
    "options",
    [
        "NOMKSTREAM",
        "NOMKSTREAM NOMKSTREAM",
        "nomkstream",
        "MAXLEN 2",
        "MAXLEN = 2",
        "maxlen ~ 2",
        "MAXLEN ~ 0",
        "MAXLEN 0",
        "MAXLEN -1",
        "MAXLEN = -1",
        "MAXLEN x",
        "MAXLEN ~ x",
        "MAXLEN ~",
        "MAXLEN =",
        "MAXLEN",
        "MAXLEN ~ = 2",
        "MAXLEN = ~ 2",
        "MAXLEN 1.5",
        "MAXLEN 9223372036854775807",
        "MAXLEN 9223372036854775808",
        "MINID 3-0",
        "MINID = 3",
        "MINID ~ 3-0",
        "MINID 0",
        "MINID -",
        "MINID +",
        "MINID $",
        "MINID *",
        "MINID 3-*",
        "MINID (3-0",
        "MINID x",
        "MINID",
        "MINID ~",
        "MAXLEN 2 MINID 1",
        "MINID 1 MAXLEN 2",
        "MAXLEN 2 MAXLEN 3",
        "MINID 1 MINID 1",
        "LIMIT 5",
        "LIMIT 0",
        "LIMIT -1",
        "LIMIT x",
        "LIMIT",
        "LIMIT 1 LIMIT 2",
        "MAXLEN 2 LIMIT 5",
        "MAXLEN 2 LIMIT 0",
        "MAXLEN = 2 LIMIT 5",
        "MAXLEN ~ 2 LIMIT 5",
        "MAXLEN ~ 2 LIMIT 0",
        "MAXLEN ~ 2 LIMIT -1",
        "MAXLEN ~ 2 LIMIT x",
        "MAXLEN ~ 2 LIMIT",
        "LIMIT 5 MAXLEN ~ 2",
        "LIMIT 5 MAXLEN ~ 2 LIMIT 7",
        "MINID ~ 2 LIMIT 5",
        "NOMKSTREAM MAXLEN 2",
        "MAXLEN 2 NOMKSTREAM",
        "MAXLEN 2 FOO",
        "FOO",
        "$",
        ">",
        "-",
        "+",
        "(5-0",
    ],
)
def test_options(both: Both, options: str) -> None:
    both.run_many(
        f"""
        XADD k 1-0 f v
        XADD k 2-0 f v
        XADD k 3-0 f v
        XADD k {options} 7-0 f v
        XADD k {options} 7-0 f
        XADD k {options} 7-0
        XADD k {options} 0-0 f v
        XADD k {options} x f v
        XADD k {options} 1-0 f v
        XRANGE k - +
        XADD missing {options} 7-0 f v
        EXISTS missing
        SET s x
        XADD s {options} 7-0 f v
        XADD s {options} 0-0 f v
        XADD s {options} 7-0 f
        """
    )


@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize(
    "options",
    [
        "KEEPREF",
        "delref",
        "ACKED",
        "KEEPREF KEEPREF",
        "KEEPREF DELREF",
        "ACKED MAXLEN 2",
        "MAXLEN 2 ACKED",
        "MAXLEN ~ 2 KEEPREF",
        "MAXLEN = 2 DELREF",
        "NOMKSTREAM DELREF MINID 3",
        "MINID 3 DELREF NOMKSTREAM",
        "MAXLEN 2 ACKED ACKED",
    ],
)
def test_options_of_reference_policy(both: Both, options: str) -> None:
    both.run_many(
        f"""
        XADD k 1-0 f v
        XADD k 2-0 f v
        XADD k 3-0 f v
        XADD k 4-0 f v
        XGROUP CREATE k g 0
        XGROUP CREATE k h 0
        XREADGROUP GROUP g c COUNT 3 STREAMS k >
        XREADGROUP GROUP h c COUNT 2 STREAMS k >
        XACK k g 1-0
        XACK k h 1-0
        XADD k {options} 7-0 f v
        XRANGE k - +
        XPENDING k g - + 10
        XPENDING k h - + 10
        XADD missing {options} 7-0 f v
        """
    )


def test_the_first_error_wins(both: Both) -> None:
    both.run_many(
        """
        SET s x
        XADD s MAXLEN x LIMIT y 0-0 f
        XADD s MAXLEN 5 LIMIT 1 0-0 f
        XADD s MAXLEN ~ 5 0-0 f
        XADD s MAXLEN ~ 5 0-0 f v
        XADD s MAXLEN ~ 5 1-0 f v
        XADD s NOMKSTREAM 1-0 f v
        XADD s LIMIT 5 x f v
        XADD s LIMIT 5 0 f
        XADD s LIMIT 5 0 f v
        XADD missing NOMKSTREAM 0-0 f v
        XADD missing NOMKSTREAM x f v
        XADD missing NOMKSTREAM 1-1 f
        XADD missing NOMKSTREAM 1-1 f v
        EXISTS missing
        """
    )


def test_a_failed_xadd_leaves_no_key(both: Both) -> None:
    both.run_many(
        """
        XADD k 0-0 f v
        EXISTS k
        XADD k MAXLEN x 1-1 f v
        EXISTS k
        XADD k 1-1 f
        EXISTS k
        """
    )


def test_maxlen_zero_leaves_an_empty_stream(both: Both) -> None:
    both.run_many(
        """
        XADD k MAXLEN 0 5-0 f v
        EXISTS k
        XLEN k
        TYPE k
        XINFO STREAM k
        XINFO STREAM k FULL
        XADD k 5-0 f v
        XADD k 5-1 f v
        XINFO STREAM k
        """
    )


def test_a_minid_above_the_new_entry_takes_it_away(both: Both) -> None:
    both.run_many(
        """
        XADD k 1-0 f v
        XADD k MINID 9-9 2-0 f v
        XLEN k
        XINFO STREAM k
        """
    )
