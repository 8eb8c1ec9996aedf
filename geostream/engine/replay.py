"""Runs again what is stored: requests from a log, and effects.

A log of commands is read by giving them to an engine of its own: nothing counts, nobody
waits, no key expires (the log says itself when one went), and only commands that write are
run. A log may say what a client may not; parsers see by ``StoredArgs`` that it does.

Stored requests and effects are not trusted. A request that fails does nothing, as in Redis,
and so does an effect that does not fit what is there; both are counted. What does not fit is
found out before: carrying out an effect cannot fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from geostream.engine.args import StoredArgs
from geostream.engine.client import Client
from geostream.engine.command import TABLE, Command
from geostream.engine.context import Context
from geostream.engine.dispatch import STORE_TEXTS, Engine
from geostream.engine.fitting import fits
from geostream.engine.gathering import Gathering
from geostream.engine.host import Host
from geostream.errors import CommandError
from geostream.store.effects import Effect
from geostream.store.errors import StoreError
from geostream.store.ids import id_bytes
from geostream.store.keyspace import Keyspace
from geostream.store.runs import Additions
from geostream.store.wire import unpack_fields

if TYPE_CHECKING:
    from geostream.config import Config

KEPT_FAILURES = 20  # described; the others are only counted
SHOWN_BYTES = 64  # of a command

#: What is run in some other program, which is not here, and might have changed anything.
_SCRIPTS = frozenset({b"EVAL", b"EVALSHA", b"FCALL"})

StoredRequest = tuple[int, list[bytes]]  # database, words


class UnknownCommand(Exception):
    """A command that does not exist here; its text is the name. What follows must not be run."""

    def __init__(self, name: bytes) -> None:
        """Say which."""
        super().__init__(_shown(name))
        self.name = name


class NoSuchDatabase(IndexError):
    """A database beyond those there are; its text is the number."""

    def __init__(self, number: int) -> None:
        """Say which."""
        super().__init__(str(number))
        self.number = number


class Replayer:
    """Fills a keyspace with what is stored.

    ``failed`` counts what could not be carried out, ``failures`` describes the first of it.
    """

    def __init__(self, keyspace: Keyspace, config: Config, now_ms: int) -> None:
        """Stand ready to fill a keyspace nobody else uses meanwhile.

        now_ms -- Unix time; it stands still
        """
        self._keyspace = keyspace
        self._context = Context(
            Engine(keyspace, config, Host()), keyspace, Client(0, Host.no_link, "", "")
        )
        self._context.now_ms = now_ms
        self._context.in_transaction = True  # nothing waits
        self._rows: dict[bytes, Command | None] = {}
        self.failed = 0
        self.failures: list[str] = []

    def run(self, stored: Iterable[Effect | StoredRequest | Additions]) -> None:
        """Carry out effects and requests in their order. May be called again and again.

        Raises UnknownCommand and NoSuchDatabase; what came before is carried out by then.
        """
        keyspace = self._keyspace
        gathering = Gathering(keyspace)
        keyspace.now_ms = self._context.now_ms
        keyspace.is_loading, keyspace.is_reading = True, False
        try:
            for item in stored:
                if isinstance(item, Additions):
                    self._add(gathering, item)
                elif isinstance(item, tuple):
                    number, words = item
                    if words[0] == b"XADD" and gathering.take(number, words):
                        continue
                    gathering.settle()
                    self._run(number, words)
                else:
                    gathering.settle()
                    self._apply(item)
        finally:
            gathering.settle()
            keyspace.is_loading = False
            keyspace.journal.clear()
            keyspace.missed.clear()

    def _add(self, gathering: Gathering, added: Additions) -> None:
        """Carry out additions: all at once as far as nothing is in the way."""
        for place, fields in enumerate(added.run.fields()):
            if gathering.take_run(added, place):
                return
            gathering.settle()
            words = [b"XADD", added.key, id_bytes(added.run.id_at(place)), *unpack_fields(fields)]
            self._run(added.db, words)

    def _run(self, number: int, words: list[bytes]) -> None:
        row = self._rows.get(words[0]) or self._row(words)
        if row is None:
            return
        context, keyspace = self._context, self._keyspace
        try:
            context.db = keyspace.databases[number]
        except IndexError:
            raise NoSuchDatabase(number) from None
        if not row.takes(len(words)):
            self._note_failure(f"{_shown(words[0])}: wrong number of arguments")
            return
        context.client.database = number
        try:
            row.run(context, row.parse(StoredArgs(words, row.name, row.first_argument)))
        except CommandError as error:
            self._note_failure(f"{_shown(words[0])}: {error}")
        except StoreError as error:
            self._note_failure(f"{_shown(words[0])}: {STORE_TEXTS[type(error)]}")
        keyspace.journal.clear()

    def _row(self, words: list[bytes]) -> Command | None:
        """Return the row of a request; None if it is one that changes no data."""
        name = words[0].upper()
        row = TABLE.get(name.lower().decode("latin-1"))
        if row is None or "|" in row.name or name in _SCRIPTS:
            raise UnknownCommand(words[0])
        if row.subcommands:
            if len(words) == 1:
                self._note_failure(f"{_shown(name)}: wrong number of arguments")
                return None
            row = row.subcommands.get(words[1].upper())
            if row is None:
                raise UnknownCommand(b" ".join(words[:2]))
        elif row.is_write:
            self._rows[words[0]] = row
        return row if row.is_write else None

    def _apply(self, effect: Effect) -> None:
        if not 0 <= effect.db < len(self._keyspace.databases):
            raise NoSuchDatabase(effect.db)
        if fits(self._keyspace, effect):
            self._keyspace.replay((effect,))
        else:
            name, key = type(effect).__name__, _shown(effect.key)
            self._note_failure(f"{name} of {key}: it does not fit what is there")

    def _note_failure(self, what: str) -> None:
        self.failed += 1
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(what)


def _shown(text: bytes) -> str:
    return text[:SHOWN_BYTES].decode("ascii", "backslashreplace")
