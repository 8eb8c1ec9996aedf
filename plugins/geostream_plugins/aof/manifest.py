"""The manifest: which files make up an append-only file, and in which order.

One line for each file, every line with its end::

    file appendonly.aof.2.base.rdb seq 2 type b
    file appendonly.aof.1.incr.aof seq 1 type h
    file appendonly.aof.2.incr.aof seq 2 type i

``b`` is the base, ``h`` history that is to be deleted, ``i`` an increment. The manifest is the
truth: a file that is not named does not count, and a change of the set of files is one rename
of the manifest. What Redis refuses here is refused, and what it takes is taken: pairs in
another order, pairs that are not known, quoted names.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct, field

from geostream.persistence.api import Corrupt

MAX_MANIFEST_BYTES = 2**20
ADVICE = "put the manifest from a backup back, or mend it by hand; keep a copy of the directory"

_WORD = re.compile(rb'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
_PLAIN = re.compile(r"[!#-\[\]-~]+").fullmatch  # neither blank nor quote nor backslash
_MAX_SEQ = 2**63 - 1


class Part(Struct, frozen=True):
    """One file."""

    name: str
    seq: int

    @property
    def line(self) -> str:
        """The part's pairs but for the type."""
        return f"file {quoted(self.name)} seq {self.seq}"


class Manifest(Struct):
    """The parts; increments in the order of their numbers."""

    base: Part | None = None
    history: list[Part] = field(default_factory=list)
    increments: list[Part] = field(default_factory=list)

    @property
    def files(self) -> list[Part]:
        """Return what holds data, in the order in which it is read."""
        return [*([self.base] if self.base is not None else []), *self.increments]

    def text(self) -> bytes:
        """Return the manifest as it stands in its file."""
        lines = [f"{self.base.line} type b\n"] if self.base is not None else []
        lines += [f"{part.line} type h\n" for part in self.history]
        lines += [f"{part.line} type i\n" for part in self.increments]
        return "".join(lines).encode("utf-8", "surrogateescape")

    def next_increment(self, stem: str) -> Part:
        """Return the increment that would come next; ``stem`` is appendfilename."""
        seq = self.increments[-1].seq + 1 if self.increments else 1
        return Part(f"{stem}.{seq}.incr.aof", seq)

    def next_base(self, stem: str, suffix: str) -> Part:
        """Return the base that would come next; ``suffix`` is rdb or aof."""
        seq = self.base.seq + 1 if self.base is not None else 1
        return Part(f"{stem}.{seq}.base.{suffix}", seq)


def quoted(name: str) -> str:
    """Return a name as one word of the manifest."""
    if _PLAIN(name) is not None:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    for short, meant in _ESCAPED.items():
        escaped = escaped.replace(meant.decode(), f"\\{short.decode()}")
    return f'"{escaped}"'


def read_manifest(path: Path) -> Manifest:
    """Return what a manifest says. Raises OSError, or Corrupt with the line that is wrong."""
    with path.open("rb") as file:
        text = file.read(MAX_MANIFEST_BYTES + 1)
    if len(text) > MAX_MANIFEST_BYTES:
        raise Corrupt(path, None, "the manifest is too large", ADVICE)
    return _Parser(path).parse(text)


class _Parser:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._manifest = Manifest()
        self._offset = 0

    def _wrong(self, reason: str) -> Corrupt:
        return Corrupt(self._path, self._offset, f"manifest: {reason}", ADVICE)

    def parse(self, text: bytes) -> Manifest:
        if not text:
            raise self._wrong("the file is empty")
        for line in text.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                raise self._wrong("the last line has no end")
            if not line.startswith(b"#"):
                self._take(line)
            self._offset += len(line)
        if not self._manifest.files:
            raise self._wrong("no file is named")
        return self._manifest

    def _take(self, line: bytes) -> None:
        pairs = self._pairs(line)
        name = pairs.get(b"file", b"").decode("utf-8", "surrogateescape")
        if not name or "/" in name or "\0" in name or name in (".", ".."):
            raise self._wrong("the file's name is missing, or no plain name")
        digits = pairs.get(b"seq", b"")
        if not re.fullmatch(rb"[0-9]{1,19}", digits) or not 0 < int(digits) <= _MAX_SEQ:
            raise self._wrong("seq is no number above 0")
        part = Part(name, int(digits))
        manifest, kind = self._manifest, pairs.get(b"type")
        if kind == b"b":
            if manifest.base is not None:
                raise self._wrong("there is a second base")
            manifest.base = part
        elif kind == b"h":
            manifest.history.append(part)
        elif kind == b"i":
            if manifest.increments and manifest.increments[-1].seq >= part.seq:
                raise self._wrong("the numbers of increments do not rise")
            manifest.increments.append(part)
        else:
            raise self._wrong("type is none of b, h and i")

    def _pairs(self, line: bytes) -> dict[bytes, bytes]:
        words: list[bytes] = []
        rest = line.strip()
        while rest:
            found = _WORD.match(rest)
            if found is None:
                raise self._wrong("quotes do not match")
            words.append(_unescaped(found[1]) if found[1] is not None else found[2])
            rest = rest[found.end() :]
        if not words or len(words) % 2:
            raise self._wrong("a line is not made of pairs")
        return {word.lower(): value for word, value in zip(words[::2], words[1::2], strict=True)}


def _unescaped(text: bytes) -> bytes:
    def meant(found: re.Match[bytes]) -> bytes:
        code = found[1]
        if code[:1] == b"x" and len(code) == 3:
            return bytes([int(code[1:], 16)])
        return _ESCAPED.get(code, code)

    return _ESCAPE.sub(meant, text)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of the one there is; it is on disk on return. Raises OSError."""
    temporary = path.with_name(f"temp-{path.name}")
    with temporary.open("wb") as file:
        file.write(manifest.text())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Return once the names in a directory would survive a power cut. Raises OSError."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
