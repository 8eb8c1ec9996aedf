"""What was moved and what was not, told at the end, or before by a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from geostream.tools.items import Item, shown

NAMES_SHOWN = 20


@dataclass(slots=True)
class Names:
    """How many keys, and the names of the first of them."""

    count: int = 0
    some: list[str] = field(default_factory=list)

    def add(self, name: str, count: int = 1) -> None:
        """Count one more."""
        self.count += count
        if name and len(self.some) < NAMES_SHOWN:
            self.some.append(name)

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.some) else ""
        return f"{self.count:,}" + (f" ({', '.join(self.some)}{more})" if self.some else "")


@dataclass(slots=True)
class Tally:
    """The report of a move."""

    keys: dict[str, int] = field(default_factory=lambda: {"stream": 0, "string": 0})
    databases: set[int] = field(default_factory=set)
    entries: int = 0
    groups: int = 0
    pending: int = 0
    with_expiry: int = 0
    replaced: int = 0
    kept: Names = field(default_factory=Names)  # the target had them
    expired: int = 0
    vanished: int = 0  # between being listed and being read
    left_out: dict[str, Names] = field(default_factory=dict)  # not kept here, by type
    left_out_names: list[str] = field(default_factory=list)  # of any of these types
    refused: dict[str, Names] = field(default_factory=dict)  # should have moved, by reason
    losses: dict[str, int] = field(default_factory=dict)  # details a target cannot hold
    remarks: list[str] = field(default_factory=list)

    def move(self, item: Item, db: int) -> None:
        """Count a key as moved."""
        self.keys[item.type_name] += 1
        self.databases.add(db)
        self.with_expiry += item.expires_at_ms is not None
        if not isinstance(item.value, bytes):
            self.entries += item.value.length
            self.groups += len(item.value.groups)
            self.pending += sum(len(group.pending) for group in item.value.groups)

    def leave_out(self, kind: str, name: str = "", count: int = 1) -> None:
        """Count what is of a type that is not kept here."""
        self.left_out.setdefault(kind, Names()).add(name, count)

    def refuse(self, reason: str, key: bytes) -> None:
        """Count a key that should have moved."""
        self.refused.setdefault(reason, Names()).add(shown(key))

    def lose(self, what: str, count: int) -> None:
        """Count details a target cannot hold."""
        if count:
            self.losses[what] = self.losses.get(what, 0) + count

    @property
    def total(self) -> int:
        """How many keys were moved."""
        return sum(self.keys.values())

    def lines(self, verb: str = "moved") -> Iterator[str]:
        """Yield the report, line by line."""
        kinds = ", ".join(counted(count, kind) for kind, count in self.keys.items() if count)
        where = f" in {counted(len(self.databases), 'database')}" if self.databases else ""
        yield f"{verb} {counted(self.total, 'key')}" + (f" ({kinds})" if kinds else "") + where
        yield (
            f"  with {counted(self.entries, 'entry', 'entries')}, {counted(self.groups, 'group')},"
            f" {counted(self.pending, 'pending entry', 'pending entries')},"
            f" {counted(self.with_expiry, 'expiry', 'expiries')}"
        )
        if self.replaced:
            yield f"  {self.replaced:,} of them in place of what the target had"
        if self.kept.count:
            yield f"left alone, because the target has such keys: {self.kept} (--replace)"
        if self.expired:
            yield f"left out, because their time had come: {self.expired:,}"
        if self.vanished:
            yield f"gone before they could be read: {self.vanished:,}"
        for kind, names in sorted(self.left_out.items()):
            yield f"left out, because such data is not kept here: {kind}: {names}"
        if self.left_out_names:
            yield f"  among them: {', '.join(self.left_out_names)}"
        for reason, names in self.refused.items():
            yield f"NOT moved: {names}: {reason}"
        for what, count in self.losses.items():
            yield f"the target cannot hold: {count:,} {what}"
        for remark in self.remarks:
            yield f"remark: {remark}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``1 key`` or ``2 keys``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
