"""What a persistence plugin is.

A plugin stores effects and gives them back in order. config.yaml chooses it by name; the
entry-point group ``geostream.persistence`` finds it, or it is named as ``module:Class``.

Two threads call a plugin, and neither is the one that runs commands, so a plugin may block on
the disk. The *writer* thread calls everything but ``snapshot``, one call after the other; the
*snapshot* thread calls ``snapshot``, at most one at a time, while the writer goes on
appending. Each plugin has threads of its own: a slow one does not hold up another.

A plugin sees effects (geostream.store.effects) and images (geostream.store.images), never
commands or sockets. It may raise ``OSError``, which means the disk is at fault and the call
will be made again, or ``Corrupt``, which means that what is stored cannot be read. Any other
exception is taken for a fault of the plugin and stops all writing.

Segments of an image may be packed, also while they are read. Read them by
``StreamImage.entries``, or take ``Segment.plain`` once for each and read that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from msgspec import Struct, field

from geostream.store.effects import Effect
from geostream.store.images import (
    ConsumerImage,
    GroupImage,
    IdmpImage,
    PendingImage,
    StreamImage,
)
from geostream.store.runs import Additions
from geostream.store.segment import Segment

__all__ = [
    "Additions",
    "ConsumerImage",
    "Corrupt",
    "Effect",
    "GroupImage",
    "IdmpImage",
    "LoadReport",
    "PendingImage",
    "Persistence",
    "Request",
    "Segment",
    "Stored",
    "StreamImage",
]


class Corrupt(Exception):
    """What is stored cannot be read.

    The server refuses to start, or the tool to go on, and shows where and why.
    """

    def __init__(self, path: Path | str, offset: int | None, reason: str, advice: str = "") -> None:
        """Say what is wrong.

        path   -- the file
        offset -- the byte in it, or None where there is no such thing
        advice -- what somebody can do about it
        """
        place = f"{path}" if offset is None else f"{path}, byte {offset}"
        super().__init__(f"{place}: {reason}" + (f"; {advice}" if advice else ""))
        self.path = path
        self.offset = offset
        self.reason = reason
        self.advice = advice


class Request(NamedTuple):
    """A command to be run again, where what is stored are commands (an append-only file)."""

    db: int
    words: list[bytes]


#: What ``load`` yields. Additions are requests too, many of them in one.
Stored = Effect | Request | Additions


class LoadReport(Struct):
    """How far a load is, and what came of it; the plugin fills it in while it loads.

    Read by another thread at any time, for INFO and the log.
    """

    path: Path | str = ""  # the file being read ...
    offset: int | None = None  # ... and where what was yielded last stands in it
    total_bytes: int = 0  # of what is to be read; 0: not known
    loaded_bytes: int = 0
    keys_expired: int = 0  # not loaded, because their time had come
    skipped: dict[str, int] = field(default_factory=dict)  # left out, by kind: {"hash": 5}
    skipped_keys: list[str] = field(default_factory=list)  # some of them, for people
    remarks: list[str] = field(default_factory=list)  # for the log: "cut at byte 18897"


class Persistence(ABC):
    """Base class of persistence plugins."""

    #: What config.yaml, INFO and the log call this plugin.
    name: ClassVar[str]

    #: False if the plugin only takes snapshots; ``append`` and ``sync`` are then not called.
    #: May be set for an instance in ``__init__``, before anything else is called.
    appends: bool = True

    def __init__(self, directory: Path, options: Mapping[str, Any]) -> None:
        """Check the options; raise ValueError naming the bad one. No files yet.

        directory -- where files go; made if it is not there
        options   -- what config.yaml says below ``use``, and the server's settings of the same
                     names; values may be text ("yes", "64mb") or what they stand for
        """
        self.directory = directory
        self.options = options
        self.report = LoadReport()

    def change_option(self, name: str, value: Any) -> None:
        """Go by another value of an option from now on (CONFIG SET). Called from any thread.

        Raises ValueError if it does not do. Nothing happens for options the plugin does not know.
        """

    def read_ahead(self) -> None:
        """Begin to read, in a thread, what ``load`` will yield; return at once.

        Called before anything else, if at all, while the rest of the server is imported. What
        needs no interpreter gains by it. Raise nothing: what is wrong is for ``open`` or ``load``.
        """

    @abstractmethod
    def open(self) -> None:
        """Open or create the files. Raises OSError, or Corrupt if somebody else's are there."""

    @abstractmethod
    def is_empty(self) -> bool:
        """Tell whether nothing was ever stored; asked after ``open`` and before ``load``."""

    @abstractmethod
    def load(self) -> Iterator[Stored]:
        """Yield all that is stored, in an order in which it can be carried out.

        Fills in ``report`` on the way. Raises Corrupt; what was yielded before is then dropped.
        Called at most once, right after ``open``.
        """

    def gather(self, effects: Sequence[Effect]) -> Sequence[Any]:
        """Return what ``append`` is to be given for these effects, in their place.

        Called by the thread that runs commands, for some effects at a time and in their order,
        while they are at hand. A plugin that writes them down here in a few pieces saves that
        thread from keeping thousands of objects for another one. Look at the effects only, be
        quick, raise nothing.
        """
        return effects

    def append(self, batch: Sequence[Any]) -> None:
        """Write a batch so that a crash leaves all of it or none of it.

        batch -- what ``gather`` returned for its effects

        Raises OSError, and nothing of the batch must then be found by a later load, or, if that
        cannot be helped, the same batch appended again must replace what is there.
        """
        raise NotImplementedError

    def sync(self) -> None:
        """Return once every batch so far would survive a power cut."""

    def begin_snapshot(self) -> None:
        """Take note: what is appended from now on is not in the snapshot that follows."""

    @abstractmethod
    def snapshot(self, image: Iterable[Effect]) -> None:
        """Replace what is stored by ``image`` and what was appended since ``begin_snapshot``.

        ``image`` comes grouped by key: a StringSet or StreamRestored, then an ExpirySet if the
        key expires. It must be taken to its end. A crash leaves the old state or the new one,
        on disk when this returns. Called in the snapshot thread.
        """

    def finish_snapshot(self, error: BaseException | None) -> None:
        """Tidy up after ``snapshot`` returned, or raised ``error``. In the writer thread again."""

    def wants_snapshot(self) -> bool:
        """Tell whether what was appended has grown so large that a snapshot would pay.

        Asked about once a second, by the thread that runs commands: look at numbers only.
        """
        return False

    def info(self) -> Mapping[str, str | int]:
        """Return what INFO persistence should say about this plugin, by field name.

        Called by the thread that runs commands: look at numbers only.
        """
        return {}

    @abstractmethod
    def close(self) -> None:
        """Sync and let go of the files. Does nothing the second time."""
