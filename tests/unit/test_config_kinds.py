"""Kinds of setting: Redis' rules and words, and what people may write besides.

The refusals are those a Redis 8.2.3 gave to CONFIG SET.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from geostream.config.accepted import ACCEPTED, ACCEPTED_PARAMETERS, ALIASES
from geostream.config.kinds import Addresses, Boolean, Choice, EventClasses, FileMode, Integer, Size
from geostream.config.settings import PARAMETERS, SECTIONS

EVERY_ROW = [*PARAMETERS.values(), *ACCEPTED_PARAMETERS.values()]

NOT_AN_INTEGER = "argument couldn't be parsed into an integer"
NOT_A_SIZE = "argument must be a memory value"
INT64_MAX = 2**63 - 1


def row(name):
    return PARAMETERS.get(name) or ACCEPTED_PARAMETERS[name]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("slowlog-log-slower-than", "-1", -1),
        ("stream-node-max-entries", str(INT64_MAX), INT64_MAX),
        ("stream-node-max-bytes", "4kb", 4096),
        ("stream-node-max-bytes", "4K", 4000),
        ("stream-node-max-bytes", "1b", 1),
        ("stream-node-max-bytes", "B", 0),
        ("maxmemory", "", 0),
        ("maxmemory", "007", 7),
        ("maxmemory", "2GB", 2 * 2**30),
        ("maxmemory", "3g", 3 * 10**9),
        ("proto-max-bulk-len", "1MB", 2**20),
        ("latency-tracking", "YES", True),
        ("loglevel", "NOTICE", "notice"),
        ("hz", "0", 1),
        ("hz", "600", 500),
        ("unixsocketperm", "755", 0o755),
        ("bind", "127.0.0.1  ::1", ("127.0.0.1", "::1")),
        ("bind", "", ()),
        ("save", "", ""),
    ],
)
def test_a_value_is_read_as_redis_reads_it(name, text, value):
    assert row(name).parse(text) == value


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("port", "-1", "argument must be between 0 and 65535 inclusive"),
        ("port", "70000", "argument must be between 0 and 65535 inclusive"),
        ("port", "abc", NOT_AN_INTEGER),
        ("port", "0x10", NOT_AN_INTEGER),
        ("port", " 5", NOT_AN_INTEGER),
        ("port", "٣", NOT_AN_INTEGER),
        ("hz", "010", NOT_AN_INTEGER),
        ("hz", "+10", NOT_AN_INTEGER),
        ("hz", "", NOT_AN_INTEGER),
        ("hz", "-5", "argument must be between 0 and 2147483647 inclusive"),
        ("tcp-keepalive", "-0", NOT_AN_INTEGER),
        ("tcp-keepalive", "99999999999", "argument must be between 0 and 2147483647 inclusive"),
        ("maxclients", "0", "argument must be between 1 and 4294967295 inclusive"),
        ("maxclients", "-1", "argument must be greater or equal to 0"),
        ("timeout", "1kb", NOT_AN_INTEGER),
        ("timeout", "15m", NOT_AN_INTEGER),
        ("proto-max-bulk-len", "1", f"argument must be between 1048576 and {INT64_MAX} inclusive"),
        ("proto-max-bulk-len", "1m", f"argument must be between 1048576 and {INT64_MAX} inclusive"),
        ("proto-max-bulk-len", "-1", NOT_A_SIZE),
        ("proto-max-bulk-len", "1.5mb", NOT_A_SIZE),
        ("proto-max-bulk-len", "5t", NOT_A_SIZE),
        ("maxmemory", "1%", NOT_A_SIZE),
        ("maxmemory", "1 mb", NOT_A_SIZE),
        ("maxmemory", "9223372036854775808", "argument must be greater or equal to 0"),
        ("stream-node-max-bytes", "x", NOT_A_SIZE),
        (
            "stream-node-max-entries",
            "-1",
            f"argument must be between 0 and {INT64_MAX} inclusive",
        ),
        ("stream-node-max-entries", "9223372036854775808", NOT_AN_INTEGER),
        ("stream-idmp-duration", "0", "argument must be between 1 and 86400 inclusive"),
        ("stream-idmp-maxsize", "10001", "argument must be between 1 and 10000 inclusive"),
        (
            "slowlog-log-slower-than",
            "-2",
            f"argument must be between -1 and {INT64_MAX} inclusive",
        ),
        ("latency-tracking", "maybe", "argument must be 'yes' or 'no'"),
        ("latency-tracking", "on", "argument must be 'yes' or 'no'"),
        (
            "loglevel",
            "foo",
            "argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
        ),
        (
            "appendfsync",
            "x",
            "argument(s) must be one of the following: everysec, always, no",
        ),
        (
            "notify-keyspace-events",
            "q",
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
        ),
        ("unixsocketperm", "999", "argument couldn't be parsed as an octal number"),
        ("unixsocketperm", "7777", "argument must be between 0 and 777 inclusive"),
        ("save", "a", "Invalid save parameters"),
        ("save", "900", "Invalid save parameters"),
        ("save", "900 1 ", "Invalid save parameters"),
        ("save", "0 1", "Invalid save parameters"),
        ("save", "900 -1", "Invalid save parameters"),
        (
            "client-output-buffer-limit",
            "foo",
            "Wrong number of arguments in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "foo 0 0 0",
            "Invalid client class specified in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit",
            "replica x 2 3",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        ("active-expire-effort", "11", "argument must be between 1 and 10 inclusive"),
    ],
)
def test_a_refusal_is_in_the_words_of_redis(name, text, reason):
    with pytest.raises(ValueError) as refusal:
        row(name).parse(text)
    assert str(refusal.value) == reason


@pytest.mark.parametrize("one", EVERY_ROW, ids=lambda one: one.name)
def test_every_default_is_shown_in_a_form_that_is_read_back(one):
    assert one.parse(one.render(one.default)) == one.default


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_stands_for_a_parameter_and_is_none_itself(name):
    assert ALIASES[name] in PARAMETERS.keys() | ACCEPTED.keys()
    assert name not in PARAMETERS.keys() | ACCEPTED.keys()


def test_no_parameter_is_both_served_and_merely_accepted():
    assert not PARAMETERS.keys() & ACCEPTED.keys()


def test_no_two_sections_share_a_key():
    assert len(PARAMETERS) == sum(len(struct.__struct_fields__) for struct in SECTIONS.values())


@pytest.mark.parametrize(
    ("letters", "shown"),
    [
        ("KEA", "AKE"),
        ("EKnmdtxezhsl$g", "AKEm"),
        ("AKn", "AK"),
        ("AocKEmn", "AKEm"),
        ("g$lshztxed", "A"),
        ("g$lshztxeE", "g$lshzxetE"),
        ("goncdmt", "gtdnocm"),
        ("xEgK", "gxKE"),
        ("KEoc", "ocKE"),
        ("", ""),
    ],
)
def test_event_classes_are_shown_in_the_order_of_redis(letters, shown):
    kind = EventClasses()
    assert kind.render(kind.parse(letters)) == shown


def test_the_value_of_event_classes_spells_out_what_a_stands_for():
    assert set(str(EventClasses().parse("AKn"))) == set("g$lshzxetdnK")


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("s", "15m", 900),
        ("s", "2h", 7200),
        ("s", "1d", 86400),
        ("s", "3000ms", 3),
        ("ms", "100ms", 100),
        ("ms", "3s", 3000),
        ("us", "10ms", 10_000),
        ("us", "10US", 10),
        ("s", "30", 30),
    ],
)
def test_a_duration_may_be_written_with_its_unit(unit, text, value):
    assert Integer(unit=unit).read(text) == value


@pytest.mark.parametrize("text", ["1500ms", "1.5m", "m", "5 m", "-5m", "5w", "", "1" * 30 + "d"])
def test_what_is_no_whole_number_of_the_unit_is_refused(text):
    with pytest.raises(ValueError):
        Integer(unit="s").read(text)


def test_the_bounds_hold_for_durations_too():
    with pytest.raises(ValueError, match="between 1 and 86400"):
        Integer(1, 86400, unit="s").read("2d")


def test_only_what_has_a_unit_takes_a_duration():
    with pytest.raises(ValueError, match="parsed into an integer"):
        Integer().read("15m")


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("On", True), ("yes", True), ("FALSE", False), ("off", False)],
)
def test_people_may_write_a_boolean_as_yaml_does(text, value):
    assert Boolean().read(text) is value


def test_people_who_leave_a_size_empty_are_told():
    with pytest.raises(ValueError, match="memory value"):
        Size().read("")


def test_a_bare_no_made_false_by_an_editor_is_still_a_no():
    assert Choice("no", "yes", "local").read("false") == "no"


def test_permissions_may_be_written_as_python_does():
    assert FileMode().read("0o700") == 0o700


@given(st.integers(0, INT64_MAX))
def test_any_size_is_shown_as_bytes_and_read_back(size_bytes):
    assert Size().parse(Size().render(size_bytes)) == size_bytes


@given(st.text())
def test_no_text_makes_a_kind_raise_anything_but_a_value_error(text):
    for one in EVERY_ROW:
        for read in (one.kind.parse, one.kind.read):
            try:
                value = read(text)
            except ValueError:
                continue
            assert one.kind.parse(one.kind.render(value)) == value


@given(st.lists(st.sampled_from(["127.0.0.1", "::1", "*", "-::1"])))
def test_addresses_are_divided_by_blanks(addresses):
    assert Addresses().parse("  ".join(addresses)) == tuple(addresses)
