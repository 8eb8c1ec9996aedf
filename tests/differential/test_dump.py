"""DUMP, RESTORE and DEBUG RELOAD beside real servers, with payloads carried both ways."""

from __future__ import annotations

from typing import Any

import pytest

from geostream.store.ids import U64_MAX
from tests.support.both import Both, until
from tests.support.info import info
from tests.support.servers import VALKEY
from tests.support.wire import Client, Simple, plain

pytestmark = pytest.mark.real_redis

OK = Simple(b"OK")
LONG = "x" * 5000

#: Streams and strings of every shape the formats tell apart.
SETUPS = {
    "one entry": ["XADD k 1-0 f v"],
    "empty": ["XADD k 5-5 f v", "XDEL k 5-5"],
    "empty with a group": ["XGROUP CREATE k g 7-7 MKSTREAM"],
    "same fields": [f"XADD k {n}-0 temperature {n} humidity -{n}" for n in range(1, 300)],
    "other fields": [f"XADD k {n}-{n} f{n % 7} {10**n} g v" for n in range(1, 30)],
    "repeated fields": ["XADD k 1-0 f 1 f 2 f 3", 'XADD k 2-0 "" "" "\\x00\\r\\n" "\\xff"'],
    "numbers": [
        f"XADD k {n}-0 f {sign}{value} g 0{value}"
        for n, (sign, value) in enumerate(
            [(sign, 2**bits + more) for sign in ("", "-") for bits in (6, 7, 12, 15, 23, 31, 63)
             for more in (-1, 0, 1)], 1)
    ],
    "the largest ID": ["XADD k 1-0 f v", f"XADD k {U64_MAX}-{U64_MAX} f v"],
    "long values": [f"XADD k 1-0 f {LONG}", f"XADD k 2-0 {LONG} v", "XADD k 3-0 f " + "y" * 70],
    "holes": [*(f"XADD k {n}-0 f v" for n in range(1, 250)),
              "XDEL k 1-0 2-0 70-0 120-0 249-0", "XTRIM k MINID 31", "XTRIM k MAXLEN ~ 100"],
    "set from outside": ["XADD k 1-0 f v", "XSETID k 9-9 ENTRIESADDED 77 MAXDELETEDID 5-0"],
    "groups": [
        *(f"XADD k {n}-0 f v" for n in range(1, 9)),
        "XGROUP CREATE k b 0", "XGROUP CREATE k a $", "XGROUP CREATE k c 3-0 ENTRIESREAD 2",
        "XREADGROUP GROUP b second COUNT 3 STREAMS k >",
        "XREADGROUP GROUP b first COUNT 2 STREAMS k >",
        "XREADGROUP GROUP b greedy NOACK COUNT 1 STREAMS k >",
        "XREADGROUP GROUP c first STREAMS k >",
        "XGROUP CREATECONSUMER k b idle",
        "XCLAIM k b third 0 2-0 TIME 1700000000000 RETRYCOUNT 300 JUSTID",
        "XACK k b 1-0", "XDEL k 3-0",
    ],
    "text": ["SET k hello"],
    "long text": ["SET k " + "ab" * 3000],
    "empty text": ['SET k ""'],
    "a number": ["SET k -12345"],
    "no number": ["SET k 0012"],
}  # fmt: skip


def everything(both: Both, key: str) -> None:
    """Compare all that can be seen of a key."""
    if both.ask("TYPE", key)[0] == Simple(b"string"):
        both.run("GET", key)
        both.run("OBJECT", "ENCODING", key)
        return
    both.run("XRANGE", key, "-", "+")
    both.run("XINFO", "STREAM", key, "FULL", "COUNT", 0)
    both.run("XINFO", "STREAM", key)
    both.run("XINFO", "GROUPS", key)


@pytest.mark.parametrize("lines", SETUPS.values(), ids=SETUPS.keys())
def test_payloads_are_exchanged(both: Both, lines: list[str]) -> None:
    """Each server's goes to both, as far as the other's format is not of its own kind."""
    both.run_many("\n".join(lines))
    ours, theirs = both.ask("DUMP k")
    for number, payload in enumerate((ours, theirs)):
        both.run("RESTORE", f"from{number}", 0, payload)
        everything(both, f"from{number}")
    again, _ = both.ask("DUMP from0")
    assert again == ours


def test_a_restored_stream_goes_on_as_before(both: Both) -> None:
    both.run_many("\n".join(SETUPS["groups"]))
    both.run("RESTORE", "n", 0, both.ask("DUMP k")[0])
    both.run_many(
        """
        XREADGROUP GROUP a new COUNT 2 STREAMS n >
        XADD n 3-0 f v
        XADD n 9-0 f v
        XREADGROUP GROUP a new COUNT 2 STREAMS n >
        XREADGROUP GROUP b second STREAMS n 0
        XPENDING n b
        XPENDING n b - + 10
        XACK n b 2-0 3-0 4-0
        XTRIM n MAXLEN 2
        XINFO STREAM n FULL
        """
    )


# Replies

REFUSED = [
    "RESTORE k 0 rubbish",
    "RESTORE k x rubbish",
    "RESTORE k x rubbish REPLACE",
    "RESTORE n x rubbish",
    "RESTORE n -1 rubbish",
    "RESTORE n 9223372036854775808 rubbish",
    "RESTORE n 01 rubbish",
    "RESTORE n 0 rubbish",
    'RESTORE n 0 ""',
    "RESTORE n 1 rubbish ABSTTL",
    "RESTORE k 0 rubbish FOO",
    "RESTORE k 0 rubbish REPLACE FOO",
    "RESTORE k 0 rubbish IDLETIME",
    "RESTORE k 0 rubbish FREQ",
    "RESTORE k 0 rubbish IDLETIME x",
    "RESTORE k 0 rubbish FREQ x",
    "RESTORE k 0 rubbish IDLETIME -1",
    "RESTORE k 0 rubbish FREQ -1",
    "RESTORE k 0 rubbish FREQ 256",
    "RESTORE k 0 rubbish IDLETIME 1 FREQ 1",
    "RESTORE k 0 rubbish FREQ 1 IDLETIME 1",
    "RESTORE k 0 rubbish FREQ 1 IDLETIME -1",
    "RESTORE k 0 rubbish IDLETIME -1 IDLETIME 1",
    "RESTORE k 0 rubbish IDLETIME 1 IDLETIME 1",
    "restore k 0 rubbish replace absttl idletime 1 FOO",
]


@pytest.mark.parametrize("line", REFUSED)
def test_the_first_mistake_is_answered(both: Both, line: str) -> None:
    both.run_many(f"XADD k 1-0 f v\n{line}\nEXISTS n\nXLEN k")


@pytest.mark.protocols(2)
def test_cut_and_flipped_payloads_are_refused(both: Both) -> None:
    both.run("XADD k 1-0 f v")
    payload, _ = both.ask("DUMP k")
    for size in range(len(payload)):
        both.run("RESTORE", "n", 0, payload[:size])
        both.run("RESTORE", "n", 0, payload[:size] + bytes([payload[size] ^ 16]) + payload[size:])
    both.run("EXISTS n")


@pytest.mark.parametrize(
    "words",
    [
        *(["0"], ["0", "ABSTTL"], ["5000"], ["5000", "REPLACE"], ["0", "REPLACE"]),
        *(["0", "REPLACE", "REPLACE", "absttl"], ["99999999999999", "ABSTTL", "REPLACE"]),
        *(["9223372036854775807", "REPLACE"], ["9223372036854775807", "REPLACE", "ABSTTL"]),
        *(["1", "ABSTTL"], ["1", "ABSTTL", "REPLACE"], ["0", "IDLETIME", "100", "REPLACE"]),
        *(["0", "IDLETIME", "1", "IDLETIME", "2", "REPLACE"], ["0", "FREQ", "255", "REPLACE"]),
    ],
    ids=" ".join,
)
def test_times(both: Both, words: list[str]) -> None:
    both.run_many("XADD k 1-0 f v\nSET there x\nSET expires x EX 100")
    payload, _ = both.ask("DUMP k")
    for key in ("n", "there", "expires"):
        both.run("RESTORE", key, words[0], payload, *words[1:])
        both.run_many(f"EXISTS {key}\nPTTL {key}\nTYPE {key}")
        both.run_loosely("OBJECT", "IDLETIME", key)


def test_how_long_a_restored_key_was_idle(both: Both) -> None:
    both.run("SET k x")
    both.run("RESTORE", "n", 0, both.ask("DUMP k")[0], "IDLETIME", 1000)
    for idle_s in both.ask("OBJECT IDLETIME n"):
        assert 1000 <= idle_s <= 1010


# What others notice

RESTORES = [
    *("n 0", "n 5000", "n 1 ABSTTL", "stream 0", "stream 0 REPLACE", "stream 5000 REPLACE"),
    *("string 0 REPLACE", "string 5000 REPLACE", "expires 0 REPLACE", "expires 5000 REPLACE"),
    *("stream 1 REPLACE ABSTTL", "n 1 REPLACE ABSTTL", "n 0 IDLETIME 5"),
]


def restore(both: Both, source: str, line: str) -> None:
    """Restore geostream's payload of a key at both, as the line says."""
    payload, _ = both.ask("DUMP", source)
    key, ttl, *options = line.split()
    both.run("RESTORE", key, ttl, payload, *options)


def some_keys(both: Both) -> None:
    both.run_many("XADD from 1-0 f v\nXADD stream 1-0 f v\nSET string x\nSET expires x EX 100")


def compare_events(both: Both, source: str, line: str, classes: str) -> None:
    both.run("CONFIG", "SET", "notify-keyspace-events", classes)
    some_keys(both)
    listener = both.another()
    listener.run("PSUBSCRIBE *")
    restore(both, source, line)
    both.run("PUBLISH end end")
    while True:
        message: Any = plain(listener.read())
        if message[2] == b"end":
            break


@pytest.mark.protocols(2)
@pytest.mark.parametrize("line", RESTORES)
@pytest.mark.parametrize("source", ["from", "string"])
def test_the_events_of_a_restore(both: Both, source: str, line: str) -> None:
    compare_events(both, source, line, "KEAnm")


@pytest.mark.protocols(2)
@pytest.mark.lacks(VALKEY)  # it does not know these classes
@pytest.mark.parametrize("line", RESTORES)
@pytest.mark.parametrize("source", ["from", "string"])
def test_the_events_of_a_restore_that_replaces(both: Both, source: str, line: str) -> None:
    compare_events(both, source, line, "KEAnmoc")


def test_the_events_of_a_dump(both: Both) -> None:
    both.run("CONFIG SET notify-keyspace-events KEAnm")
    listener = both.another()
    listener.run("PSUBSCRIBE *")
    both.run("DUMP missing")
    listener.read()


@pytest.mark.protocols(2)
@pytest.mark.parametrize("line", RESTORES)
def test_what_a_restore_counts_for(both: Both, line: str) -> None:
    some_keys(both)
    payload, _ = both.ask("DUMP from")
    key, ttl, *options = line.split()
    found = []
    for client in (both.ours, both.theirs):
        client.call("CONFIG RESETSTAT")
        before = counts(client)
        client.call("RESTORE", key, ttl, payload, *options)
        found.append([now - then for now, then in zip(counts(client), before, strict=True)])
    assert found[0] == found[1]


def counts(client: Client) -> list[int]:
    names = ("rdb_changes_since_last_save", "keyspace_hits", "keyspace_misses", "expired_keys")
    return [info(client, name) for name in names]


@pytest.mark.parametrize("line", RESTORES)
def test_a_watched_key_that_is_restored(both: Both, line: str) -> None:
    some_keys(both)
    watching = both.another()
    watching.run("WATCH", line.split(maxsplit=1)[0])
    restore(both, "from", line)
    watching.run_many("MULTI\nPING\nEXEC")


@pytest.mark.parametrize("source", ["with-group", "without", "text"])
@pytest.mark.parametrize(
    "request_", ["XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "XREAD BLOCK 0 STREAMS s $"]
)
def test_readers_of_a_key_that_is_replaced(both: Both, source: str, request_: str) -> None:
    both.run_many(
        """
        XGROUP CREATE s g $ MKSTREAM
        XADD without 5-0 f v
        XADD with-group 5-0 f v
        XGROUP CREATE with-group g 0
        SET text x
        """
    )
    waiter = both.wait_with(request_)
    restore(both, source, "s 0 REPLACE")
    if not both.is_settled(waiter):
        waiter.read()
        return
    both.run_many("DEL s\nXGROUP CREATE s g $ MKSTREAM\nXADD s 9-0 f v")
    waiter.read()


def test_a_reader_of_a_key_that_a_restore_deletes(both: Both) -> None:
    both.run("XGROUP CREATE s g $ MKSTREAM")
    waiter = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    restore(both, "s", "s 1 REPLACE ABSTTL")
    waiter.read()


# DEBUG RELOAD


@pytest.mark.parametrize("lines", SETUPS.values(), ids=SETUPS.keys())
@pytest.mark.protocols(2)
def test_a_reload_changes_nothing(both: Both, lines: list[str]) -> None:
    both.run_many("\n".join(lines))
    both.run_many("PEXPIREAT k 99999999999999\nCOPY k same DB 3\nDEBUG RELOAD\nPEXPIRETIME k")
    everything(both, "k")
    both.run_many("DBSIZE\nSELECT 3\nDBSIZE")
    everything(both, "same")


def test_the_options_of_a_reload(both: Both) -> None:
    both.run_many(
        """
        DEBUG RELOAD NOFLUSH
        XADD s 1-0 f v
        DEBUG RELOAD MERGE
        DEBUG RELOAD MERGE MERGE MERGE MERGE
        DEBUG RELOAD noflush merge
        DEBUG RELOAD FOO
        DEBUG RELOAD MERGE FOO
        XLEN s
        MULTI
        DEBUG RELOAD
        XLEN s
        EXEC
        """
    )


def test_expired_keys_are_gone_after_a_reload(both: Both) -> None:
    both.run_many("DEBUG SET-ACTIVE-EXPIRE 0\nSET k x\nSET gone x PX 1")
    until(lambda: both.ask("PTTL gone") == (-2, -2), "expired")
    both.run_many("DEBUG RELOAD\nDBSIZE\nDEBUG SET-ACTIVE-EXPIRE 1")


@pytest.mark.parametrize("key", ["s", "missing"])
@pytest.mark.parametrize("options", ["", "NOFLUSH MERGE"])
def test_what_a_reload_is_to_watched_keys(both: Both, key: str, options: str) -> None:
    both.run("XADD s 1-0 f v")
    watching = both.another()
    watching.run("WATCH", key)
    both.run(f"DEBUG RELOAD {options}")
    watching.run_many("MULTI\nPING\nEXEC")


def test_who_waits_goes_on_waiting_through_a_reload(both: Both) -> None:
    both.run_many("XADD s 1-0 f v\nXGROUP CREATE u g $ MKSTREAM")
    reader = both.wait_with("XREAD BLOCK 0 STREAMS s $")
    consumer = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS u >")
    both.run("DEBUG RELOAD")
    both.assert_waits(reader, consumer)
    both.run_many("XADD s 2-0 f v\nXADD u 1-0 f v")
    reader.read()
    consumer.read()
    both.run("XPENDING u g")


def test_no_file_is_there_to_be_loaded_without_saving(client: Client) -> None:
    client.call("XADD s 1-0 f v")
    reply = client.call("DEBUG RELOAD NOSAVE")
    assert reply.line == b"ERR Error trying to load the RDB dump, check server logs."
    assert client.call("DEBUG RELOAD NOFLUSH").line.startswith(b"ERR DEBUG RELOAD NOFLUSH ")
    assert client.call("XLEN s") == 1
