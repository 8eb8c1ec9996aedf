"""The directory of an append-only file: its parts, its lock, the layout of older servers.

A single file beside the directory, as servers before 7.0 wrote it, is taken over as the base.
The manifest comes first and names the file, then the file is moved; if the move did not come
to pass it is made up for at the next start.

Only one geostream works in a directory: it holds a lock on a file that no other server looks at.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from geostream.persistence.api import Corrupt
from geostream_plugins.aof.log_reader import holds_nothing
from geostream_plugins.aof.manifest import (
    Manifest,
    Part,
    read_manifest,
    sync_directory,
    write_manifest,
)

LOCK_NAME = "geostream.lock"


class Parts:
    """The files below ``directory``/``appenddirname``."""

    def __init__(self, directory: Path, dir_name: str, stem: str) -> None:
        """Touch nothing yet; ``stem`` is appendfilename."""
        self.place = directory / dir_name
        self.stem = stem
        self.manifest = Manifest()
        self.manifest_path = self.place / f"{stem}.manifest"
        self._legacy = directory / stem
        self._lock_fd = -1

    def open(self) -> None:
        """Make or read the directory. Raises OSError, Corrupt."""
        self.place.mkdir(parents=True, exist_ok=True)
        self._lock()
        if self.manifest_path.exists():
            self.manifest = read_manifest(self.manifest_path)
            self._finish_takeover()
            for part in self.manifest.files:
                if not self.path(part).is_file():
                    raise Corrupt(
                        self.path(part),
                        None,
                        "the manifest names this file, and it is not there",
                        "put it back from a backup, or move the directory away to start empty",
                    )
        elif self._legacy.is_file():
            self._take_over()
        else:
            self._refuse_stray_files()

    def likely_base(self) -> Path | None:
        """Return the base that the manifest names, read without the lock; None if there is none."""
        try:
            base = read_manifest(self.manifest_path).base
        except (OSError, Corrupt):  # ``open`` tells
            return None
        return None if base is None else self.path(base)

    def path(self, part: Part) -> Path:
        """Return where a part is."""
        return self.place / part.name

    @property
    def is_fresh(self) -> bool:
        """Whether there is no manifest yet."""
        return not self.manifest.files

    def save(self, manifest: Manifest) -> None:
        """Let another manifest hold. Raises OSError, and the one before holds."""
        write_manifest(self.manifest_path, manifest)
        self.manifest = manifest

    def drop_history(self) -> None:
        """Delete the files that are history, and the lines that name them. Raises OSError."""
        if not self.manifest.history:
            return
        in_use = {part.name for part in self.manifest.files}
        for part in self.manifest.history:
            if part.name not in in_use:
                self.path(part).unlink(missing_ok=True)
        self.save(Manifest(self.manifest.base, [], list(self.manifest.increments)))

    def size_bytes(self) -> int:
        """Return how large all parts that count are together. Raises OSError."""
        return sum(self.path(part).stat().st_size for part in self.manifest.files)

    def close(self) -> None:
        """Let go of the lock."""
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _lock(self) -> None:
        path = self.place / LOCK_NAME
        self._lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise Corrupt(
                self.place, None, "another geostream works here", "give each its own directory"
            ) from None

    def _take_over(self) -> None:
        self.save(Manifest(Part(self.stem, 1)))
        self._finish_takeover()

    def _finish_takeover(self) -> None:
        base = self.manifest.base
        if base is None or base.name != self.stem or self.path(base).exists():
            return
        if self._legacy.is_file():
            self._legacy.replace(self.path(base))
            sync_directory(self.place)
            sync_directory(self._legacy.parent)

    def _refuse_stray_files(self) -> None:
        """Redis would start empty where the manifest was lost, and write over the files.

        The very first base is there before its manifest; a crash between the two lost nothing.
        """
        for path in sorted(self.place.glob(f"{_glob_escaped(self.stem)}.*")):
            if path.suffix in (".aof", ".rdb") and not holds_nothing(path):
                raise Corrupt(
                    path,
                    None,
                    f"data without a manifest, {self.manifest_path.name} is missing",
                    "write one that names the files, or move them away to start empty",
                )


def _glob_escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
