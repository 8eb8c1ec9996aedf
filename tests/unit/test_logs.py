"""The log: one line an event, and nobody waits for it."""

from __future__ import annotations

import json
import logging
import os
import pty

import pytest

from geostream import logs

SOURCE = logs.logger("test")


@pytest.fixture
def start(tmp_path):
    """A function that starts a log into a file, and one that gives its lines once it is stopped."""
    path = tmp_path / "log"
    started = []

    def start_one(**options):
        started.append(logs.Log(path=str(path), **options))
        return started[-1]

    def lines():
        for log in started:
            log.stop()
        return path.read_text().splitlines()

    yield start_one, lines
    for log in started:
        log.stop()


def test_an_event_is_a_json_object_on_a_line(start):
    start_log, lines = start
    start_log(form="json")
    logs.event(SOURCE, logs.NOTICE, "Ready to accept connections", address="::1", port=6379)
    (line,) = lines()
    found = json.loads(line)
    assert found.pop("ts").endswith("Z")
    assert found == {
        "level": "notice",
        "event": "Ready to accept connections",
        "source": "test",
        "address": "::1",
        "port": 6379,
    }
    assert line.startswith('{"ts":"')


def test_an_event_is_a_readable_line(start):
    start_log, lines = start
    start_log(form="text")
    logs.event(SOURCE, logs.WARNING, "Odd\nthing", client='a "b"', key=b"\xff k", empty="", n=5)
    (line,) = lines()
    _, _, rest = line.partition(" ")
    assert rest == r'warning Odd thing client="a \"b\"" key="\\xff k" empty="" n=5'


def test_a_fault_has_its_traceback_in_one_json_line(start):
    start_log, lines = start
    start_log(form="json")
    try:
        raise LookupError("lost")
    except LookupError:
        logs.fault(SOURCE, "A command failed", command="XADD")
    (line,) = lines()
    assert json.loads(line)["level"] == "error"
    assert json.loads(line)["traceback"].endswith("LookupError: lost")


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "verbose", "notice", "warning"]),
        ("verbose", ["verbose", "notice", "warning"]),
        ("notice", ["notice", "warning"]),
        ("warning", ["warning"]),
        ("nothing", []),
    ],
)
def test_what_is_lighter_than_the_level_is_not_logged(start, level, heard):
    start_log, lines = start
    start_log(form="json", level=level)
    for weight in (logs.DEBUG, logs.VERBOSE, logs.NOTICE, logs.WARNING):
        logs.event(SOURCE, weight, "x")
    assert [json.loads(line)["level"] for line in lines()] == heard


def test_the_level_can_be_changed_while_it_runs(start):
    start_log, lines = start
    log = start_log(form="json", level="warning")
    logs.event(SOURCE, logs.NOTICE, "unheard")
    log.set_level("debug")
    logs.event(SOURCE, logs.DEBUG, "heard")
    assert [json.loads(line)["event"] for line in lines()] == ["heard"]


def test_text_that_is_no_text_does_not_stop_the_log(start):
    start_log, lines = start
    start_log(form="json")
    logs.event(SOURCE, logs.NOTICE, "odd", key="\udcff", many=[b"\xff", 1], none=None)
    (line,) = lines()
    assert json.loads(line)["key"] == "\\udcff"
    assert json.loads(line)["none"] is None


def test_plain_logging_calls_go_the_same_way(start):
    start_log, lines = start
    start_log(form="json")
    logging.getLogger("geostream.x").warning("%d of %s", 5, "them")
    assert [json.loads(line)["event"] for line in lines()] == ["5 of them"]


def test_a_file_that_was_moved_away_is_made_anew(start, tmp_path):
    start_log, lines = start
    log = start_log(form="text")
    logs.event(SOURCE, logs.NOTICE, "before")
    log.stop()
    (tmp_path / "log").rename(tmp_path / "log.1")
    start_log(form="text")
    logs.event(SOURCE, logs.NOTICE, "after")
    assert [line.split()[-1] for line in lines()] == ["after"]


def test_a_file_that_cannot_be_written_is_an_error_at_once():
    with pytest.raises(FileNotFoundError):
        logs.Log(path="/nowhere/log")


@pytest.mark.parametrize(("output", "starts_with"), [("terminal", b"2"), ("pipe", b"{")])
def test_a_terminal_gets_text_and_everything_else_json(output, starts_with):
    reader, writer = pty.openpty() if output == "terminal" else os.pipe()
    log = logs.Log(output=writer)
    logs.event(SOURCE, logs.NOTICE, "x")
    log.stop()
    assert os.read(reader, 1000).startswith(starts_with)
    os.close(reader)
    os.close(writer)


def test_an_output_nobody_reads_holds_nobody_up_and_the_loss_is_told():
    reader, writer = os.pipe()
    log = logs.Log(output=writer, max_queued=100)
    for number in range(5000):  # far more than pipe and queue hold; this loop must end
        logs.event(SOURCE, logs.NOTICE, "x" * 100, number=number)
    assert log.lost_records > 0
    found = []
    with os.fdopen(reader, "rb") as pipe:
        while sum(line.get("lines", 1) for line in found) < 5000:
            found.append(json.loads(pipe.readline()))
        log.stop()
        os.close(writer)
    told = [line for line in found if "lines" in line]
    assert told[-1]["event"] == "Log lines were lost because the output did not take them"
    assert sum(line["lines"] for line in told) == log.lost_records


def test_an_output_whose_reader_is_gone_is_no_reason_to_fall():
    reader, writer = os.pipe()
    os.close(reader)
    log = logs.Log(output=writer)
    logs.event(SOURCE, logs.NOTICE, "x")
    log.stop()
    assert log.lost_records == 1
    os.close(writer)


def test_nothing_of_the_log_stays_behind_when_it_is_stopped(start):
    start_log, _ = start
    before = list(logs.ROOT.handlers)
    log = start_log()
    assert logs.ROOT.handlers != before
    log.stop()
    assert logs.ROOT.handlers == before
    assert logs.ROOT.propagate
