"""Every row of the command table is documented: COMMAND DOCS and the README live on it."""

from __future__ import annotations

import re

import pytest

import geostream.commands  # noqa: F401  fills the table
from geostream import REDIS_VERSION
from geostream.engine.command import TABLE
from geostream.engine.syntax import KEY_NAMES, parse_syntax

VERSION = re.compile(r"\d+\.\d+\.\d+")


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.fixture(params=TABLE.values(), ids=lambda row: row.name)
def row(request):
    return request.param


def test_its_summary_is_a_sentence(row):
    assert re.fullmatch(r"[A-Z].*\.", row.summary)
    assert len(row.summary) <= 100


def test_its_since_is_a_version_of_redis(row):
    assert VERSION.fullmatch(row.since)
    assert numbers(row.since) <= numbers(REDIS_VERSION)


def test_its_complexity_is_told(row):
    assert row.complexity or row.name == "monitor"  # Redis tells none either


def test_its_syntax_can_be_read(row):
    parse_syntax(row.syntax)


def test_its_history_begins_after_the_command_did(row):
    for version, change in row.history:
        assert numbers(row.since) < numbers(version) <= numbers(REDIS_VERSION)
        assert change


def test_its_keys_are_in_its_syntax(row):
    shown = {word for word in re.findall(r"[\w-]+", row.syntax) if word in KEY_NAMES}
    found = [keys for keys in row.keys if "not_key" not in keys.flags]
    # CLUSTER KEYSLOT takes a name that may become a key: to Redis it is none.
    assert bool(shown) == bool(found) or row.name == "cluster|keyslot"
