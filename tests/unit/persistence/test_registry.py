"""Finding plugins by name, and what is said when that does not work."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from geostream.config import Config
from geostream.persistence import registry
from geostream.persistence.registry import Entry, UnusablePlugin, build, entries_of, find
from tests.support.plugins import ScriptedPlugin


def config(**settings):
    made = Config()
    made._values |= settings
    made._change({})
    return made


def entries(**settings):
    return entries_of(config(**settings).settings.persistence)


def test_the_default_is_sqlite():
    assert entries() == [Entry("sqlite", {})]


def test_options_and_save_rules_of_an_item():
    plugins = ('{"use":"rdb","dbfilename":"x","save":[{"after_s":"9","changes":"1"}]}', "aof")
    assert entries(plugins=plugins) == [
        Entry("rdb", {"dbfilename": "x"}, ((9, 1),)),
        Entry("aof", {}),
    ]


def test_save_rules_may_be_written_as_redis_does():
    (entry,) = entries(plugins=('{"use":"rdb","save":"900 1 60 100"}',))
    assert entry.save == ((900, 1), (60, 100))


@pytest.mark.parametrize("save", ['"900"', '"x y"', "[1]", '[{"after_s":"1"}]', "7", '"0 1"'])
def test_bad_save_rules_are_named(save):
    with pytest.raises(UnusablePlugin, match="rdb: save"):
        entries(plugins=(f'{{"use":"rdb","save":{save}}}',))


def test_a_log_that_is_only_implied_is_looked_at_before_snapshots():
    built = [
        (ScriptedPlugin(), Entry("a", {})),
        (ScriptedPlugin(appends=False), Entry("b", {})),
        (ScriptedPlugin(), Entry("aof", {}, is_implied=True)),
    ]
    ordered = registry.in_load_order(built)
    assert [entry.use for _, entry in ordered] == ["a", "aof", "b"]


def test_a_snapshot_named_before_what_appends_is_refused():
    built = [
        (ScriptedPlugin(appends=False), Entry("a", {})),
        (ScriptedPlugin(), Entry("b", {})),
    ]
    with pytest.raises(UnusablePlugin, match="name scripted before scripted"):
        registry.in_load_order(built)


def test_appendonly_adds_the_log():
    implied = Entry("aof", {}, is_implied=True)
    assert entries(plugins=("rdb",), appendonly=True) == [Entry("rdb", {}), implied]
    assert entries(plugins=("sqlite",), appendonly=True) == [Entry("sqlite", {}), implied]
    assert entries(plugins=("aof",), appendonly=True) == [Entry("aof", {})]


def test_a_plugin_named_twice_is_refused():
    with pytest.raises(UnusablePlugin, match="rdb is named twice"):
        entries(plugins=("rdb", "rdb"))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnusablePlugin, match=r"no plugin 'sqlight'; known are .*aof, rdb, sqlite"):
        find("sqlight")


def test_a_class_that_is_not_installed_is_found_by_its_place():
    assert find("tests.support.plugins:ScriptedPlugin") is ScriptedPlugin


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no.such:Class", "No module named 'no'"),
        ("tests.support.plugins:Nothing", "has no attribute 'Nothing'"),
        ("tests.support.clock:ManualClock", "is no persistence plugin"),
        (":x", "Empty module name"),
    ],
)
def test_a_place_that_holds_no_plugin_is_named(name, reason):
    with pytest.raises(UnusablePlugin, match=reason):
        find(name)


def test_a_name_claimed_by_two_names_both(monkeypatch):
    points = [EntryPoint("x", f"{one}:Plugin", registry.GROUP) for one in ("mine", "yours")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **asked: points)
    with pytest.raises(UnusablePlugin, match=r"claimed by .*mine:Plugin.* and .*yours:Plugin"):
        find("x")


def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch):
    point = EntryPoint("x", "no.such:Plugin", registry.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **asked: [point])
    with pytest.raises(UnusablePlugin, match="x: No module named 'no'"):
        find("x")


def test_an_option_the_plugin_does_not_take_is_named():
    with pytest.raises(UnusablePlugin, match=r"rdb: .*nonsense"):
        build(Entry("rdb", {"nonsense": "1"}), config())


def test_an_item_overrides_the_setting_of_the_same_name(tmp_path):
    made = config(directory=str(tmp_path), dbfilename="a.rdb")
    assert build(Entry("rdb", {}), made).options["dbfilename"] == "a.rdb"
    assert build(Entry("rdb", {"dbfilename": "b.rdb"}), made).options["dbfilename"] == "b.rdb"
