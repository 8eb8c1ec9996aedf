"""What setup.cfg cannot say: which modules are compiled, and how.

The modules below are compiled by Cython from the very .py files that run without it, in
what Cython calls pure Python mode: C types, where they pay, stand in a .pxd file beside the
.py file. There is no second copy of any code.

It is all or nothing: modules with C types know each other's layout, so a half compiled
package would be neither one thing nor the other. Without a C compiler, or when compiling
fails, a note says so, the plain files are installed and everything works, more slowly.
``GEOSTREAM_PURE=1`` has nothing compiled in the first place.

``geostream/build.py`` is the other half: which of the two runs.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import groupby
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

#: The only list of them. What is here costs time with every request, or every entry of a file.
COMPILED_MODULES = [
    "geostream.clock",
    "geostream.commands.connection",
    "geostream.commands.stream_ids",
    "geostream.commands.stream_options",
    "geostream.commands.streams_acks",
    "geostream.commands.streams_add",
    "geostream.commands.streams_delivery",
    "geostream.commands.streams_range",
    "geostream.commands.streams_read",
    "geostream.commands.streams_write",
    "geostream.commands.trimming",
    "geostream.engine.args",
    "geostream.engine.client",
    "geostream.engine.command",
    "geostream.engine.context",
    "geostream.engine.dispatch",
    "geostream.engine.gate",
    "geostream.engine.memory",
    "geostream.engine.shortcut",
    "geostream.engine.stats",
    "geostream.engine.stopwatch",
    "geostream.engine.transactions",
    "geostream.engine.waiters",
    "geostream.persistence.journal",
    "geostream.rdb.alike",
    "geostream.rdb.listpack",
    "geostream.rdb.lzf",
    "geostream.rdb.node_reader",
    "geostream.rdb.node_writer",
    "geostream.rdb.stored",
    "geostream.rdb.strings",
    "geostream.reply",
    "geostream.resp.reader",
    "geostream.resp.walker",
    "geostream.resp.writer",
    "geostream.server.connection",
    "geostream.server.held",
    "geostream.server.stopwatch",
    "geostream.server.turn",
    "geostream.server.unsent",
    "geostream.store.additions",
    "geostream.store.apply",
    "geostream.store.deliveries",
    "geostream.store.effects.delivered",
    "geostream.store.effects.entry_added",
    "geostream.store.effects.pending_removed",
    "geostream.store.entry_json",
    "geostream.store.group",
    "geostream.store.groups",
    "geostream.store.ids",
    "geostream.store.keyspace",
    "geostream.store.node_cuts",
    "geostream.store.nodes",
    "geostream.store.own_ids",
    "geostream.store.pending",
    "geostream.store.progress",
    "geostream.store.row_pages",
    "geostream.store.runs",
    "geostream.store.segment",
    "geostream.store.selection",
    "geostream.store.stream",
    "geostream.store.tail",
    "geostream.store.value",
    "geostream.store.wire",
    "geostream.store.xadd_commands",
]

#: A compiled module does what the .py file does, in full.
DIRECTIVES = {
    "language_level": 3,
    "binding": True,  # functions have signatures, annotations and defaults to look at
    "nonecheck": True,  # None where an object is declared is an AttributeError, not a crash
    "auto_pickle": False,  # nobody pickles these; to be ready for it is a seventh of the C code
}

#: Their hot functions are decorated, which a .pxd cannot declare: annotations are C types here.
TYPED_BY_ANNOTATIONS = {
    "geostream.commands.connection",
    "geostream.commands.streams_read",
    "geostream.commands.streams_write",
}

#: An object that goes is kept, a few of each class, and made into the next: these come and go with
#: every request. A .pxd file cannot say so of a class that stands in a .py file.
_KEPT: dict[str, bool | int] = {"freelist": 16}
_KEPT_AND_FLAT = {**_KEPT, "no_gc": True}  # they hold nothing that could hold them

RECYCLED = {
    "geostream.commands.stream_options": _KEPT,
    "geostream.commands.streams_acks": _KEPT_AND_FLAT,
    "geostream.commands.streams_delivery": _KEPT_AND_FLAT,
    "geostream.commands.streams_read": _KEPT,
    "geostream.commands.streams_write": _KEPT_AND_FLAT,
    "geostream.commands.trimming": _KEPT_AND_FLAT,
    "geostream.reply": _KEPT,
    "geostream.store.deliveries": _KEPT_AND_FLAT,
    "geostream.store.effects.delivered": _KEPT_AND_FLAT,
    "geostream.store.effects.entry_added": _KEPT_AND_FLAT,
    "geostream.store.effects.pending_removed": _KEPT_AND_FLAT,
    "geostream.store.selection": _KEPT_AND_FLAT,
}

C_DIRECTORY = "build/cython"  # generated C files stay out of the source tree
SOURCE_ROOT = Path(__file__).resolve().parent


class BuildAllOrNothing(build_ext):
    """Compiles all the modules, or says why not and goes on without."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count() or 1
        self.in_source_tree = bool(self.inplace)  # the base class forgets it when it fails

    def run(self) -> None:
        if self.in_source_tree:
            forget_all_but({each.name for each in self.extensions})
        try:
            # Imported here: without Cython the package can still be installed.
            from Cython.Build import cythonize  # noqa: PLC0415
            from Cython.Compiler import Errors, Options  # noqa: PLC0415
            from Cython.Compiler.Errors import CompileError  # noqa: PLC0415
        except ImportError as error:
            self.go_on_without(error)
            return
        try:
            # Cython knows these as decorators, and they are to be said of whole modules. That it
            # then warns of classes in other modules, which have bases, is nothing to see.
            Options.get_directive_defaults().update(freelist=0, no_gc=False)
            Errors.LEVEL = 2
            gc.set_threshold(100_000)  # trees of syntax are full of cycles, and go as a whole
            generated = []
            names = sorted((each.name for each in self.extensions), key=sort_key)
            for _, alike in groupby(names, sort_key):  # what they import is read once for all
                some = list(alike)
                generated += cythonize(
                    [extension(name) for name in some],
                    build_dir=C_DIRECTORY,
                    compiler_directives=directives_of(some[0]),
                    quiet=True,
                    force=bool(self.force),
                )
            c_files = {each.name: each.sources for each in generated}
            for each in self.extensions:
                each.sources = c_files[each.name]
            super().run()
        except (CompileError, BaseError, CCompilerError, OSError) as error:
            self.go_on_without(error)

    def build_extension(self, ext: Extension) -> None:
        """Build one, and have it as old as the C file: what is edited meanwhile is newer."""
        super().build_extension(ext)
        generated_ns = os.stat(ext.sources[0]).st_mtime_ns
        os.utime(self.get_ext_fullpath(ext.name), ns=(generated_ns, generated_ns))

    def go_on_without(self, error: Exception) -> None:
        print(f"note: nothing is compiled, the plain .py files run: {error}", file=sys.stderr)
        for each in self.extensions:
            Path(self.get_ext_fullpath(each.name)).unlink(missing_ok=True)
        self.extensions = []
        if self.in_source_tree:
            forget_all_but(set())


def wants_pure() -> bool:
    return os.environ.get("GEOSTREAM_PURE", "") not in ("", "0")


def forget_all_but(names: set[str]) -> None:
    """Delete compiled modules that lie in the source tree and are not to be there (any more)."""
    for path in SOURCE_ROOT.glob("geostream/**/*.so"):
        module, dot, suffix = path.name.partition(".")
        name = ".".join([*path.relative_to(SOURCE_ROOT).parent.parts, module])
        if name not in names and dot + suffix in EXTENSION_SUFFIXES:
            path.unlink()


def directives_of(name: str) -> dict[str, bool | int]:
    typed = name in TYPED_BY_ANNOTATIONS
    return {**DIRECTIVES, "annotation_typing": typed, **RECYCLED.get(name, {})}


def sort_key(name: str) -> list[tuple[str, bool | int]]:
    return sorted(directives_of(name).items())


def extension(name: str) -> Extension:
    source = name.replace(".", "/") + ".py"
    return Extension(name, [source], extra_compile_args=["-O2", "-g0", "-Wno-unused-function"])


setup(
    ext_modules=[] if wants_pure() else [extension(name) for name in COMPILED_MODULES],
    cmdclass={"build_ext": BuildAllOrNothing},
)
