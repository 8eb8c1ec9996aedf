"""Files for servers to load: each kind of server writes its own, once in a run.

A server is filled over the wire, told to save where its setup says how, and ended. A start is
measured on a copy, so it always finds the same.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.child import Failed, run_in_child
from bench.filling import fill
from bench.saving import save
from bench.servers import CannotStart, Server
from bench.setups import Setup
from bench.wire import PATIENCE_S, Connection
from bench.workload import Sample, Scale, Target


class Archive:
    """The files of filled servers; a context manager, and nothing is left at its end."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="bench-files-")
        self._made: dict[tuple[str, Setup], Path | Failed] = {}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._root.cleanup()

    def copy(self, server: Server, scale: Scale, place: Path) -> None:
        """Put a copy of the files for servers of this kind and setup into a directory.

        They are made at the first call; if that fails, every later call fails the same way.
        Raises Failed.
        """
        key = (server.name, server.setup)
        if key not in self._made:
            self._made[key] = self._make(server, scale)
        made = self._made[key]
        if isinstance(made, Failed):
            raise made
        shutil.copytree(made, place, dirs_exist_ok=True)
        os.sync()  # or the copy would be on its way to the disk during the measurement

    def _make(self, server: Server, scale: Scale) -> Path | Failed:
        place = Path(self._root.name) / str(len(self._made))
        writer = server.another(server.setup)
        try:
            writer.start()
            run_in_child(_Filling(server.setup.saved_by), writer, scale)
            if not writer.hand_over(place):
                return Failed(f"{writer.name} had to be killed after it was filled")
        except (Failed, CannotStart) as error:
            return Failed(f"its files could not be made: {error}\n{writer.log_tail()}")
        finally:
            writer.stop()
        return place


@dataclass(frozen=True, slots=True)
class _Filling:
    saved_by: str

    def __call__(self, target: Target, scale: Scale) -> Sample:
        with (
            Connection(target.port, PATIENCE_S) as connection,
            Connection(target.port, PATIENCE_S) as other,
        ):
            fill(connection, scale)
            return save(self.saved_by, connection, other) if self.saved_by else {}
