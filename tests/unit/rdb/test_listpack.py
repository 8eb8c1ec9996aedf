"""Listpacks: every form of element, both ways, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geostream.rdb.listpack import BadListpack
from tests.persistence.formats.golden_files import VECTORS
from tests.unit.rdb.listpacks import backlen, elements, integer_element, listpack, text_element


def packed(parts):
    return listpack(list(parts), len(parts))


@pytest.mark.parametrize(("value", "stored"), VECTORS["listpack_integer"])
def test_integers_take_the_shortest_form(value, stored):
    assert integer_element(int(value)).hex() == stored
    assert text_element(value.encode()).hex() == stored
    assert elements(packed([bytes.fromhex(stored)])) == [int(value)]


@pytest.mark.parametrize(("text", "stored"), VECTORS["listpack_string"])
def test_text_that_is_no_integer_stays_text(text, stored):
    assert text_element(text.encode()).hex() == stored
    assert elements(packed([bytes.fromhex(stored)])) == [text.encode()]


@pytest.mark.parametrize("vector", VECTORS["listpack_string_heads"], ids=lambda v: v["length"])
def test_text_at_the_limits_of_the_forms(vector):
    stored = text_element(b"q" * vector["length"]).hex()
    assert stored.startswith(vector["head"])
    assert stored.endswith(vector["tail"])
    assert elements(packed([bytes.fromhex(stored)])) == [b"q" * vector["length"]]


@pytest.mark.parametrize(("size", "stored"), VECTORS["listpack_backlen"])
def test_lengths_behind_elements(size, stored):
    assert backlen(size).hex() == stored


texts = st.one_of(
    st.binary(max_size=80),
    st.integers(-(2**64), 2**64).map(b"%d".__mod__),
    st.integers(60, 5000).map(b"z".__mul__),
)


@given(st.lists(texts))
def test_any_texts_come_back(given_texts):
    found = elements(packed([text_element(text) for text in given_texts]))
    assert [b"%d" % e if isinstance(e, int) else e for e in found] == given_texts


def test_more_elements_than_the_header_counts():
    for count in (65534, 65535, 70000):
        assert len(elements(packed([integer_element(1)] * count))) == count


@pytest.mark.parametrize(
    "damage",
    [
        lambda blob: blob[:-1],
        lambda blob: blob[:-1] + b"\xfe",
        lambda blob: blob[:4] + b"\x09\x00" + blob[6:],  # another number of elements
        lambda blob: b"\xff" + blob[1:],  # another size
        lambda blob: blob[:6] + b"\xbf" + blob[7:],  # text that reaches behind the end
        lambda blob: blob[:6] + b"\xf5" + blob[7:],  # no form at all
        lambda blob: blob[:7] + b"\x02" + blob[8:],  # a wrong length behind
        lambda blob: blob[:6],
        lambda blob: b"",
    ],
)
def test_damage_is_noticed(damage):
    blob = packed([integer_element(1), text_element(b"abc"), text_element(b"300")])
    assert elements(blob) == [1, b"abc", 300]
    with pytest.raises(BadListpack):
        elements(damage(blob))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_listpack_or_refused(body):
    blob = (len(body) + 7).to_bytes(4, "little") + b"\xff\xff" + body + b"\xff"
    try:
        found = elements(blob)
    except BadListpack as error:
        assert str(error)
    else:
        assert all(isinstance(element, int | bytes) for element in found)
