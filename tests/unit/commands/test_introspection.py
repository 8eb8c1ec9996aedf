"""COMMAND tells the command table."""

from __future__ import annotations

from typing import Any

from geostream.errors import CommandError
from geostream.reply import Pairs, SetOf, Simple
from tests.support.engines import make_engine


def texts(found: SetOf) -> list[bytes]:
    """Return the text of each member of a set."""
    return [item.text if isinstance(item, Simple) else item for item in found.items]


def docs(*names: str) -> dict[bytes, Any]:
    reply = make_engine().execute("COMMAND", "DOCS", *names)
    assert isinstance(reply, Pairs)
    return dict(reply.items)


def test_info_of_a_write_command_is_redis_own() -> None:
    (record,) = make_engine().execute("COMMAND INFO xadd")
    name, arity, flags, first, last, step, categories, tips, (spec,), subcommands = [
        item.items if isinstance(item, SetOf) else item for item in record
    ]
    assert (name, arity, first, last, step) == (b"xadd", -5, 1, 1, 1)
    assert [flag.text for flag in flags] == [b"write", b"denyoom", b"fast"]
    assert [category.text for category in categories] == [b"@write", b"@stream", b"@fast"]
    assert list(tips) == [b"nondeterministic_output"]
    assert texts(spec[b"flags"]) == [b"RW", b"update"]
    assert spec[b"begin_search"] == {b"type": b"index", b"spec": {b"index": 1}}
    assert not subcommands


def test_keys_after_a_keyword_are_told_as_such() -> None:
    (record,) = make_engine().execute("COMMAND INFO XREAD")
    assert record[3:6] == [0, 0, 0]
    (spec,) = record[8].items
    assert spec[b"begin_search"][b"spec"] == {b"keyword": b"STREAMS", b"startfrom": 1}
    assert spec[b"find_keys"][b"spec"] == {b"lastkey": -1, b"keystep": 1, b"limit": 2}


def test_an_unknown_command_has_no_record_and_no_docs() -> None:
    assert make_engine().execute("COMMAND INFO nonesuch") == [None]
    assert docs("nonesuch") == {}


def test_a_subcommand_is_named_with_a_bar() -> None:
    (record,) = make_engine().execute("COMMAND INFO CONFIG|GET")
    assert record[0] == b"config|get"


def test_a_container_carries_its_subcommands_and_no_category_but_slow() -> None:
    (record,) = make_engine().execute("COMMAND INFO config")
    assert texts(record[6]) == [b"@slow"]
    assert [child[0] for child in record[9]] == [
        b"config|get",
        b"config|help",
        b"config|resetstat",
        b"config|rewrite",
        b"config|set",
    ]


def test_count_and_the_bare_command_agree() -> None:
    bench = make_engine()
    assert bench.execute("COMMAND COUNT") == len(bench.execute("COMMAND"))


def test_docs_describe_options_with_their_token() -> None:
    arguments = docs("config|get", "shutdown")[b"shutdown"][b"arguments"]
    assert arguments[0][b"type"] == b"oneof"
    assert [member[b"token"] for member in arguments[0][b"arguments"]] == [b"NOSAVE", b"SAVE"]
    assert arguments[1][b"token"] == b"NOW"
    assert texts(arguments[1][b"flags"]) == [b"optional"]


def test_list_filters_by_category_and_pattern() -> None:
    bench = make_engine()
    assert b"xadd" in bench.execute("COMMAND LIST FILTERBY ACLCAT stream")
    assert b"config" not in bench.execute("COMMAND LIST FILTERBY ACLCAT slow")
    assert bench.execute("COMMAND LIST FILTERBY PATTERN CONFIG|R*") == [
        b"config|resetstat",
        b"config|rewrite",
    ]
    assert bench.execute("COMMAND LIST FILTERBY MODULE any") == []
    assert isinstance(bench.execute("COMMAND LIST FILTERBY COLOUR red"), CommandError)


def test_keys_are_found_in_a_request() -> None:
    bench = make_engine()
    assert bench.execute("COMMAND GETKEYS XREAD COUNT 1 STREAMS a b 0 0") == [b"a", b"b"]
    ((key, flags),) = bench.execute("COMMAND GETKEYSANDFLAGS XADD s * f v")
    assert (key, texts(flags)) == (b"s", [b"RW", b"update"])


def test_what_has_no_keys_is_refused_with_the_reason() -> None:
    bench = make_engine()
    for request, reason in (
        ("NONESUCH a", b"ERR Invalid command specified"),
        ("TIME x", b"ERR The command has no key arguments"),
        ("XADD s", b"ERR Invalid number of arguments specified for command"),
        ("XREAD a b c d", b"ERR Invalid arguments specified for command"),
    ):
        error = bench.execute(f"COMMAND GETKEYS {request}")
        assert isinstance(error, CommandError)
        assert error.line == reason
