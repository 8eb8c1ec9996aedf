"""How the servers of a workload keep their data, told to each kind of server in its own words."""

from __future__ import annotations

from dataclasses import dataclass

OURS = "geostream"


@dataclass(frozen=True, slots=True)
class Setup:
    """Arguments of one kind of server, beside address and directory."""

    args: tuple[str, ...]
    saved_by: str = ""  # the command that puts the data into files; empty: it is written at once


@dataclass(frozen=True, slots=True)
class Setups:
    """One setup for geostream, one for the servers beside it, which take the same arguments."""

    geostream: Setup
    others: Setup

    def of(self, server: str) -> Setup:
        return self.geostream if server == OURS else self.others


def ours(plugins: str, *settings: str, saved_by: str = "") -> Setup:
    """Return a setup of geostream: persistence plugins, and other settings as NAME=VALUE."""
    said = (f"persistence.plugins={plugins}", *settings)
    return Setup(tuple(word for one in said for word in ("--set", one)), saved_by)


def theirs(fsync: str = "", *, saved_by: str = "") -> Setup:
    """Return a setup of the others: an append-only file with that policy, or none."""
    log = (
        ("yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0") if fsync else ("no",)
    )
    return Setup(("--save", "", "--appendonly", *log), saved_by)


def our_log(fsync: str, *, saved_by: str = "") -> Setup:
    """Return a setup of geostream with an append-only file that is rewritten only when asked."""
    settings = (f"appendfsync={fsync}", "auto_aof_rewrite_percentage=0")
    return ours("aof", *settings, saved_by=saved_by)


IN_MEMORY = Setups(ours(""), theirs())
