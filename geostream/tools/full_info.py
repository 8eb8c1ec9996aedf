"""A stream's image from what XINFO STREAM key FULL COUNT 0 says.

That one reply holds everything a client can learn of a stream: entries, groups, consumers and
what is pending, also of entries that are gone. What servers of some versions do not tell is
filled in as that version would do it; of producers' messages only the counters are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from geostream.store.ids import MIN_ID, U64_MAX, StreamId, id_bytes
from geostream.store.images import (
    ConsumerImage,
    GroupImage,
    IdmpImage,
    PendingImage,
    StreamImage,
)
from geostream.store.wire import pack_entry
from geostream.tools.items import segments_of


class BadReply(Exception):
    """What the server said is not what such a reply looks like."""


def image_from(reply: Any) -> StreamImage:
    """Return the stream of a RESP2 reply. Raises BadReply if it is inconsistent."""
    try:
        return _image(_pairs(reply))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadReply(f"{type(error).__name__}: {error}") from error


def _pairs(flat: Sequence[Any]) -> dict[bytes, Any]:
    if len(flat) % 2:
        raise ValueError("a map of an odd number of elements")
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _image(about: dict[bytes, Any]) -> StreamImage:
    last_id = _id(about[b"last-generated-id"])
    image = StreamImage(
        segments_of(_entries(about[b"entries"], last_id)),
        last_id=last_id,
        groups=[_group(_pairs(group)) for group in about[b"groups"]],
        idmp=_idmp(about),
    )
    if image.length != about[b"length"]:
        raise ValueError("not as many entries as the length says")
    image.max_deleted_id = _id(about.get(b"max-deleted-entry-id", b"0-0"))
    # Told from 7.0 on
    image.entries_added = _integer(about.get(b"entries-added", image.length))
    return image


def _integer(value: Any) -> int:
    if not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValueError("no integer of 64 bits")
    return value


def _id(text: bytes) -> StreamId:
    ms, _, seq = text.partition(b"-")
    entry_id = (int(ms), int(seq))
    if min(entry_id) < 0 or max(entry_id) > U64_MAX:
        raise ValueError("no ID")
    return entry_id


def _entries(entries: Sequence[Any], last_id: StreamId) -> Iterator[tuple[StreamId, bytes]]:
    before = MIN_ID
    for text, fields in entries:
        entry_id = _id(text)
        if not before < entry_id <= last_id or not fields or len(fields) % 2:
            raise ValueError("entries out of order, or without fields")
        before = entry_id
        yield entry_id, pack_entry(id_bytes(entry_id), fields)


def _idmp(about: dict[bytes, Any]) -> IdmpImage:
    usual = IdmpImage()
    return IdmpImage(
        _integer(about.get(b"idmp-duration", usual.duration_s)),
        _integer(about.get(b"idmp-maxsize", usual.max_size)),
        _integer(about.get(b"iids-added", 0)),
        _integer(about.get(b"iids-duplicates", 0)),
    )


def _group(about: dict[bytes, Any]) -> GroupImage:
    consumers = {}
    for flat in about[b"consumers"]:
        told = _pairs(flat)
        name = told[b"name"]
        # Before 7.2 there is no active-time, and seen-time is the time of the last success
        seen_ms = _integer(told[b"seen-time"])
        active_ms = _integer(told.get(b"active-time", seen_ms))
        consumers[name] = ConsumerImage(name, seen_ms, active_ms)
    read = about.get(b"entries-read")  # versions before 7.0 do not know it
    group = GroupImage(
        about[b"name"],
        _id(about[b"last-delivered-id"]),
        None if read is None else _integer(read),
        list(consumers.values()),
    )
    pending = {}
    for text, owner, time_ms, count in about[b"pending"]:
        entry_id = _id(text)
        _integer(time_ms)
        if _integer(count) < 0:
            raise ValueError("a negative count")
        if owner or not about.get(b"nacked-count"):
            pending[entry_id] = PendingImage(consumers[owner], time_ms, count)
        else:
            pending[entry_id] = PendingImage(None, 0, count)
            group.released.append(entry_id)
    if len(pending) != about[b"pel-count"]:
        raise ValueError("not as many pending entries as the count says")
    group.pending = dict(sorted(pending.items(), key=lambda item: item[1].time_ms))
    return group


def forgets(about: StreamImage) -> bool:
    """Tell whether there were messages of producers, which XINFO only counts."""
    return bool(about.idmp.iids_added)
