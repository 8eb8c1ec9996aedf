"""What a manifest may say, and what Redis refuses is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.persistence.api import Corrupt
from geostream_plugins.aof.manifest import Manifest, Part, read_manifest, write_manifest
from tests.persistence.aof.files import DIR_NAME, Recorder, files, load, opened, store

BASE = b"file a.2.base.rdb seq 2 type b\n"
INCR = b"file a.7.incr.aof seq 7 type i\n"


def read(tmp_path: Path, text: bytes) -> Manifest:
    path = tmp_path / "a.manifest"
    path.write_bytes(text)
    return read_manifest(path)


@pytest.mark.parametrize(
    "text",
    [
        BASE + INCR,
        INCR + BASE,
        b"# remark\n" + BASE + INCR,
        b"type b seq 2 file a.2.base.rdb\n" + INCR,
        BASE + b"file a.7.incr.aof seq 7 type i startoffset 15 endoffset 399\n",
        BASE.replace(b"\n", b"\r\n") + INCR,
        b'file "a.2.base.rdb" seq 2 type b\n' + INCR,
    ],
)
def test_what_redis_takes_is_taken(tmp_path: Path, text: bytes) -> None:
    manifest = read(tmp_path, text)
    assert manifest.base == Part("a.2.base.rdb", 2)
    assert manifest.increments == [Part("a.7.incr.aof", 7)]


def test_there_need_be_no_base(tmp_path: Path) -> None:
    assert read(tmp_path, INCR).base is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty"),
        (b"# only a remark\n", "no file"),
        (BASE + b"\n" + INCR, "pairs"),
        (b"file a seq 2 type\n", "pairs"),
        (BASE + INCR[:-1], "no end"),
        (b"file ../a seq 2 type b\n", "plain name"),
        (b"file .. seq 2 type b\n", "plain name"),
        (b"seq 2 type b\n", "name"),
        (BASE + BASE, "second base"),
        (INCR + INCR, "rise"),
        (INCR + b"file a.6.incr.aof seq 6 type i\n", "rise"),
        (b"file a seq 0 type i\n", "seq"),
        (b"file a seq -1 type i\n", "seq"),
        (b"file a seq 99999999999999999999 type i\n", "seq"),
        (b"file a seq 1 type x\n", "type"),
        (b'file "a seq 1 type i\n', "quotes"),
        (b"#" * (2**20 + 1), "large"),
    ],
)
def test_what_redis_refuses_is_refused_with_the_reason(
    tmp_path: Path, text: bytes, reason: str
) -> None:
    with pytest.raises(Corrupt, match=reason):
        read(tmp_path, text)


names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in (".", ".."))


@given(names)
def test_any_name_is_written_so_that_it_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    path = tmp_path_factory.mktemp("manifest") / "a.manifest"
    manifest = Manifest(Part(name, 3), [Part(f"{name}h", 2)], [Part(f"{name}i", 9)])
    write_manifest(path, manifest)
    assert read_manifest(path) == manifest


def test_a_listed_file_that_is_missing_is_named(tmp_path: Path) -> None:
    store(tmp_path, [])
    missing = tmp_path / DIR_NAME / "appendonly.aof.1.incr.aof"
    missing.unlink()
    with pytest.raises(Corrupt) as caught:
        opened(tmp_path)
    assert caught.value.path == missing


def test_empty_files_are_files(tmp_path: Path) -> None:
    store(tmp_path, [])
    for name in ("appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"):
        (tmp_path / DIR_NAME / name).write_bytes(b"")
    assert not any(database.values for database in load(tmp_path).databases)


def test_data_without_a_manifest_is_not_taken_for_an_empty_store(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.run("SET k v")
    store(tmp_path, *recorder.batches)
    before = files(tmp_path)
    manifest = tmp_path / DIR_NAME / "appendonly.aof.manifest"
    text = manifest.read_bytes()
    manifest.unlink()
    with pytest.raises(Corrupt, match="manifest"):
        opened(tmp_path)
    manifest.write_bytes(text)
    assert files(tmp_path) == before


def test_the_names_of_files_follow_the_settings(tmp_path: Path) -> None:
    options = {"appendfilename": "my log", "appenddirname": "logs"}
    recorder = Recorder()
    recorder.run("SET k v")
    store(tmp_path, *recorder.batches, **options)
    assert (tmp_path / "logs" / "my log.1.incr.aof").is_file()
    assert load(tmp_path, **options).databases[0].string(b"k") == b"v"


def test_a_second_geostream_is_kept_out(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(Corrupt, match="another"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


def test_it_is_empty_until_something_is_stored(tmp_path: Path) -> None:
    plugin = opened(tmp_path)
    assert plugin.is_empty()
    list(plugin.load())
    plugin.sync()
    plugin.close()
    again = opened(tmp_path)
    assert again.is_empty()
    again.close()
    recorder = Recorder()
    recorder.run("SET k v", "FLUSHALL")
    store(tmp_path, *recorder.batches)
    full = opened(tmp_path)
    assert not full.is_empty()
    full.close()
