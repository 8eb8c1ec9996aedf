"""What commands ask of the disk, and which commands a failing or loading server refuses."""

from __future__ import annotations

import pytest

from geostream import errors
from geostream.engine.command import DISK_LIMIT, LOADING_LIMIT, TABLE
from geostream.engine.disk import Disk
from geostream.errors import CommandError
from geostream.reply import NO_REPLY, OK
from tests.support.engines import make_engine


class FakeDisk(Disk):
    """Keeps what it is told to say."""

    def __init__(self, appends=True):
        self.appends = appends
        self.now = self.synced = 0
        self.asked = []

    def position(self):
        return self.now

    def synced_position(self):
        return self.synced

    def request_sync(self):
        self.asked.append("sync")

    def save(self):
        self.asked.append("save")
        return OK

    def bgsave(self, *, may_wait):
        self.asked.append(f"bgsave {may_wait}")
        return OK

    def bgrewrite(self):
        self.asked.append("rewrite")
        return OK

    def last_save_s(self):
        return 77

    def prepare_shutdown(self, saves, is_forced):
        self.asked.append(f"shutdown {saves} {is_forced}")


@pytest.fixture
def bench():
    made = make_engine()
    made.engine.disk = FakeDisk()
    return made


def line(reply):
    assert isinstance(reply, CommandError), reply
    return reply.line.decode()


# Commands


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ("SAVE", "save"),
        ("BGSAVE", "bgsave False"),
        ("BGSAVE SCHEDULE", "bgsave True"),
        ("BGREWRITEAOF", "rewrite"),
        ("SHUTDOWN", "shutdown None False"),
        ("SHUTDOWN SAVE", "shutdown True False"),
        ("SHUTDOWN NOSAVE FORCE", "shutdown False True"),
    ],
)
def test_a_command_asks_the_disk(bench, request_, asked):
    bench.execute(request_)
    assert bench.engine.disk.asked == [asked]


def test_lastsave_tells_what_the_disk_knows(bench):
    assert bench.execute("LASTSAVE") == 77


@pytest.mark.parametrize("request_", ["SAVE", "BGSAVE", "BGREWRITEAOF", "SHUTDOWN SAVE"])
def test_without_a_disk_saving_is_refused(request_):
    assert line(make_engine().execute(request_)) == errors.NO_PERSISTENCE


def test_waitaof_answers_at_once_where_everything_is_synced(bench):
    assert bench.execute("WAITAOF 1 0 0") == [1, 0]
    assert bench.execute("WAITAOF 0 0 0") == [1, 0]


def test_waitaof_waits_for_what_was_changed_before_it_and_not_after(bench):
    disk = bench.engine.disk
    disk.now = 5
    assert bench.execute("WAITAOF 1 0 0") is NO_REPLY
    assert disk.asked == ["sync"]
    disk.now, disk.synced = 9, 5
    bench.clock.advance(10)
    bench.engine.wake(bench.client.ticket, bench.clock.now_ms())
    assert bench.client.link.pushed == [[1, 0]]


def test_waitaof_tells_at_its_timeout_what_is_true_then(bench):
    disk = bench.engine.disk
    disk.now = 5
    bench.execute("WAITAOF 1 1 100")
    ticket = bench.client.ticket
    disk.synced = 5
    bench.clock.advance(10)
    bench.engine.wake(ticket, bench.clock.now_ms())
    bench.clock.advance(100)
    bench.engine.wake(ticket, bench.clock.now_ms())
    assert bench.client.link.pushed == [[1, 0]]


def test_waitaof_does_not_wait_inside_a_transaction(bench):
    bench.engine.disk.now = 5
    bench.execute("MULTI")
    bench.execute("WAITAOF 1 0 0")
    assert bench.execute("EXEC") == [[0, 0]]


def test_waitaof_is_refused_where_nothing_is_appended(bench):
    bench.engine.disk.appends = False
    assert line(bench.execute("WAITAOF 1 0 0")) == errors.WAITAOF_NO_AOF
    assert bench.execute("WAITAOF 0 0 0") == [0, 0]


# A disk that fails


@pytest.fixture
def failing(bench):
    bench.execute("XADD s 1-1 f v")
    bench.engine.disk.refusal = b"MISCONF it is full"
    bench.engine.limit(DISK_LIMIT, True)
    return bench


@pytest.mark.parametrize(
    "request_", ["XADD s * f v", "DEL s", "PING", "XREADGROUP GROUP g c STREAMS s >"]
)
def test_writes_are_refused_while_the_disk_fails(failing, request_):
    assert line(failing.execute(request_)) == "MISCONF it is full"


@pytest.mark.parametrize(
    "request_", ["XLEN s", "XRANGE s - +", "INFO", "CONFIG GET save", "ECHO x"]
)
def test_reads_go_on_while_the_disk_fails(failing, request_):
    assert not isinstance(failing.execute(request_), CommandError)


def test_a_transaction_is_judged_by_what_is_queued(bench):
    bench.execute("XADD s 1-1 f v")
    bench.execute("MULTI")
    bench.execute("XADD s 2-1 f v")
    bench.engine.disk.refusal = b"MISCONF it is full"
    bench.engine.limit(DISK_LIMIT, True)
    assert line(bench.execute("EXEC")).startswith("EXECABORT")
    assert bench.execute("XLEN s") == 1


def test_writes_are_served_again_when_the_disk_is_well(failing):
    failing.engine.disk.refusal = None
    failing.engine.limit(DISK_LIMIT, False)
    assert failing.execute("XADD s 2-1 f v") == b"2-1"


# Loading


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_what_needs_data_is_refused_while_it_is_loaded(row):
    if row.subcommands:
        return
    bench = make_engine()
    bench.engine.limit(LOADING_LIMIT, True)
    words = row.name.upper().split("|")
    words += ["x"] * (abs(row.arity) - len(words))
    reply = bench.execute(*words)
    is_refused = isinstance(reply, CommandError) and reply.line.startswith(b"LOADING ")
    assert is_refused == ("loading" not in row.flags)


def test_nothing_is_done_now_and_then_while_data_is_loaded(bench):
    bench.execute("SET k v PX 5")
    bench.engine.limit(LOADING_LIMIT, True)
    bench.advance(10)
    assert len(bench.engine.keyspace.databases[0]) == 1
