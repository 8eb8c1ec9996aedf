"""The options of XREAD and XREADGROUP, and the caps on what they return."""

import pytest

from geostream import errors
from geostream.commands.stream_options import Caps, parse_read
from geostream.engine.args import Args
from geostream.errors import CommandError


def parse(text, group=True):
    words = text.encode().split()
    return parse_read(Args(words, words[0].decode()), group)


def test_options_come_in_any_order_and_the_last_of_a_kind_counts():
    options = parse("x count 5 NOACK BLOCK 0 GROUP a b COUNT 2 GROUP g c STREAMS s t > 0")
    assert (options.group, options.consumer) == (b"g", b"c")
    assert (options.count, options.block_ms, options.noack) == (2, 0, True)
    assert (options.keys, options.ids) == ([b"s", b"t"], [b">", b"0"])


def test_a_count_that_is_not_positive_is_no_limit():
    assert parse("x COUNT -3 STREAMS s 0", group=False).count == -1
    assert parse("x COUNT 0 STREAMS s 0", group=False).count == -1


def test_a_group_may_be_called_streams():
    options = parse("x GROUP STREAMS STREAMS STREAMS STREAMS >")
    assert (options.group, options.consumer, options.keys) == (b"STREAMS", b"STREAMS", [b"STREAMS"])


@pytest.mark.parametrize(
    "request_text, line",
    [
        ("x GROUP g c STREAMS", errors.SYNTAX),
        ("x GROUP g c COUNT 1", errors.SYNTAX),
        ("x GROUP g STREAMS", errors.SYNTAX),
        ("x GROUP g c FOO STREAMS s >", errors.SYNTAX),
        ("x GROUP g c COUNT x STREAMS s", errors.NOT_AN_INTEGER),
        ("x GROUP g c BLOCK 1.5 STREAMS s >", errors.TIMEOUT_NOT_AN_INTEGER),
        ("x GROUP g c BLOCK -1 STREAMS s >", errors.TIMEOUT_NEGATIVE),
        ("x GROUP g c BLOCK 9223372036854775807 STREAMS s >", errors.TIMEOUT_OUT_OF_RANGE),
        ("x STREAMS s", errors.UNBALANCED_XREADGROUP),
        ("x COUNT 1 STREAMS s >", errors.GROUP_MISSING),
        ("x GROUP g c CLAIM x STREAMS s >", errors.CLAIM_NOT_AN_INTEGER),
        ("x GROUP g c CLAIM -1 STREAMS s >", errors.CLAIM_NEGATIVE),
        ("x GROUP g c MAXCOUNT 0 STREAMS s >", errors.MAXCOUNT_NOT_POSITIVE),
        ("x GROUP g c MAXSIZE x STREAMS s >", errors.MAXSIZE_NOT_POSITIVE),
        ("x GROUP g c MAXCOUNT 1 COUNT 2 STREAMS s >", errors.MAXCOUNT_BELOW_COUNT),
    ],
)
def test_the_first_thing_wrong_is_named(request_text, line):
    with pytest.raises(CommandError) as refused:
        parse(request_text)
    assert refused.value.line.decode() == line


@pytest.mark.parametrize("words", ["GROUP g c", "NOACK", "CLAIM 0"])
def test_xread_refuses_what_only_xreadgroup_has(words):
    with pytest.raises(CommandError) as refused:
        parse(f"x {words} STREAMS s 0", group=False)
    assert b"is only supported by XREADGROUP" in refused.value.line


def caps(text):
    return Caps(parse(f"x GROUP g c {text} STREAMS s >"))


def test_maxcount_is_shared_by_all_streams():
    limits = caps("MAXCOUNT 3")
    limits.open_stream(b"a")
    assert limits.admit([10, 10]) == 2
    assert not limits.is_over
    limits.open_stream(b"b")
    assert limits.admit([10, 10]) == 1
    assert limits.is_over


def test_maxsize_always_lets_the_first_entry_through_and_no_other_that_is_too_much():
    limits = caps("MAXSIZE 1")
    limits.open_stream(b"a")
    assert limits.admit([1000, 1]) == 1
    assert limits.is_over


@pytest.mark.parametrize("spare_bytes, admitted", [(0, 2), (-1, 1)])
def test_maxsize_counts_the_whole_reply(spare_bytes, admitted):
    entry = b"*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
    reply = b"*2\r\n" + b"".join(
        b"*2\r\n$1\r\n%b\r\n*1\r\n%b" % (key, entry) for key in (b"a", b"b")
    )
    limits = caps(f"MAXSIZE {len(reply) + spare_bytes}")
    limits.open_stream(b"a")
    total = limits.admit([len(entry)])
    limits.open_stream(b"b")
    assert total + limits.admit([len(entry)]) == admitted
