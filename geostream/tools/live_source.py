"""Reading a running server: SCAN, then DUMP and the expiry of each key, in pipelines.

What cannot be made sense of, because the server is newer than we know or does not let us DUMP,
is asked for with XINFO STREAM FULL. Keys that change while they are read come as they were at
some moment between; a key is whole in any case, because one reply holds all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from geostream.rdb.dump import restore_value
from geostream.rdb.errors import RdbError
from geostream.store.images import StreamImage
from geostream.tools.full_info import BadReply, forgets, image_from
from geostream.tools.items import Item, shown
from geostream.tools.live import PIPELINE_BYTES, Refusal, Server, refusal_text
from geostream.tools.tally import Tally

SCAN_COUNT = 500
KEPT_TYPES = (b"stream", b"string")
FOREVER, GONE = -1, -2  # what PEXPIRETIME and PTTL say


@dataclass(slots=True)
class _Listed:
    key: bytes
    is_stream: bool
    size_bytes: int  # about, in the server's memory


class LiveSource:
    """Iterate over its items."""

    def __init__(self, server: Server, key: bytes | None, db: int | None) -> None:
        """Read keys that match a glob, and one database, if given."""
        self._server = server
        self._glob = key
        found = server.databases
        self.databases = sorted(found) if db is None else [db] * (db in found)
        self.keys = sum(found[number] for number in self.databases)  # about, with --key
        self._tells_time = True  # knows PEXPIRETIME, as from 7.0 on
        self.seen = 0  # keys listed so far, whatever became of them

    def items(self, tally: Tally) -> Iterator[Item]:
        """Yield what is there; what is left out is counted. Raises ToolError."""
        for db in self.databases:
            self._server.select(db)
            for keys in self._scan():
                listed = self._listed(keys, tally)
                while listed:
                    part = _affordable(listed)
                    del listed[: len(part)]
                    yield from self._read(db, part, tally)
                    self._server.select(db)
                self.seen += len(keys)

    def _scan(self) -> Iterator[list[bytes]]:
        """Yield keys page by page, each once."""
        known: set[bytes] = set()
        cursor = b"0"
        while True:
            words: list[bytes | int | str] = ["SCAN", cursor, "COUNT", SCAN_COUNT]
            if self._glob is not None:
                words += ["MATCH", self._glob]
            reply = self._server.ask(*words)
            if not _is_page(reply):
                raise self._server.unexpected("SCAN")
            cursor, page = reply
            fresh = [key for key in dict.fromkeys(page) if key not in known]
            known.update(fresh)
            if fresh:
                yield fresh
            if cursor == b"0":
                return

    def _listed(self, keys: Sequence[bytes], tally: Tally) -> list[_Listed]:
        """Return those of the keys that are of a type kept here."""
        requests = [word for key in keys for word in (("TYPE", key), ("MEMORY", "USAGE", key))]
        replies = self._server.ask_all(requests)
        listed = []
        for key, kind, size_bytes in zip(keys, replies[::2], replies[1::2], strict=True):
            if kind == b"none":
                tally.vanished += 1
            elif isinstance(kind, Refusal):
                tally.refuse(f"TYPE: {refusal_text(kind)}", key)
            elif not isinstance(kind, bytes):
                raise self._server.unexpected("TYPE")
            elif kind in KEPT_TYPES:
                about = size_bytes if isinstance(size_bytes, int) else 0
                listed.append(_Listed(key, kind == b"stream", about))
            else:
                tally.leave_out(kind.decode("ascii", "backslashreplace"), shown(key))
        return listed

    def _read(self, db: int, listed: Sequence[_Listed], tally: Tally) -> Iterator[Item]:
        expiries = self._expiries([one.key for one in listed])
        dumps = self._server.ask_all([("DUMP", one.key) for one in listed])
        for one, payload, expires_at_ms in zip(listed, dumps, expiries, strict=True):
            if payload is None or expires_at_ms == GONE:
                tally.vanished += 1
                continue
            if not isinstance(payload, bytes | Refusal):
                raise self._server.unexpected("DUMP")
            item = self._item(db, one, payload, tally)
            if item is not None:
                item.expires_at_ms = None if expires_at_ms == FOREVER else expires_at_ms
                yield item

    def _expiries(self, keys: Sequence[bytes]) -> list[int]:
        """Return Unix times, FOREVER or GONE."""
        if self._tells_time:
            replies = self._server.ask_all([("PEXPIRETIME", key) for key in keys])
            if all(isinstance(reply, int) for reply in replies):
                return replies
            if not all(isinstance(reply, int | Refusal) for reply in replies):
                raise self._server.unexpected("PEXPIRETIME")
            self._tells_time = False
        now_ms = self._time_ms()
        replies = self._server.ask_all([("PTTL", key) for key in keys])
        if not all(isinstance(reply, int) for reply in replies):
            raise self._server.unexpected("PTTL")
        return [reply if reply < 0 else now_ms + reply for reply in replies]

    def _time_ms(self) -> int:
        """Return the server's own time: expiries are told from there on."""
        reply = self._server.ask("TIME")
        try:
            seconds, micros = map(int, reply)
        except (TypeError, ValueError):
            raise self._server.unexpected("TIME") from None
        return seconds * 1000 + micros // 1000

    def _item(self, db: int, one: _Listed, payload: bytes | Refusal, tally: Tally) -> Item | None:
        """Return a key with its value, by one way or the other; None if it cannot be had."""
        reason = ""
        if isinstance(payload, bytes):
            try:
                return Item(db, one.key, restore_value(payload), payload=payload)
            except RdbError as error:
                reason = f"DUMP: {error}"
        else:
            reason = f"DUMP: {refusal_text(payload)}"
        value = self._told(one, tally)
        if isinstance(value, bytes | StreamImage):
            return Item(db, one.key, value, payload=payload if isinstance(payload, bytes) else None)
        tally.refuse(f"{reason}; {value}", one.key)
        return None

    def _told(self, one: _Listed, tally: Tally) -> bytes | StreamImage | Exception:
        """Return a value from what other commands say, or why that fails."""
        if not one.is_stream:
            value: bytes | Refusal | None = self._server.ask_all([("GET", one.key)])[0]
            return KeyError("gone") if value is None else value
        reply = self._server.ask_all([("XINFO", "STREAM", one.key, "FULL", "COUNT", 0)])[0]
        if isinstance(reply, Refusal):
            return reply
        try:
            image = image_from(reply)
        except BadReply as error:
            return error
        if forgets(image):
            tally.lose("streams' messages of producers, which the source does not tell", 1)
        return image


def _is_page(reply: object) -> bool:
    """Tell whether this is a reply of SCAN."""
    match reply:
        case [bytes(), [*keys]]:
            return all(isinstance(key, bytes) for key in keys)
    return False


def _affordable(listed: Sequence[_Listed]) -> list[_Listed]:
    """Return the first of them, as many as one pipeline may hold."""
    total, count = 0, 0
    for one in islice(listed, SCAN_COUNT):
        total += one.size_bytes
        if count and total > PIPELINE_BYTES:
            break
        count += 1
    return list(listed[:count])
