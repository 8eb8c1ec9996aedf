"""The values in force: reading them by name, changing them, reloading, writing them down."""

from __future__ import annotations

import pytest

from geostream.config import BadConfig, Config, NoConfigFile, Refused, UnknownParameter, load


@pytest.fixture
def config():
    return Config()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("server:\n  hz: 20\n")
    return path


def test_a_value_is_shown_as_config_get_shows_it(config):
    assert config.get("proto-max-bulk-len") == "536870912"
    assert config.get("LATENCY-tracking") == "yes"
    assert config.get("bind") == "127.0.0.1"
    assert config.get("save") == "3600 1 300 100 60 10000"
    assert config.get("lua-time-limit") == config.get("busy-reply-threshold") == "5000"
    assert config.get("client-query-buffer-limit") == "1073741824"


def test_every_name_has_a_value(config):
    names = list(config.names())
    assert len(names) == len(set(names))
    for name in names:
        assert isinstance(config.get(name), str)


def test_a_change_shows_in_the_settings_and_by_name(config):
    before = config.settings
    config.set_many({"maxmemory": "1mb", "hz": "20"})
    assert config.settings.memory.maxmemory == 2**20
    assert config.get("hz") == "20"
    assert before.memory.maxmemory == 0
    assert config.origin("hz").kind == "runtime"


def test_an_accepted_parameter_is_kept_and_shown(config):
    config.set_many({"list-max-ziplist-size": "5"})
    assert config.get("list-max-listpack-size") == "5"


@pytest.mark.parametrize(
    ("pairs", "name", "reason"),
    [
        ([("hz", "x")], "hz", "argument couldn't be parsed into an integer"),
        ([("timeout", "5"), ("hz", "x")], "hz", "argument couldn't be parsed into an integer"),
        ([("databases", "4")], "databases", "can't set immutable config"),
        ([("dir", "/tmp")], "dir", "can't set protected config"),
        ([("hz", "1"), ("HZ", "2")], "HZ", "duplicate parameter"),
        ([("hz", "x"), ("databases", "4")], "databases", "can't set immutable config"),
        ([("hz", "1"), ("hz", "2"), ("none", "2")], "hz", "duplicate parameter"),
        ([("cluster-enabled", "yes")], "cluster-enabled", "can't set immutable config"),
        (
            [("lua-time-limit", "x")],
            "lua-time-limit",
            "argument couldn't be parsed into an integer",
        ),
    ],
)
def test_a_refused_change_changes_nothing(config, pairs, name, reason):
    before = config.settings
    with pytest.raises(Refused) as refused:
        config.set_many(pairs)
    assert (refused.value.name, refused.value.reason) == (name, reason)
    assert config.settings == before


@pytest.mark.parametrize(
    "pairs", [[("hz", "1"), ("none", "2")], [("none", "2"), ("databases", "1")]]
)
def test_an_unknown_name_is_told_as_it_was_written(config, pairs):
    with pytest.raises(UnknownParameter) as unknown:
        config.set_many(pairs)
    assert unknown.value.name == "none"
    assert config.get("hz") == "10"
    with pytest.raises(UnknownParameter):
        config.get("none")


def test_a_listener_hears_of_a_new_value_and_not_of_the_same_one(config):
    heard = []
    config.on_change("hz", heard.append)
    config.set_many({"hz": "20"})
    config.set_many({"hz": "20", "timeout": "5"})
    assert heard == [20]


def test_a_listener_sees_the_settings_already_changed(config):
    seen = []
    config.on_change("hz", lambda _: seen.append(config.settings.server.hz))
    config.set_many({"hz": "20"})
    assert seen == [20]


def test_a_listener_can_refuse_and_then_all_is_as_before(config):
    heard = []

    def refuse(value):
        raise ValueError("not that many")

    config.on_change("hz", heard.append)
    config.on_change("maxclients", refuse)
    with pytest.raises(Refused) as refused:
        config.set_many([("hz", "20"), ("maxclients", "5")])
    assert (refused.value.name, refused.value.reason) == ("maxclients", "not that many")
    assert heard == [20, 10]
    assert config.settings == Config().settings


def test_reloading_takes_over_what_the_file_says_now(file):
    config = load(file, environ={})
    heard = []
    config.on_change("hz", heard.append)
    file.write_text("server:\n  hz: 30\nclients:\n  timeout: 5\n")
    reloaded = config.reload()
    assert list(reloaded.changed) == ["hz", "timeout"]
    assert not reloaded.kept
    assert heard == [30]
    assert config.origin("timeout").place == f"{file}:4"


def test_reloading_goes_back_to_the_default_of_what_the_file_no_longer_says(file):
    config = load(file, environ={})
    file.write_text("")
    assert list(config.reload().changed) == ["hz"]
    assert config.get("hz") == "10"
    assert config.origin("hz").kind == "default"


def test_reloading_says_each_time_what_needs_a_restart(file):
    config = load(file, environ={})
    file.write_text("server:\n  hz: 20\n  port: 7\n")
    for _ in range(2):
        reloaded = config.reload()
        assert list(reloaded.kept) == [("port", "needs a restart")]
        assert not reloaded.changed
    assert config.settings.server.port == 6379


def test_reloading_says_what_a_listener_refused(file):
    def refuse(value):
        raise ValueError("no")

    config = load(file, environ={})
    config.on_change("hz", refuse)
    file.write_text("server:\n  hz: 30\n")
    assert list(config.reload().kept) == [("hz", "no")]
    assert config.get("hz") == "20"


def test_reloading_leaves_what_was_set_at_run_time(file):
    config = load(file, environ={})
    config.set_many({"hz": "50", "timeout": "5"})
    file.write_text("server:\n  hz: 20\n  tcp_keepalive: 7\n")
    assert list(config.reload().changed) == ["tcp-keepalive"]
    assert (config.get("hz"), config.get("timeout")) == ("50", "5")


def test_a_broken_file_leaves_everything_as_it_is(file):
    config = load(file, environ={})
    file.write_text("server:\n  hz: x\nclients:\n  timeout: 5\n")
    with pytest.raises(BadConfig):
        config.reload()
    assert (config.get("hz"), config.get("timeout")) == ("20", "0")


def test_a_file_named_relatively_is_found_after_the_process_moved(
    file, monkeypatch, tmp_path_factory
):
    monkeypatch.chdir(file.parent)
    config = load(file.relative_to(file.parent), environ={})
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert not config.reload().changed
    assert config.path == file


def test_rewriting_puts_changes_beside_the_file_and_the_next_start_reads_them(file):
    config = load(file, environ={})
    config.set_many(
        {"hz": "50", "requirepass": "a${b}'\"\udc80: #", "notify-keyspace-events": "AK"}
    )
    written = config.rewrite()
    assert written == file.with_name("config.yaml.runtime")
    assert written.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "server:\n  hz: 20\n"

    again = load(file, environ={})
    assert again.settings == config.settings
    assert again.origin("hz").place.startswith(str(written))


def test_rewriting_keeps_what_an_earlier_run_wrote(file):
    first = load(file, environ={})
    first.set_many({"hz": "50"})
    first.rewrite()
    second = load(file, environ={})
    second.set_many({"timeout": "5"})
    second.rewrite()
    third = load(file, environ={})
    assert (third.get("hz"), third.get("timeout")) == ("50", "5")


def test_flags_and_the_environment_win_over_what_was_rewritten(file):
    config = load(file, environ={})
    config.set_many({"hz": "50"})
    config.rewrite()
    assert load(file, environ={"GEOSTREAM__SERVER__HZ": "60"}).get("hz") == "60"


def test_without_a_file_there_is_nowhere_to_write(config):
    with pytest.raises(NoConfigFile):
        config.rewrite()


def test_a_password_that_is_not_utf8_survives(config):
    password = b"\xff\x00\n".decode("utf-8", "surrogateescape")
    config.set_many({"requirepass": password})
    assert config.settings.security.requirepass == password
