"""INFO: the counters by which tests and dashboards steer are exact.

Every request of the tables of the other files is run between two looks at the
counters; both servers must have counted the same: changes since the last save,
error replies by their first word, calls, refusals and failures by command.
"""

from __future__ import annotations

import re

import pytest

from tests.differential import test_claims, test_keys, test_transactions, test_xgroup
from tests.support.both import Both, in_lines
from tests.support.servers import VALKEY
from tests.support.wire import text_of

pytestmark = pytest.mark.real_redis

SETUP = """
    XADD s 1-0 f 1
    XADD s 2-0 f 2
    XADD s 3-0 f 3
    XADD s 4-0 f 4
    XADD s 5-0 f 5
    XGROUP CREATE s g 0
    XGROUP CREATE s h 0
    XREADGROUP GROUP g c COUNT 4 STREAMS s >
    XREADGROUP GROUP h c COUNT 2 STREAMS s >
    XDEL s 2-0
    XADD t 1-0 f v
    SET string x EX 1000
"""

MORE = [
    "XADD s MAXLEN 2 9-0 f v",
    "XADD s MAXLEN ~ 2 9-0 f v",
    "XADD s NOMKSTREAM 9-0 f v",
    "XADD n NOMKSTREAM 9-0 f v",
    "XADD s 1-0 f v",
    "XADD s 0-0 f v",
    "XADD n MAXLEN 0 9-0 f v",
    "XADD string 9-0 f v",
    "XADD",
    "XREADGROUP GROUP g c STREAMS s >",
    "XREADGROUP GROUP g new STREAMS s >",
    "XREADGROUP GROUP g new COUNT 1 STREAMS s >",
    "XREADGROUP GROUP g new NOACK STREAMS s >",
    "XREADGROUP GROUP g new STREAMS s 0",
    "XREADGROUP GROUP g c STREAMS s 0",
    "XREADGROUP GROUP no c STREAMS s 0",
    "XREADGROUP GROUP h c STREAMS s s > 0",
    "XREAD STREAMS s 0",
    "XREAD STREAMS missing 0",
    "XREAD STREAMS string 0",
    "XREAD BLOCK 1 STREAMS missing 0",
    "XRANGE s - +",
    "XRANGE s x +",
    "FOO",
    "FOO bar",
    "XGROUP FOO",
    "CLIENT FOO",
    "GET missing",
    "SELECT 99",
    "MULTI\nXADD s 9-0 f v\nXADD s 9-1 f v\nEXEC",
    "MULTI\nXADD s 1-0 f v\nXLEN string\nEXEC",
    "MULTI\nFOO\nXLEN\nEXEC",
    "MULTI\nXLEN s\nDISCARD",
    "MULTI\nEXEC",
    "EXEC",
    "WATCH s\nXADD s 9-0 f v\nMULTI\nXLEN s\nEXEC",
    "MSET a 1 b 2 c 3",
    "DEL s t string",
    "FLUSHALL",
    "FLUSHDB",
    "FLUSHALL\nFLUSHALL",
    "SWAPDB 0 1",
    "MOVE s 1",
    "EXPIRE s 0",
    "EXPIRE s 100\nPERSIST s\nPERSIST s",
    "COPY s n",
    "RENAME s n",
    "SET string y\nSET string y KEEPTTL",
    "INCR n\nAPPEND n x\nSETNX n x",
    "GETEX string PERSIST\nGETDEL string\nGETDEL string",
    "PING\nECHO x\nPING a b",
    "XSETID s 9-0\nXSETID s 1-0",
    "XGROUP DESTROY s g\nXGROUP DESTROY s g",
    "AUTH x\nAUTH default wrong\nHELLO 9",
    "CONFIG SET nothing 1\nCONFIG GET nothing",
    "DEBUG ERROR 'MYCODE something'",
    "COMMAND INFO xlen\nCOMMAND COUNT x",
    "OBJECT ENCODING s\nOBJECT FREQ s\nTYPE s\nTTL s",
    "XAUTOCLAIM s g d 0 0\nXAUTOCLAIM s g d 0 0 JUSTID",
    "XCLAIM s g d 0 2-0\nXCLAIM s g d 0 9-9",
]

TABLES = {
    # but for the short XPENDING, which is geostream's own
    "claims": [line for line in test_claims.CLAIMS if not re.fullmatch(r"XPENDING s g \S+", line)],
    "groups": test_xgroup.LINES,
    "writes": list(test_transactions.WRITES.values()),
    "keys": [line for line in test_keys.KEY_LINES if "IDLETIME" not in line],
    "expiry": test_keys.EXPIRY_LINES,
    "more": MORE,
}

NEW_TABLES = {
    "new writes": list(test_transactions.NEW_WRITES.values()),
    "deletions": [
        f"{begin} {policy} {rest}"
        for begin in ("XDELEX s", "XACKDEL s g", "XDELEX missing", "XACKDEL s no")
        for policy in ("KEEPREF", "DELREF", "ACKED")
        for rest in ("IDS 1 1-0", "IDS 3 1-0 2-0 9-9", "IDS 2 4-0 x", "IDS 0 1-0", "IDS 1 5-0")
    ],
}


def counters(both: Both) -> list[dict[bytes, bytes]]:
    """Return for each server the counters that are compared, by name."""
    found = []
    for reply in both.ask("INFO", "commandstats", "errorstats", "persistence", "stats"):
        text = text_of(reply)
        wanted = (
            rb"^(cmdstat_[^:]*|errorstat_[^:]*|rdb_changes_since_last_save|total_error_replies|"
        )
        wanted += rb"keyspace_hits|keyspace_misses|expired_keys|evicted_keys):(.*?)\r?$"
        rows = dict(re.findall(wanted, text, re.MULTILINE))
        for name, value in rows.items():
            rows[name] = re.sub(rb"usec=\d+,usec_per_call=[\d.]+,", b"", value)
        for name in (b"rdb_changes_since_last_save",):
            rows[name] = b"%d" % int(rows[name])
        found.append(rows)
    return found


LOOKUPS = {b"keyspace_hits", b"keyspace_misses"}


def _compare_counters(both: Both, lines: list[str], lookups: bool) -> None:
    wrong = []
    for line in lines:
        both.run_at_once("FLUSHALL\n" + SETUP)
        both.run("CONFIG RESETSTAT")
        before = [int(rows[b"rdb_changes_since_last_save"]) for rows in counters(both)]
        both.ask_many(line)
        after = counters(both)
        both.ask("SELECT 0")
        for rows, old in zip(after, before, strict=True):
            rows[b"rdb_changes_since_last_save"] = b"%d" % (
                int(rows[b"rdb_changes_since_last_save"]) - old
            )
        ours, theirs = after
        different = {
            name: (ours.get(name), theirs.get(name))
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name) and (name in LOOKUPS) == lookups
        }
        if different:
            wrong.append(f"\n  {line!r}: (geostream, {both.server}) {different}")
    assert not wrong, "".join(wrong)


@pytest.mark.protocols(2)
@pytest.mark.lacks(VALKEY)  # it counts errors of another making
@pytest.mark.parametrize("table", [*TABLES, *NEW_TABLES])
def test_counters_after_a_request(both: Both, table: str) -> None:
    _compare_counters(both, (TABLES | NEW_TABLES)[table], lookups=False)


@pytest.mark.protocols(2)
@pytest.mark.lacks(VALKEY)
@pytest.mark.parametrize("table", [*TABLES, *NEW_TABLES])
def test_found_and_missed_keys_after_a_request(both: Both, table: str) -> None:
    _compare_counters(both, (TABLES | NEW_TABLES)[table], lookups=True)


@pytest.mark.protocols(2)
@pytest.mark.lacks(VALKEY)
def test_counters_of_blocked_requests(both: Both) -> None:
    both.run("XGROUP CREATE s g $ MKSTREAM")
    both.run("CONFIG RESETSTAT")
    first = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    second = both.wait_with("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")
    third = both.wait_with("XREAD BLOCK 0 STREAMS s $")
    both.run("XADD s 1-0 f v")
    first.read()
    third.read()
    both.run("DEL s")
    second.read()
    wanted = (b"cmdstat_xread", b"cmdstat_xadd", b"errorstat", b"total_error")
    ours, theirs = (
        {name: value for name, value in rows.items() if name.startswith(wanted)}
        for rows in counters(both)
    )
    assert ours == theirs


def test_sections(both: Both) -> None:
    def sections(text: bytes) -> list[bytes]:
        return re.findall(rb"^# (\w+)\r$", text, re.MULTILINE)

    both.run("INFO nothing")
    for line in (
        "INFO server",
        "INFO SERVER",
        "INFO clients memory",
        "INFO stats stats",
        "INFO keyspace",
    ):
        ours, theirs = both.ask(line)
        assert type(ours) is type(theirs)
        assert sections(text_of(ours)) == sections(text_of(theirs))
    default = b"Server Clients Memory Persistence Stats Replication CPU Errorstats Cluster Keyspace"
    ours, _ = both.ask("INFO")
    optional = (b"Modules", b"Threads", b"Keysizes")
    assert [name for name in sections(text_of(ours)) if name not in optional] == default.split()
    ours, _ = both.ask("INFO everything")
    assert {b"Commandstats", b"Latencystats", *default.split()} <= set(sections(text_of(ours)))


FIELDS = in_lines(
    """
    redis_version redis_mode os arch_bits process_id run_id tcp_port uptime_in_seconds
    uptime_in_days hz executable config_file connected_clients blocked_clients maxclients
    pubsub_clients watching_clients total_blocking_keys total_blocking_keys_on_nokey used_memory
    used_memory_human used_memory_rss used_memory_peak maxmemory maxmemory_human maxmemory_policy
    mem_fragmentation_ratio loading rdb_changes_since_last_save rdb_bgsave_in_progress
    rdb_last_save_time rdb_last_bgsave_status aof_enabled aof_rewrite_in_progress
    aof_last_write_status aof_last_bgrewrite_status total_connections_received
    total_commands_processed instantaneous_ops_per_sec rejected_connections expired_keys
    evicted_keys keyspace_hits keyspace_misses pubsub_channels pubsub_patterns total_error_replies
    role connected_slaves master_replid master_repl_offset used_cpu_sys used_cpu_user
    cluster_enabled
    """
)

EQUAL = in_lines(
    """
    redis_mode arch_bits maxclients blocked_clients total_blocking_keys pubsub_clients
    total_blocking_keys_on_nokey watching_clients maxmemory maxmemory_human maxmemory_policy loading
    rdb_bgsave_in_progress rdb_last_bgsave_status aof_enabled aof_rewrite_in_progress
    aof_last_write_status aof_last_bgrewrite_status pubsub_channels pubsub_patterns role
    connected_slaves cluster_enabled hz
    """
)


def all_fields(reply: object) -> dict[bytes, bytes]:
    return dict(re.findall(rb"^([^#:\r]+):(.*?)\r$", text_of(reply), re.MULTILINE))


def test_the_fields_clients_read(both: Both) -> None:
    ours, theirs = (all_fields(reply) for reply in both.ask("INFO"))
    missing = [name for name in FIELDS if name.encode() not in ours]
    assert not missing
    for name in EQUAL:
        if name.encode() in theirs:  # Valkey has other names for a few
            assert ours[name.encode()] == theirs[name.encode()], name
    assert re.fullmatch(rb"[0-9a-f]{40}", ours[b"run_id"])
    for name in FIELDS:
        if name.encode() in theirs and theirs[name.encode()].isdigit():
            assert ours[name.encode()].isdigit(), name


def test_the_keyspace(both: Both) -> None:
    def keyspace() -> list[list[bytes]]:
        return [
            re.findall(rb"^(db\d+:keys=\d+,expires=\d+),avg_ttl=\d+", text_of(reply), re.MULTILINE)
            for reply in both.ask("INFO keyspace")
        ]

    for lines in (
        "PING",
        "XADD s 1-1 f v",
        "XADD t 1-1 f v\nEXPIRE t 1000",
        "SELECT 5\nXADD s 1-1 f v\nSELECT 0",
        "DEL s",
        "FLUSHALL",
    ):
        both.run_many(lines)
        ours, theirs = keyspace()
        assert ours == theirs


def test_watching_and_listening_clients_are_counted(both: Both) -> None:
    def looks() -> None:
        names = (b"pubsub_clients", b"watching_clients", b"connected_clients")
        ours, theirs = (all_fields(reply) for reply in both.ask("INFO clients"))
        for name in names[:2]:
            assert ours[name] == theirs[name]

    other = both.another()
    other.run("WATCH a")
    looks()
    other.run("UNWATCH")
    looks()
    other.send("SUBSCRIBE a")
    other.read()
    looks()
