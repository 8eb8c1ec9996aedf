"""Many small entries kept for long: what each takes once the server has packed what is old.

``python -m bench.retained --entries 5e7`` fills one stream with entries of constant fields,
waits until memory stands still, and prints the bytes of an entry: resident memory and what the
server itself reports. Then it reads ten entries at random places, again and again, so that one
sees what reading what is packed costs.
"""

from __future__ import annotations

import argparse
import random
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

from bench.entries import adds_of_kind, entry_id
from bench.process import exact_cpu_s, rss_bytes
from bench.servers import NAMES, CannotStart, Server
from bench.setups import IN_MEMORY, OURS
from bench.wire import PATIENCE_S, Connection, ServerSaidNo, pack

KEY = b"bench:retained"
PART = 1_000_000  # entries between two lines of progress
READS = 2_000
READ_ENTRIES = 10
LOOK_EVERY_S = 0.5
SETTLE_LIMIT_S = 900.0
STEADY_SHARE = 0.002  # of resident memory, by which it may change and still count as steady


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.retained", description=__doc__)
    add = parser.add_argument
    add("--entries", type=lambda text: int(float(text)), default=1_000_000, help="default 1e6")
    add("--servers", nargs="+", choices=NAMES, default=[OURS])
    add("--settle-s", type=float, default=15.0, help="how long memory has to stand still")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Fill, wait, print; return the exit status."""
    asked = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are stopped either way
    outcome = 0
    for name in asked.servers:
        server = Server(name, setup=IN_MEMORY.of(name))
        try:
            server.start()
            print(f"{name} {server.version}, {asked.entries:,} entries")
            _measure(server, asked.entries, asked.settle_s)
        except (CannotStart, ServerSaidNo, OSError) as error:
            print(f"{name}: {error}\n{server.log_tail()}", file=sys.stderr)
            outcome = 1
        finally:
            server.stop()
    return outcome


def _measure(server: Server, entries: int, settle_s: float) -> None:
    with Connection(server.port, PATIENCE_S) as connection:
        rss_before, used_before = rss_bytes(server.pid), _used_bytes(connection)
        begun_s, cpu_begun_s = time.monotonic(), exact_cpu_s(server.pid)
        peak = _fill(connection, server.pid, entries)
        filled_s, filled_cpu_s = time.monotonic() - begun_s, exact_cpu_s(server.pid) - cpu_begun_s
        rss = _settled_rss(server.pid, settle_s)
        settled_cpu_s = exact_cpu_s(server.pid) - cpu_begun_s - filled_cpu_s
        used = _used_bytes(connection)
        if connection.call("XLEN", KEY) != entries:
            raise ServerSaidNo("some entries are missing")
        print(f"  filled in              {filled_s:12.1f} s, {filled_cpu_s:.1f} s of CPU time")
        print(f"  CPU time afterwards    {settled_cpu_s:12.1f} s")
        print(f"  resident, at most      {(peak - rss_before) / entries:12.2f} bytes/entry")
        print(f"  resident               {(rss - rss_before) / entries:12.2f} bytes/entry")
        print(f"  used_memory            {(used - used_before) / entries:12.2f} bytes/entry")
        print(f"  resident in all        {rss / 1e6:12.1f} MB")
        _read(connection, server, entries)


def _fill(connection: Connection, pid: int, entries: int) -> int:
    """Add the entries; return the most resident memory seen meanwhile."""
    adds = adds_of_kind("constant", KEY, entries)
    peak = 0
    for done in range(0, entries, PART):
        connection.fill_unheard(_some(adds, min(PART, entries - done)))
        peak = max(peak, rss_bytes(pid))
        print(f"  {done + PART:,}: {peak / 1e6:,.0f} MB", file=sys.stderr, flush=True)
    return peak


def _some(requests: Iterator[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield next(requests)


def _settled_rss(pid: int, quiet_s: float) -> int:
    """Wait until resident memory stands still for so long; return it."""
    give_up_s = time.monotonic() + SETTLE_LIMIT_S
    rss, since_s = rss_bytes(pid), time.monotonic()
    while since_s + quiet_s > time.monotonic() < give_up_s:
        time.sleep(LOOK_EVERY_S)
        now = rss_bytes(pid)
        if abs(now - rss) > STEADY_SHARE * rss:
            rss, since_s = now, time.monotonic()
    return rss_bytes(pid)


def _read(connection: Connection, server: Server, entries: int) -> None:
    """Read at random places, and print how long that takes."""
    chance = random.Random(entries)
    took_s = []
    cpu_begun_s = exact_cpu_s(server.pid)
    for _ in range(READS):
        start = entry_id(chance.randrange(max(entries - READ_ENTRIES, 1)))
        begun_s = time.perf_counter()
        connection.sock.sendall(pack("XRANGE", KEY, start, "+", "COUNT", READ_ENTRIES))
        connection.read_reply()
        took_s.append(time.perf_counter() - begun_s)
    cpu_us = (exact_cpu_s(server.pid) - cpu_begun_s) / READS * 1e6
    print(
        f"  read {READ_ENTRIES} at random      {statistics.median(took_s) * 1e6:12.1f} us", end=""
    )
    print(f" (median), longest {max(took_s) * 1000:.2f} ms, server CPU {cpu_us:.1f} us")


def _used_bytes(connection: Connection) -> int:
    return int(connection.info("memory").get("used_memory", 0))


if __name__ == "__main__":
    sys.exit(main())
