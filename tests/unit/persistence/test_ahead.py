"""What is read ahead: nothing that goes wrong in its thread is lost."""

import pytest

from geostream.persistence import ahead
from geostream.persistence.ahead import ReadAhead
from geostream.store.effects import KeyDeleted


class Breaking:
    """A reader that fails after its first effect, as if memory were short."""

    def __init__(self, *_, **__):
        pass

    def __iter__(self):
        yield KeyDeleted(0, b"first")
        raise MemoryError("no more")


def test_any_fault_in_the_thread_is_raised_where_the_data_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "RdbReader", Breaking)
    path = tmp_path / "dump.rdb"
    path.write_bytes(b"REDIS0011")
    effects = iter(ReadAhead(path, now_ms=None, databases=16))
    assert next(effects) == KeyDeleted(0, b"first")
    with pytest.raises(MemoryError):
        next(effects)
