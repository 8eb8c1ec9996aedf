"""Latency spikes for people to read: LATENCY GRAPH and LATENCY DOCTOR."""

from __future__ import annotations

from geostream.engine.latency import LatencyMonitor, Spikes

GRAPH_COLUMNS = 80
GRAPH_ROWS = 4
LEVELS = "_o#"  # of one row, from low to high

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def graph(event: str, spikes: Spikes, now_s: int) -> bytes:
    """Return a column for each sample, the oldest at the left, its age written below."""
    samples = list(spikes.samples)[-GRAPH_COLUMNS:]
    values = [latency_ms for _, latency_ms in samples]
    low, high = min(values), max(values)
    steps = GRAPH_ROWS * len(LEVELS) - 1
    heights = [(value - low) * steps // (high - low) if high > low else 0 for value in values]
    head = f"{event} - high {high} ms, low {low} ms (all time high {spikes.worst_ms} ms)"
    rows = [_row(heights, row) for row in reversed(range(GRAPH_ROWS))]
    ages = [_age(max(0, now_s - at_s)) for at_s, _ in samples]
    deepest = max(map(len, ages))
    below = ["".join(age.ljust(deepest)[line] for age in ages) for line in range(deepest)]
    return "\n".join([head, "-" * GRAPH_COLUMNS, *rows, "", *below, ""]).encode()


def _row(heights: list[int], row: int) -> str:
    """Return one line of the drawing: a column is filled up to its own height."""
    floor = row * len(LEVELS)
    return "".join(
        " " if height < floor else LEVELS[height - floor] if height - floor < len(LEVELS) else "|"
        for height in heights
    )


def _age(seconds: int) -> str:
    for unit_s, letter in _UNITS:
        if seconds >= unit_s:
            return f"{seconds // unit_s}{letter}"
    return "0s"


def diagnosis(monitor: LatencyMonitor) -> bytes:
    """Return a report on everything noted so far."""
    if not monitor.is_on:
        return (
            b"Latency is not being watched. CONFIG SET latency-monitor-threshold <milliseconds>"
            b" makes the server note every command that takes at least so long.\n"
        )
    if not monitor.events:
        return b"No latency spike was seen since the server started or LATENCY RESET was sent.\n"
    lines = ["Latency spikes were seen:", ""]
    for number, (event, spikes) in enumerate(monitor.events.items(), 1):
        values = [latency_ms for _, latency_ms in spikes.samples]
        average = sum(values) / len(values)
        deviation = sum(abs(value - average) for value in values) / len(values)
        lines.append(
            f"{number}. {event}: {len(values)} spikes, {average:.0f} ms on average, mean deviation"
            f" {deviation:.0f} ms, one every {_period_s(spikes):.2f} s; the worst ever took"
            f" {spikes.worst_ms} ms."
        )
    lines += [
        "",
        "SLOWLOG GET tells which commands they were, if slowlog-log-slower-than is low enough."
        " Reading or deleting very many entries at once is the usual reason: ask for fewer with"
        " COUNT, and trim more often.",
        "",
    ]
    return "\n".join(lines).encode()


def _period_s(spikes: Spikes) -> float:
    first_s, last_s = spikes.samples[0][0], spikes.samples[-1][0]
    return max(1, last_s - first_s) / max(1, len(spikes.samples) - 1)
