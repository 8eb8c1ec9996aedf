"""What a store holds, for people and, as JSON, for programs.

A description is made first, of plain dicts and lists; text is made of it. Names are text where
they are UTF-8; where they are not, base64 beside the text keeps the exact bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import hiredis

from geostream.engine.glob import glob_matches
from geostream.store.ids import StreamId, id_bytes
from geostream.store.images import GroupImage, StreamImage
from geostream.tools.items import Item, shown
from geostream.tools.places import FilePlace
from geostream.tools.stores import Contents
from geostream.tools.tally import counted

LAST_TIME_MS = 253_402_300_799_999  # of the year 9999


def describe(
    place: FilePlace, contents: Contents, glob: bytes | None, entries: int, now_ms: int
) -> dict[str, Any]:
    """Return what there is to say.

    glob    -- of the keys to list, if not all; the totals are of all
    entries -- how many of each stream to show
    """
    databases: dict[str, list[dict[str, Any]]] = {}
    for item in contents.items:
        listed = databases.setdefault(str(item.db), [])
        if glob is None or glob_matches(glob, item.key):
            listed.append(_described(item, entries, now_ms))
    damage = contents.damage
    return {
        "format": place.kind,
        "path": str(place.path),
        "about": contents.facts,
        "databases": databases,
        "totals": _totals(contents),
        "left_out": contents.left_out,
        "left_out_names": contents.left_out_names,
        "remarks": contents.remarks,
        "damage": damage
        and {"path": str(damage.path), "offset": damage.offset, "reason": damage.reason},
    }


def _totals(contents: Contents) -> dict[str, int]:
    images = [item.value for item in contents.items if isinstance(item.value, StreamImage)]
    return {
        "keys": len(contents.items),
        "streams": len(images),
        "strings": len(contents.items) - len(images),
        "entries": sum(image.length for image in images),
        "groups": sum(len(image.groups) for image in images),
        "pending": sum(len(group.pending) for image in images for group in image.groups),
        "with_expiry": sum(item.expires_at_ms is not None for item in contents.items),
        "commands": contents.commands,
        "commands_failed": contents.failed,
    }


def _named(name: bytes, field: str) -> dict[str, str]:
    told = {field: name.decode("utf-8", "backslashreplace")}
    try:
        name.decode()
    except UnicodeDecodeError:
        told[f"{field}_base64"] = base64.b64encode(name).decode()
    return told


def _described(item: Item, entries: int, now_ms: int) -> dict[str, Any]:
    told: dict[str, Any] = {**_named(item.key, "key"), "type": item.type_name}
    if item.expires_at_ms is not None:
        told["expires_at_ms"] = item.expires_at_ms
        told["expired"] = item.expires_at_ms <= now_ms
    image = item.value
    if isinstance(image, bytes):
        return {**told, "length": len(image)}
    told |= {
        "length": image.length,
        "first_id": _text(image.first_id) if image.length else None,
        "last_entry_id": _text(_last_entry_id(image)) if image.length else None,
        "last_id": _text(image.last_id),
        "max_deleted_id": _text(image.max_deleted_id),
        "entries_added": image.entries_added,
        "size_bytes": sum(segment.live_bytes for segment in image.segments),
        "groups": [_described_group(group) for group in image.groups],
    }
    if image.idmp.producers:
        told["producers"] = len(image.idmp.producers)
    if entries:
        told["entries"] = list(_entries(image, entries))
    return told


def _described_group(group: GroupImage) -> dict[str, Any]:
    owned: dict[bytes, int] = {}
    for held in group.pending.values():
        if held.consumer is not None:
            owned[held.consumer.name] = owned.get(held.consumer.name, 0) + 1
    return {
        **_named(group.name, "name"),
        "last_id": _text(group.last_id),
        "entries_read": group.entries_read,
        "pending": len(group.pending),
        "released": len(group.released),
        "consumers": [
            {
                **_named(consumer.name, "name"),
                "pending": owned.get(consumer.name, 0),
                "seen_ms": consumer.seen_ms,
                "active_ms": consumer.active_ms,
            }
            for consumer in group.consumers
        ],
    }


def _text(entry_id: StreamId) -> str:
    return id_bytes(entry_id).decode()


def _last_entry_id(image: StreamImage) -> StreamId:
    return image.segments[-1].id_at(-1)


def _entries(image: StreamImage, count: int) -> Iterator[dict[str, Any]]:
    reader = hiredis.Reader()
    for entry_id, wire in islice(image.entries(), count):
        reader.feed(bytes(wire))
        fields = reader.gets()[1]
        pairs = [
            {**_named(name, "field"), **_named(value, "value")}
            for name, value in zip(fields[::2], fields[1::2], strict=True)
        ]
        yield {"id": _text(entry_id), "fields": pairs}


# As text


def as_text(told: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a description."""
    yield f"{told['path']}: {told['format']}"
    for name, value in told["about"].items():
        yield from _about(name, value)
    for number, keys in told["databases"].items():
        yield f"database {number}:"
        for key in keys:
            yield from _key_lines(key)
    for kind, count in told["left_out"].items():
        yield f"not kept here: {count:,} {kind}"
    if told["left_out_names"]:
        yield f"  among them: {', '.join(told['left_out_names'])}"
    for remark in told["remarks"]:
        yield f"remark: {remark}"
    yield _total_line(told["totals"])
    if told["damage"]:
        offset = told["damage"]["offset"]
        where = told["damage"]["path"] + (f", byte {offset:,}" if offset is not None else "")
        yield f"DAMAGED: {where}: {told['damage']['reason']}"
        yield "  listed is what could be read before; 'geostream repair' copies that"


def _about(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part, size in value.items():
            yield f"  {name}: {part}: {size:,}" if isinstance(size, int) else f"  {part}: {size}"
    elif isinstance(value, list):
        for line in value:
            yield f"  {name}: {line}"
    else:
        yield f"  {name}: {value:,}" if isinstance(value, int) else f"  {name}: {value}"


def _key_lines(key: dict[str, Any]) -> Iterator[str]:
    name = shown(base64.b64decode(key["key_base64"]) if "key_base64" in key else _raw(key["key"]))
    expiry = ""
    if "expires_at_ms" in key:
        word = "expired" if key["expired"] else "expires"
        expiry = f", {word} {_time(key['expires_at_ms'])}"
    if key["type"] == "string":
        yield f"  {name}: string of {counted(key['length'], 'byte')}{expiry}"
        return
    ids = f", {key['first_id']} to {key['last_entry_id']}" if key["length"] else ""
    yield f"  {name}: stream of {counted(key['length'], 'entry', 'entries')}{ids}{expiry}"
    yield (
        f"    last ID {key['last_id']}, added {key['entries_added']:,},"
        f" highest deleted {key['max_deleted_id']}"
    )
    for group in key["groups"]:
        yield from _group_lines(group)
    for entry in key.get("entries", ()):
        pairs = " ".join(f"{_quoted(p['field'])}={_quoted(p['value'])}" for p in entry["fields"])
        yield f"    {entry['id']}  {pairs}"


def _group_lines(group: dict[str, Any]) -> Iterator[str]:
    read = "an unknown number" if group["entries_read"] is None else f"{group['entries_read']:,}"
    released = f", {group['released']:,} of them nobody's" if group["released"] else ""
    yield (
        f"    group {_quoted(group['name'])}: at {group['last_id']}, read {read},"
        f" {group['pending']:,} pending{released}"
    )
    for consumer in group["consumers"]:
        yield (
            f"      consumer {_quoted(consumer['name'])}: {consumer['pending']:,} pending,"
            f" seen {_time(consumer['seen_ms'])}"
        )


def _raw(text: str) -> bytes:
    return text.encode()


def _quoted(text: str) -> str:
    return shown(text.encode())


def _time(time_ms: int) -> str:
    if not 0 <= time_ms <= LAST_TIME_MS:
        return f"{time_ms} ms"
    whole = datetime.fromtimestamp(time_ms // 1000, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{time_ms % 1000:03}Z"


def _total_line(totals: dict[str, int]) -> str:
    line = (
        f"total: {counted(totals['keys'], 'key')} ({counted(totals['streams'], 'stream')},"
        f" {counted(totals['strings'], 'string')}),"
        f" {counted(totals['entries'], 'entry', 'entries')},"
        f" {counted(totals['groups'], 'group')},"
        f" {counted(totals['pending'], 'pending entry', 'pending entries')}"
    )
    if totals["commands"]:
        line += f"; {counted(totals['commands'], 'command')}, {totals['commands_failed']:,} failed"
    return line
