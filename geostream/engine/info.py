"""INFO: what the server tells about itself, section by section.

A section is a function from the engine and the time to lines of name and value; this
module knows which there are, which are shown when, and how they are written. Dashboards
and test suites steer by these numbers, so each is counted where it happens and read here,
never guessed; what Redis has and this server has not (replicas, forks, modules) is told
as the zero it is.

Behaviour: https://redis.io/docs/latest/commands/info/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from geostream.engine import info_clients, info_process, info_stats

if TYPE_CHECKING:
    from geostream.engine.dispatch import Engine

Line = tuple[str, object]
Section = Callable[["Engine", int], list[Line]]

#: Title and lines of each section, in Redis' order.
SECTIONS: dict[str, tuple[str, Section]] = {
    "server": ("Server", info_process.server),
    "clients": ("Clients", info_clients.clients),
    "memory": ("Memory", info_process.memory),
    "persistence": ("Persistence", info_process.persistence),
    "stats": ("Stats", info_stats.stats),
    "replication": ("Replication", info_process.replication),
    "cpu": ("CPU", info_process.cpu),
    "modules": ("Modules", info_process.modules),
    "commandstats": ("Commandstats", info_stats.commandstats),
    "errorstats": ("Errorstats", info_stats.errorstats),
    "latencystats": ("Latencystats", info_stats.latencystats),
    "cluster": ("Cluster", info_process.cluster),
    "keyspace": ("Keyspace", info_clients.keyspace),
}

#: Shown only when asked for.
ON_DEMAND = frozenset({"commandstats", "latencystats"})

DEFAULT = frozenset(SECTIONS) - ON_DEMAND
GROUPS = {"default": DEFAULT, "all": frozenset(SECTIONS), "everything": frozenset(SECTIONS)}


def sections_of(names: Iterable[str]) -> frozenset[str]:
    """Return the sections that these names, in small letters, ask for; no names is the default."""
    found: set[str] = set()
    asked = list(names)
    for name in asked:
        found |= GROUPS.get(name) or ({name} & SECTIONS.keys())
    return frozenset(found) if asked else DEFAULT


def info_text(engine: Engine, now_ms: int, sections: frozenset[str]) -> str:
    """Return these sections as INFO shows them."""
    parts = []
    for name, (title, section) in SECTIONS.items():
        if name in sections:
            lines = [f"# {title}\r\n"]
            lines += [f"{field}:{value}\r\n" for field, value in section(engine, now_ms)]
            parts.append("".join(lines))
    return "\r\n".join(parts)
