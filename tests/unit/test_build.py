"""Compiled or plain: what is compiled, which of the two runs, and that it says so."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from geostream import __version__, build
from tests.support.engines import make_engine

ROOT = Path(__file__).parents[2]

#: Prints from which file each module of a list comes that was imported by a server.
WHERE = (
    "import importlib, json, sys, geostream.app\n"
    "print(json.dumps({n: importlib.import_module(n).__file__ for n in sys.argv[1:]}))"
)


def listed() -> list[str]:
    """Return the list of setup.py, which cannot be imported without being run."""
    for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMPILED_MODULES":
            return ast.literal_eval(node.value)
    raise AssertionError("setup.py has no list of modules")


def python(*arguments: str, pure: str) -> str:
    """Run python with GEOSTREAM_PURE as given, in this tree, and return what it prints."""
    environ = os.environ | {build.PURE_VARIABLE: pure}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=50
    )
    return done.stdout


def is_extension(file: str) -> bool:
    return file.endswith(tuple(EXTENSION_SUFFIXES))


@pytest.fixture
def compiled():
    """What runs compiled in this tree when nobody asks for the plain files."""
    modules = python("-c", "from geostream import build; print(*build.CURRENT.modules)", pure="")
    if not modules.split():
        pytest.skip("nothing is compiled here, or it was edited since; make compile")
    return modules.split()


@pytest.fixture
def tree(tmp_path):
    """A source tree with one module that looks compiled, and the finders as they were."""
    package = tmp_path / "geostream"
    (package / "store").mkdir(parents=True)
    (tmp_path / "setup.py").touch()
    for name in ("ids.py", "ids.pxd", f"ids{EXTENSION_SUFFIXES[0]}"):
        (package / "store" / name).touch()
        os.utime(package / "store" / name, (1000, 1000))
    finders = sys.meta_path[:]
    yield package
    sys.meta_path[:] = finders


def chosen(package, **environ):
    """Return what is said of the package in this directory, with this environment."""
    current = build.Build()
    current.choose(package, environ)
    said = current.explain()
    assert said.startswith(f"{current.kind}: ")
    return said


# The list


@pytest.mark.parametrize("name", listed())
def test_what_is_to_be_compiled_is_there(name):
    assert (ROOT / name.replace(".", "/")).with_suffix(".py").is_file()


def test_the_list_is_in_order_and_names_nothing_twice():
    assert listed() == sorted(set(listed()))


#: Whose C is compiled into the modules that use it, as a header is.
STEPS = {
    "geostream.commands.id_lists",
    "geostream.engine.steps",
    "geostream.rdb.lock",
    "geostream.resp.steps",
    "geostream.server.transfer",
    "geostream.store.columns",
    "geostream.store.halves",
    "geostream.store.lists",
    "geostream.store.octets",
    "geostream.ticks",
}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_each_step_is_there_in_both_languages_with_the_same_arguments(name):
    source = (ROOT / name.replace(".", "/")).with_suffix(".pxd").read_text(encoding="utf-8")
    in_c = re.findall(r"^cdef inline [\w ]+?[ *]+([a-z]\w+)\(([^)]*)\)", source, re.MULTILINE)
    in_python = {
        step_name: list(inspect.signature(step).parameters)
        for step_name, step in inspect.getmembers(import_module(name), inspect.isfunction)
        if step.__module__ == name
    }
    assert in_python
    assert {
        step_name: [argument.split()[-1] for argument in arguments.split(",") if argument]
        for step_name, arguments in in_c
    } == in_python


def test_types_stand_only_beside_modules_that_are_compiled():
    found = {path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("geostream/**/*.pxd")}
    packages = {path for path in found if path.name == "__init__"}
    assert {str(path).replace("/", ".") for path in found - packages} <= set(listed()) | STEPS


def test_no_source_imports_cython_at_run_time():
    sources = [*ROOT.glob("geostream/**/*.py"), *ROOT.glob("plugins/**/*.py")]
    assert [path for path in sources if "import cython" in path.read_text(encoding="utf-8")] == []


def test_what_is_compiled_is_what_is_listed(compiled):
    assert compiled == listed()


# Which of the two runs


def test_compiled_modules_are_imported_when_they_are_there(compiled):
    files = json.loads(python("-c", WHERE, *compiled, pure=""))
    assert [name for name, file in files.items() if not is_extension(file)] == []


def test_the_plain_files_are_imported_when_they_are_asked_for():
    files = json.loads(python("-c", WHERE, *listed(), pure="1"))
    assert [name for name, file in files.items() if not file.endswith(".py")] == []


def test_version_names_the_compiled_modules(compiled):
    first, second = python("-m", "geostream", "version", pure="0").splitlines()
    assert first.startswith(f"geostream {__version__} (")
    names = [name.removeprefix("geostream.") for name in compiled]
    assert second == f"compiled: {', '.join(names)}"


def test_version_says_why_the_plain_files_run():
    lines = python("-m", "geostream", "version", pure="1").splitlines()
    assert lines[1] == "pure: GEOSTREAM_PURE is set"


def test_info_says_which_of_the_two_runs():
    info = make_engine().execute("INFO", "server").text
    kinds = {is_extension(import_module(name).__file__) for name in listed()}
    assert len(kinds) == 1, "neither one thing nor the other"
    assert b"geostream_build:%b\r\n" % (b"compiled" if kinds.pop() else b"pure") in info


# Sources newer than what was compiled from them


def test_what_is_as_old_as_its_source_runs(tree):
    assert chosen(tree) == "compiled: store.ids"


@pytest.mark.parametrize("file", ["ids.py", "ids.pxd"])
def test_edited_code_is_not_hidden_by_what_it_was_before(tree, file):
    os.utime(tree / "store" / file, (1001, 1001))
    assert chosen(tree) == f"pure: store/{file} was edited; make compile"


def test_a_compiled_module_without_its_source_does_not_run(tree):
    (tree / "store" / "ids.py").unlink()
    assert chosen(tree) == "pure: store/ids.py is gone; make compile"


def test_an_installed_package_does_not_look_at_times(tree):
    (tree.parent / "setup.py").unlink()
    os.utime(tree / "store" / "ids.py", (1001, 1001))
    assert chosen(tree) == "compiled: store.ids"


def test_a_module_compiled_for_another_python_counts_for_nothing(tree):
    extension = tree / "store" / f"ids{EXTENSION_SUFFIXES[0]}"
    extension.rename(extension.with_name("ids.cpython-27-other.so"))
    assert chosen(tree) == "pure: nothing is compiled"


@pytest.mark.parametrize(
    ("value", "said"), [("", "compiled"), ("0", "compiled"), ("1", "pure"), ("yes", "pure")]
)
def test_the_environment_may_ask_for_the_plain_files(tree, value, said):
    assert chosen(tree, GEOSTREAM_PURE=value).partition(":")[0] == said


def test_the_finder_of_plain_files_finds_this_package_only(tree):
    finder = build.PlainFiles()
    found = finder.find_spec("geostream.store.ids", [str(tree / "store")])
    assert found is not None
    assert found.origin == str(tree / "store" / "ids.py")
    assert finder.find_spec("geostream.store.none", [str(tree / "store")]) is None
    assert finder.find_spec("json.decoder", [str(Path(json.__file__).parent)]) is None
    assert finder.find_spec("geostream", None) is None


# Without a compiler


@pytest.mark.parametrize(
    ("before", "environ"),
    [("", {"CC": "/bin/false"}), ("import sys; sys.modules['Cython'] = None; ", {})],
    ids=["no compiler", "no Cython"],
)
def test_a_tree_that_cannot_be_compiled_says_so_and_keeps_nothing_compiled(
    tmp_path, before, environ
):
    pytest.importorskip("Cython")
    for name in listed():
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("number = 1\n", encoding="utf-8")
    path.with_suffix(EXTENSION_SUFFIXES[0]).touch()
    shutil.copy(ROOT / "setup.py", tmp_path)
    program = before + "import runpy; runpy.run_path('setup.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", program, "-q", "build_ext", "--inplace"],
        cwd=tmp_path,
        env=os.environ | environ | {build.PURE_VARIABLE: ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert "note: nothing is compiled, the plain .py files run" in done.stderr
    assert [path.name for path in tmp_path.glob("geostream/**/*.so")] == []
