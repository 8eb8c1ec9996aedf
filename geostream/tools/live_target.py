"""Writing to a running server: RESTORE in pipelines, in a form the server takes.

Servers refuse a payload by the version in it, whatever it holds. So a key is offered in the
form in which it came, or that keeps all of it, then in lower ones; a version that was refused
once is not offered again. Where no form is taken, or RESTORE is not there, the key is made by
commands under a name of its own, which goes away by itself should we be interrupted, and then
renamed: nobody sees half a key.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from geostream.commands.dump import payload_version
from geostream.rdb.dump import dump_value
from geostream.rdb.stream_writer import Losses
from geostream.tools.by_commands import making
from geostream.tools.items import Item, shown
from geostream.tools.live import (
    PIPELINE_BYTES,
    PIPELINE_REQUESTS,
    Refusal,
    Request,
    Server,
    batched,
    refusal_text,
)
from geostream.tools.tally import Tally

VERSIONS: Final = (14, 13, 11, 10, 9)
COUNTERS_FROM: Final = 10
ACTIVE_TIME_FROM: Final = 11
ABANDONED_MS = 3_600_000  # until a key that was being made goes away by itself
_FOOTER_BYTES = 10

_WRONG_VERSION = "DUMP payload version or checksum are wrong"
_WRONG_FORMAT = "Bad data format"


@dataclass(slots=True)
class _Offer:
    """A key and the forms in which it has not been offered yet."""

    item: Item
    forms: Iterator[tuple[int, bytes, Losses]]  # version, payload, what it lacks
    current: tuple[int, bytes, Losses]


class LiveTarget:
    """Puts items into a server."""

    def __init__(self, server: Server, db: int | None, *, replaces: bool) -> None:
        """Put keys into one database, if given, else into the one they come from."""
        self._server = server
        self._db = db
        self._replaces = replaces
        self._refused: set[int] = set()  # versions
        self._has_restore = True
        self._there: set[bytes] = set()  # keys of the pipeline that will be replaced
        major = server.info.get("redis_version", "0").partition(".")[0]
        self._has_counters = major.isdigit() and int(major) >= 7

    def database_of(self, db: int) -> int:
        """Return where a key of a database goes."""
        return db if self._db is None else self._db

    def lacks(self, databases: Iterable[int]) -> list[int]:
        """Return those of the databases that cannot hold what would go there."""
        wanted = sorted({self.database_of(db) for db in databases})
        return [db for db in wanted if not self._server.has_database(db)]

    def look(self, items: Iterable[Item], tally: Tally) -> None:
        """Count what ``put`` would do; nothing is written."""
        for db, part in self._parts(items):
            for item, is_there in zip(part, self._are_there(part), strict=True):
                if is_there and not self._replaces:
                    tally.kept.add(shown(item.key))
                else:
                    tally.replaced += is_there
                    tally.move(item, db)

    def put(self, items: Iterable[Item], tally: Tally) -> None:
        """Write keys. Raises ToolError; what was counted as moved is there then too."""
        for db, part in self._parts(items):
            there = self._are_there(part) if self._replaces else [False] * len(part)
            self._there = {item.key for item, is_there in zip(part, there, strict=True) if is_there}
            self._put_part(db, part, tally)

    def _parts(self, items: Iterable[Item]) -> Iterator[tuple[int, list[Item]]]:
        """Cut items into pipelines, each of one database, which is selected."""
        part: list[Item] = []
        size_bytes, db = 0, 0
        for item in items:
            into = self.database_of(item.db)
            if part and (into != db or len(part) >= PIPELINE_REQUESTS):
                self._server.select(db)
                yield db, part
                part, size_bytes = [], 0
            part.append(item)
            db = into
            size_bytes += _size_bytes(item)
            if size_bytes >= PIPELINE_BYTES:
                self._server.select(db)
                yield db, part
                part, size_bytes = [], 0
        if part:
            self._server.select(db)
            yield db, part

    def _are_there(self, items: Sequence[Item]) -> list[bool]:
        return [reply == 1 for reply in self._server.ask_all([("EXISTS", i.key) for i in items])]

    def _put_part(self, db: int, items: Sequence[Item], tally: Tally) -> None:
        offers: list[_Offer] = []
        for item in items:
            forms = self._forms(item)
            first = next(forms, None) if self._has_restore else None
            if first is None:
                self._make(db, item, tally)
            else:
                offers.append(_Offer(item, forms, first))
        while offers:
            replies = self._server.ask_all([self._restore(offer) for offer in offers])
            offers = [
                offer
                for offer, reply in zip(offers, replies, strict=True)
                if self._offers_again(db, offer, reply, tally)
            ]

    def _forms(self, item: Item) -> Iterator[tuple[int, bytes, Losses]]:
        """Yield payloads of versions that were not refused yet, the fullest first."""
        if item.payload is not None:
            version = int.from_bytes(item.payload[-_FOOTER_BYTES:][:2], "little")
            if version not in self._refused:
                yield version, item.payload, Losses()
        fullest = payload_version(item.value)
        for version in VERSIONS:
            if version <= fullest and version not in self._refused:
                losses = Losses()
                yield version, dump_value(item.value, version, losses=losses), losses

    def _restore(self, offer: _Offer) -> Request:
        item = offer.item
        request: list[bytes | str | int] = ["RESTORE", item.key, item.expires_at_ms or 0]
        request.append(offer.current[1])
        if item.expires_at_ms is not None:
            request.append("ABSTTL")
        return [*request, "REPLACE"] if self._replaces else request

    def _offers_again(self, db: int, offer: _Offer, reply: object, tally: Tally) -> bool:
        """Take note of a reply; tell whether the key is to be offered in another form."""
        item, (version, _, losses) = offer.item, offer.current
        if not isinstance(reply, Refusal):
            self._note_moved(db, item, tally)
            count_losses(tally, losses, item, version)
            return False
        text = refusal_text(reply)
        if text.startswith("BUSYKEY"):
            tally.kept.add(shown(item.key))
            return False
        if _WRONG_VERSION in text:
            self._refused.add(version)
        elif text.startswith("NOPERM") or "unknown command" in text:
            self._has_restore = False
        elif _WRONG_FORMAT not in text:
            tally.refuse(text, item.key)
            return False
        following = next(offer.forms, None) if self._has_restore else None
        if following is None:
            self._make(db, item, tally)
            return False
        offer.current = following
        return True

    def _note_moved(self, db: int, item: Item, tally: Tally) -> None:
        tally.move(item, db)
        tally.replaced += item.key in self._there

    def _make(self, db: int, item: Item, tally: Tally) -> None:
        """Make a key by commands."""
        name = b"geostream-import:" + secrets.token_hex(16).encode()
        lost = Tally()
        requests = making(name, item.value, lost, has_counters=self._has_counters)
        refusal = self._first_refusal(_expiring(name, requests))
        if refusal is None:
            expiry: Request = ("PERSIST", name)
            if item.expires_at_ms is not None:
                expiry = ("PEXPIREAT", name, item.expires_at_ms)
            rename = "RENAME" if self._replaces else "RENAMENX"
            replies = self._server.ask_all([expiry, (rename, name, item.key)])
            refusal = next((reply for reply in replies if isinstance(reply, Refusal)), None)
            if refusal is None and replies[1] == 0:
                tally.kept.add(shown(item.key))
            elif refusal is None:
                self._note_moved(db, item, tally)
                for what, count in lost.losses.items():
                    tally.lose(what, count)
                return
        self._server.ask_all([("DEL", name)])
        if refusal is not None:
            tally.refuse(refusal_text(refusal), item.key)

    def _first_refusal(self, requests: Iterable[Request]) -> Refusal | None:
        for part in batched(requests):
            for reply in self._server.ask_all(part):
                if isinstance(reply, Refusal):
                    return reply
        return None


def count_losses(tally: Tally, losses: Losses, item: Item, version: int) -> None:
    """Count what a payload of a version lacks of an item."""
    tally.lose("messages of producers", losses.messages_left_out)
    tally.lose("pending entries of nobody, which were given to a consumer", losses.released_given)
    if isinstance(item.value, bytes) or item.payload is not None:
        return
    if version < COUNTERS_FROM:
        tally.lose("streams' counters of entries added, read and deleted", 1)
    if version < ACTIVE_TIME_FROM:
        consumers = sum(len(group.consumers) for group in item.value.groups)
        tally.lose("times at which consumers were last given something", consumers)


def _expiring(name: bytes, requests: Iterator[Request]) -> Iterator[Request]:
    """Let a key go away by itself from its first command on."""
    yield next(requests)
    yield ("PEXPIRE", name, ABANDONED_MS)
    yield from requests


def _size_bytes(item: Item) -> int:
    if item.payload is not None:
        return len(item.payload)
    if isinstance(item.value, bytes):
        return len(item.value)
    return sum(segment.live_bytes for segment in item.value.segments)
