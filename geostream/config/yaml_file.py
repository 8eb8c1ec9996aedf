"""config.yaml as a source: sections, keys, and the line of everything that is wrong.

The file is composed into nodes, which know their lines, and never constructed
into objects: a scalar stays the text that was written, so ``no``, ``0755`` and
``12:30`` mean what they say and not what YAML 1.1 makes of them. Two levels are
walked, whatever else the file holds. Aliases are refused and so is nesting: a
few bytes of either can stand for any amount of work.

``${NAME}`` and ``${NAME:-default}`` in a value are replaced from the environment;
``$${`` is a plain ``${``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from geostream.config.kinds import Addresses, PluginList
from geostream.config.names import find, full_name, unknown
from geostream.config.settings import SECTIONS
from geostream.config.sources import Reading, reason, shown

MAX_FILE_BYTES = 256 * 2**10
MAX_DEPTH = 8
LONGEST_NAME = 60

_VARIABLE = re.compile(r"(\$?)\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class _Refused(yaml.YAMLError):
    """YAML, but more of it than a configuration needs."""

    def __init__(self, why: str, event: yaml.Event) -> None:
        super().__init__(why)
        self.line = event.start_mark.line + 1 if event.start_mark is not None else 1


class _Loader(yaml.SafeLoader):
    """Composes nodes, with a limit to their depth and without aliases."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _Refused("aliases are refused", event)
        if self._depth == MAX_DEPTH:
            raise _Refused("nested too deep", event)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read_yaml(path: Path, environ: Mapping[str, str] | None, name: str = "") -> Reading:
    """Read a file.

    environ -- what ``${NAME}`` is looked up in; None leaves it as it is
    name    -- what messages call the file, if not by its path
    """
    file = _File(name or str(path), environ)
    root = file.compose(path)
    if root is not None:
        file.read(root)
    return file.reading


class _File:
    """One file being read."""

    def __init__(self, name: str, environ: Mapping[str, str] | None) -> None:
        self.reading = Reading()
        self._name = name
        self._environ = environ

    def compose(self, path: Path) -> yaml.Node | None:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
            text = content.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self.reading.problems.append(f"{self._name}: {reason(error)}")
            return None
        if len(content) > MAX_FILE_BYTES:
            self.reading.problems.append(f"{self._name}: larger than {MAX_FILE_BYTES} bytes")
            return None
        try:
            root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as error:
            self.reading.problems.append(f"{self._name}{_what_is_wrong(error)}")
            return None
        return root

    def read(self, root: yaml.Node) -> None:
        for key, node in self._items(root, "", "sections such as server:"):
            section = key.value.lower()
            if section not in SECTIONS:
                self._note(key, key.value, unknown(key.value))
                continue
            for name, value in self._items(node, section, "settings and their values"):
                self._read_setting(section, name, value)

    def _note(self, node: yaml.Node, subject: str, text: str) -> None:
        place = f"{self._name}:{node.start_mark.line + 1}"
        if len(subject) > LONGEST_NAME or not subject.isprintable():
            subject = shown(subject)
        self.reading.problems.append(": ".join(filter(None, (place, subject, text))))

    def _items(
        self, node: yaml.Node, subject: str, expected: str
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Yield the pairs of a mapping; note names that stand twice."""
        if _is_nothing(node):
            return
        if not isinstance(node, yaml.MappingNode):
            self._note(node, subject, f"expected {expected}, found {_found(node)}")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, subject, f"expected a name, found {_found(key)}")
                continue
            name = key.value.lower().replace("-", "_")
            if name in lines:
                full = f"{subject}.{key.value}" if subject else key.value
                self._note(key, full, f"given twice, first in line {lines[name]}")
                continue
            lines[name] = key.start_mark.line + 1
            yield key, value

    def _read_setting(self, section: str, key: yaml.ScalarNode, node: yaml.Node) -> None:
        written = f"{section}.{key.value}"
        parameter = find(written)
        if parameter is None:
            self._note(key, written, unknown(written))
            return
        try:
            if isinstance(node, yaml.SequenceNode) and isinstance(parameter.kind, Addresses):
                text = " ".join(_text(item, self._environ) for item in node.value)
            elif isinstance(node, yaml.SequenceNode) and isinstance(parameter.kind, PluginList):
                text = msgspec.json.encode(_nested(node, self._environ)).decode()
            elif isinstance(node, yaml.ScalarNode):
                text = _text(node, self._environ)
            else:
                raise ValueError(f"expected {parameter.kind.expected}, found {_found(node)}")
        except ValueError as error:
            self._note(key, full_name(parameter), str(error))
        else:
            place = f"{self._name}:{key.start_mark.line + 1}"
            self.reading.take(parameter, text, origin="file", place=place)


def _what_is_wrong(error: yaml.YAMLError) -> str:
    if isinstance(error, _Refused):
        return f":{error.line}: {error}"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        why = f"{error.context}, {error.problem}" if error.context else error.problem
        return f":{error.problem_mark.line + 1}: not YAML: {why}"
    if isinstance(error, yaml.reader.ReaderError):
        return f": not YAML: {error.reason} (position {error.position})"
    return f": not YAML: {error}"


def _nested(node: yaml.Node, environ: Mapping[str, str] | None) -> Any:
    """Return lists and mappings as they are written, with text for every scalar."""
    if isinstance(node, yaml.SequenceNode):
        return [_nested(item, environ) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return _text(node, environ)
    pairs = [(_text(key, environ), _nested(value, environ)) for key, value in node.value]
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)


def _text(node: yaml.Node, environ: Mapping[str, str] | None) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"expected a single value, found {_found(node)}")
    if not node.tag.startswith("tag:yaml.org,2002:"):
        raise ValueError(f"expected a plain value, found the tag {node.tag}")
    if _is_nothing(node):
        return ""
    text = str(node.value)
    if environ is None:
        return text
    return _VARIABLE.sub(lambda found: _replacement(found, environ), text)


def _replacement(found: re.Match[str], environ: Mapping[str, str]) -> str:
    escaped, inside, closed = found.groups()
    if escaped:
        return found[0][1:]
    parts = _INSIDE.fullmatch(inside)
    if parts is None or not closed:
        raise ValueError("expected ${NAME} or ${NAME:-default}; a plain ${ is written $${")
    name, default = parts.groups()
    text = environ.get(name, "")
    if text or default is not None:
        return text or default
    if name in environ:
        return ""
    raise ValueError(f"the environment has no {name}, and ${{{name}}} has no default")


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _found(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "keys and values"
    return shown(node.value)
