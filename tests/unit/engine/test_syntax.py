"""Syntax lines become the argument descriptions redis-cli draws its hints from."""

from __future__ import annotations

from typing import Any

import pytest

import geostream.commands  # noqa: F401  fills the command table
from geostream.engine.command import TABLE
from geostream.engine.syntax import Argument, parse_syntax


def shape(argument: Argument) -> Any:
    """Return name, type, token and flags of an argument, and the same of its members."""
    flags = "".join(
        letter
        for letter, is_set in (
            ("?", argument.is_optional),
            ("*", argument.is_multiple),
            ("t", argument.repeats_token),
        )
        if is_set
    )
    row = (argument.name, argument.type, argument.token, flags)
    return (*row, [shape(member) for member in argument.members]) if argument.members else row


@pytest.mark.parametrize(
    ("syntax", "expected"),
    [
        ("key", [("key", "key", "", "")]),
        ("key [key ...]", [("key", "key", "", "*")]),
        ("[NOMKSTREAM]", [("nomkstream", "pure-token", "NOMKSTREAM", "?")]),
        ("[COUNT count]", [("count", "integer", "COUNT", "?")]),
        ("[ID client-id [client-id ...]]", [("client-id", "integer", "ID", "?*")]),
        ("[PREFIX prefix [PREFIX prefix ...]]", [("prefix", "string", "PREFIX", "?*t")]),
        (
            "STREAMS key [key ...] id [id ...]",
            [("key", "key", "STREAMS", "*"), ("id", "string", "", "*")],
        ),
        (
            "field value [field value ...]",
            [
                (
                    "field-value",
                    "block",
                    "",
                    "*",
                    [("field", "string", "", ""), ("value", "string", "", "")],
                )
            ],
        ),
        (
            "[<MAXLEN | MINID> [= | ~] threshold [LIMIT count]]",
            [
                (
                    "maxlen-or-minid-equal-or-approximately-threshold-count",
                    "block",
                    "",
                    "?",
                    [
                        (
                            "maxlen-or-minid",
                            "oneof",
                            "",
                            "",
                            [
                                ("maxlen", "pure-token", "MAXLEN", ""),
                                ("minid", "pure-token", "MINID", ""),
                            ],
                        ),
                        (
                            "equal-or-approximately",
                            "oneof",
                            "",
                            "?",
                            [
                                ("equal", "pure-token", "=", ""),
                                ("approximately", "pure-token", "~", ""),
                            ],
                        ),
                        ("threshold", "string", "", ""),
                        ("count", "integer", "LIMIT", "?"),
                    ],
                )
            ],
        ),
        (
            "<* | id> field",
            [
                (
                    "auto-id-or-id",
                    "oneof",
                    "",
                    "",
                    [("auto-id", "pure-token", "*", ""), ("id", "string", "", "")],
                ),
                ("field", "string", "", ""),
            ],
        ),
    ],
)
def test_a_syntax_line_becomes_arguments(syntax: str, expected: list[Any]) -> None:
    assert [shape(argument) for argument in parse_syntax(syntax)] == expected


@pytest.mark.parametrize("syntax", ["[key", "<a | b", "key]", "[key ...]", "[]"])
def test_a_malformed_line_is_refused(syntax: str) -> None:
    with pytest.raises(ValueError):
        parse_syntax(syntax)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_has_a_line_that_can_be_parsed(row: Any) -> None:
    if row.syntax:
        assert parse_syntax(row.syntax)
