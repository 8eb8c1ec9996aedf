"""What a SOURCE or TARGET is taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from geostream.config import load
from geostream.persistence.registry import find
from geostream.tools.errors import Misuse, ToolError
from geostream.tools.live import Server
from geostream.tools.places import (
    NAME_OPTION,
    FilePlace,
    PluginPlace,
    ServerPlace,
    configured_place,
    place_of,
)
from tests.persistence.formats.golden_files import GOLDEN


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("a.db", "sqlite", "a.db"),
        ("a.sqlite", "sqlite", "a.sqlite"),
        ("d/a.rdb", "rdb", "d/a.rdb"),
        ("a.aof", "aof", "a.aof"),
        ("appendonlydir", "aof", "appendonlydir"),
        ("d/appendonly.aof.manifest", "aof", "d"),
        ("sqlite:a.rdb", "sqlite", "a.rdb"),
        ("rdb:a", "rdb", "a"),
        ("aof:redis", "aof", "redis"),
    ],
)
def test_what_is_not_there_yet_is_told_by_its_name(text, kind, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place_of(text) == FilePlace(kind, Path(path))


def test_what_is_there_is_told_by_what_it_is(tmp_path):
    for name, content, kind in (
        ("one", b"SQLite format 3\0", "sqlite"),
        ("two", b"REDIS0011", "rdb"),
        ("three", b"VALKEY080", "rdb"),
        ("four.rdb", b"SQLite format 3\0", "sqlite"),
        ("five.db", b"REDIS0011", "rdb"),
        ("six.aof", b"REDIS0011", "aof"),
        ("seven.rdb", b"", "rdb"),
    ):
        (tmp_path / name).write_bytes(content)
        assert place_of(str(tmp_path / name)) == FilePlace(kind, tmp_path / name)


def test_an_append_only_file_is_known_by_its_directory_its_manifest_and_its_parts():
    directory = GOLDEN / "redis-7.0.15/aof/rdb-base"
    for path in (directory, *directory.iterdir()):
        named = f"aof:{path}" if path.suffix == ".rdb" else str(path)
        assert place_of(named) == FilePlace("aof", directory)
    legacy = GOLDEN / "redis-6.2.14/aof/legacy"
    for path in (legacy, legacy / "appendonly.aof"):
        assert place_of(str(path)) == FilePlace("aof", legacy / "appendonly.aof")


@pytest.mark.parametrize(
    ("text", "url", "db", "shown"),
    [
        ("redis://h", "redis://h", None, "redis://h"),
        ("redis://h:1/", "redis://h:1", None, "redis://h:1"),
        ("valkey://u:p@h:1/3", "redis://u:p@h:1", 3, "redis://h:1"),
        ("valkeys://h", "rediss://h", None, "rediss://h"),
        ("REDISS://:p@[::1]:1/0", "rediss://:p@[::1]:1", 0, "rediss://[::1]:1"),
        ("redis://h?db=5", "redis://h", 5, "redis://h"),
        (
            "rediss://h:1/2?ssl_ca_certs=/a%20b.pem",
            "rediss://h:1?ssl_ca_certs=%2Fa+b.pem",
            2,
            "rediss://h:1",
        ),
        ("unix:///run/redis.sock", "unix:///run/redis.sock", None, "unix:///run/redis.sock"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock", 2, "unix:///run/redis.sock"),
    ],
)
def test_urls_name_servers_and_are_shown_without_passwords(text, url, db, shown):
    place = place_of(text)
    assert place == ServerPlace(url, db)
    assert str(place) == shown


@pytest.mark.parametrize(
    "text",
    [
        "redis://",
        "redis:///3",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/99999999999",
        "redis://h:port",
        "redis://h:99999",
        "redis://h?timeout=3",
        "redis://h?db=x",
        "unix://",
        "http://h",
        "sqlite:",
        "what.txt",
        "",
    ],
)
def test_what_is_none_of_these_is_refused(text):
    with pytest.raises(Misuse) as refused:
        place_of(text)
    assert str(refused.value)


def test_no_refusal_shows_a_password():
    with pytest.raises(Misuse) as refused:
        place_of("redis://user:secret@h:port")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("option", ["ssl_nonsense=1", "ssl_cert_reqs=nonsense"])
def test_an_option_of_tls_that_the_client_does_not_know_is_refused(option):
    place = place_of(f"rediss://127.0.0.1:1?{option}")
    assert isinstance(place, ServerPlace)
    with pytest.raises(ToolError, match=r"rediss://127\.0\.0\.1:1: "):
        Server(place, 1.0)


@pytest.mark.parametrize("kind", sorted(NAME_OPTION))
def test_plugins_choose_the_names_that_are_expected(kind, tmp_path):
    plugin = find(kind)(tmp_path, {})
    plugin.open()
    plugin.begin_snapshot()
    plugin.snapshot([])
    plugin.finish_snapshot(None)
    plugin.close()
    option, name = NAME_OPTION[kind]
    assert (tmp_path / name).exists()
    find(kind)(tmp_path, {option: "other"})


def configured(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return configured_place(load(file, environ={}, flags=[]))


def test_the_first_plugin_of_a_configuration_says_where_its_data_is(tmp_path):
    assert configured(tmp_path, "") == FilePlace("sqlite", Path.cwd() / "data/geostream.db", {}, 16)
    place = configured(
        tmp_path,
        f"server: {{dir: {tmp_path}, databases: 4}}\npersistence:\n  directory: d\n"
        "  plugins: [{use: sqlite, file: x.db, json: no}, rdb]\n",
    )
    assert place == FilePlace("sqlite", tmp_path / "d" / "x.db", {"json": "no"}, 4)
    for name in ("dbfilename", "file"):
        place = configured(
            tmp_path,
            f"persistence:\n  directory: /d\n  plugins: [{{use: rdb, {name}: x, rdb_version: 14}}]",
        )
        assert (place.path, place.options["rdb_version"]) == (Path("/d/x"), "14")
    place = configured(tmp_path, "persistence: {directory: /d, plugins: aof}")
    assert (place.kind, place.path) == ("aof", Path("/d/appendonlydir"))


def test_other_plugins_are_taken_as_they_are(tmp_path):
    name = "geostream_plugins.rdb:RdbPersistence"
    place = configured(tmp_path, f"persistence: {{plugins: ['{name}']}}")
    assert isinstance(place, PluginPlace)
    assert str(place) == f"plugin {name}"


@pytest.mark.parametrize("plugins", ["''", "nonsense", "[{use: sqlite, wrong: 1}]"])
def test_a_configuration_without_a_usable_plugin_is_refused(plugins, tmp_path):
    with pytest.raises(ToolError):
        configured(tmp_path, f"persistence:\n  plugins: {plugins}\n")
