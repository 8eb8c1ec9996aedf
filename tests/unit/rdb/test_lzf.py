"""Compression: ours, the library's where it is, and what only looks like compressed data."""

import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geostream.rdb import lzf
from geostream.rdb.lzf import BadLzf, compress, compress_in_python, decompress
from tests.persistence.formats.golden_files import VECTORS

PLAIN = {"a repeated 1000 times": b"a" * 1000, "abcdefgh repeated 40 times": b"abcdefgh" * 40}

texts = st.one_of(
    st.binary(max_size=400),
    st.lists(st.sampled_from([b"a", b"ab", b"abc", b"x" * 40, b"\0"]), max_size=300).map(b"".join),
)


@pytest.fixture(autouse=True, params=["library", "python"])
def library(request, monkeypatch):
    """Run all of it with the library, where it is, and without."""
    if request.param == "python":
        monkeypatch.setattr(lzf, "_library", None)
    elif lzf._library is None:
        pytest.skip("python-lzf is not installed")


WITHOUT_RESET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("vector", VECTORS["lzf"], ids=lambda vector: vector["plain_is"])
def test_what_servers_compressed_is_read(vector):
    packed = bytes.fromhex(vector["compressed"])
    assert decompress(packed, vector["plain_length"]) == PLAIN[vector["plain_is"]]


@WITHOUT_RESET
@given(texts)
def test_what_we_compress_in_python_comes_back(plain):
    assert decompress(compress_in_python(plain), len(plain)) == plain


@WITHOUT_RESET
@given(texts)
def test_compressed_is_always_shorter(plain):
    packed = compress(plain)
    if packed is not None:
        assert len(packed) <= len(plain) - lzf.SAVES_BYTES
        assert decompress(packed, len(plain)) == plain


def test_repetition_far_apart_and_long_is_found():
    plain = bytes(range(256)) * 30 + b"q" * 5000
    packed = compress_in_python(plain)
    assert decompress(packed, len(plain)) == plain
    assert len(packed) < len(plain) // 10


def test_without_the_library_time_is_spent_only_where_it_pays(monkeypatch):
    monkeypatch.setattr(lzf, "_library", None)
    noise = bytes(index * index * 31 % 251 for index in range(2000))
    repeated = b"a" * 2000
    assert compress(noise + repeated) is None
    assert compress(repeated + noise) is not None


@pytest.mark.parametrize(
    ("packed", "size_bytes"),
    [
        (b"\x02ab", 3),  # a run that ends behind the data
        (b"\x00a\x20\x05", 4),  # refers to before the beginning
        (b"\x00a\xe0", 20),  # cut off
        (b"\x00a\x20", 4),
        (b"\x00a", 2),  # shorter than announced
        (b"\x01ab", 1),  # longer
        (b"\x00a" + b"\xe0\xff\x00" * 4, 200),
        (b"\x00a", 2**60),
        (b"", 1),
    ],
)
def test_damaged_data_are_refused(packed, size_bytes):
    with pytest.raises(BadLzf):
        decompress(packed, size_bytes)


def test_an_announced_size_alone_takes_no_memory():
    packed = b"\x00a" + b"\x00b" * 1000
    tracemalloc.start()
    with pytest.raises(BadLzf):
        decompress(packed, 2**40)
    with pytest.raises(BadLzf):
        decompress(packed, 88 * len(packed))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 100_000


@WITHOUT_RESET
@given(st.binary(max_size=60), st.integers(0, 6000))
def test_any_bytes_are_data_or_refused(packed, size_bytes):
    try:
        assert len(decompress(packed, size_bytes)) == size_bytes
    except BadLzf as error:
        assert str(error)
