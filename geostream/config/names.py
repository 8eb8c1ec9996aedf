"""Finding a parameter by what somebody wrote, and the nearest one when there is none.

Dashes and underscores are the same, and so are small and capital letters. A name
may stand alone, as in Redis (``stream-node-max-bytes``), or below its section
(``streams.stream_node_max_bytes``).
"""

from __future__ import annotations

from geostream.config.accepted import ACCEPTED_PARAMETERS, ALIASES
from geostream.config.settings import PARAMETERS, SECTIONS, Parameter

_LONGEST_NAME = 100  # what is longer is nobody's misspelling


def canonical(written: str) -> str:
    """Return Redis' spelling of a name; of an alias, the name it stands for."""
    name = written.lower().replace("_", "-")
    return ALIASES.get(name, name)


def find(written: str) -> Parameter | None:
    """Return the parameter of that name, with or without its section."""
    section, dot, key = written.rpartition(".")
    if not dot:
        name = canonical(written)
        return PARAMETERS.get(name) or ACCEPTED_PARAMETERS.get(name)
    found = PARAMETERS.get(canonical(key))
    return found if found is not None and found.section == section.lower() else None


def full_name(parameter: Parameter) -> str:
    """Return the name as config.yaml has it: ``section.key``, or Redis' name if it has none."""
    if not parameter.section:
        return parameter.name
    return f"{parameter.section}.{parameter.attribute}"


def unknown(written: str) -> str:
    """Return what to say about a name that is no parameter's."""
    nearest = _nearest(written[:_LONGEST_NAME])
    return "unknown key" + (f"; did you mean {nearest}?" if nearest else "")


def _nearest(written: str) -> str | None:
    # Imported here: who makes no mistake need not wait for it.
    from difflib import get_close_matches  # noqa: PLC0415

    section, _, key = written.lower().rpartition(".")
    elsewhere = PARAMETERS.get(canonical(key))
    if elsewhere is not None:
        return full_name(elsewhere)
    key = key.replace("-", "_")
    siblings = [row.attribute for row in PARAMETERS.values() if row.section == section]
    close = get_close_matches(key, siblings, n=1)
    if close:
        return close[0]
    all_names = {row.attribute: full_name(row) for row in PARAMETERS.values()}
    if not section:
        all_names |= {name: name for name in SECTIONS}
    close = get_close_matches(key, all_names, n=1)
    return all_names[close[0]] if close else None
