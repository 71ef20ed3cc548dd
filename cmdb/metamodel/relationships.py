"""Reads the relationship verbs and checks their ends against the classes."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from cmdb.errors import ErrorCode
from cmdb.model.metamodel import CiClass, RelationshipType
from cmdb.model.severity import Strength
from cmdb.yaml_text import Entry, read_entry

_VERB = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def read_relationships(path: Path, classes: Mapping[str, CiClass]) -> Mapping[str, RelationshipType]:
    """Return every verb by name; verbs are formatted into statements, so their spelling is checked here."""
    document = read_entry(path, f"schema/{path.name}")
    document.allow("verbs")
    verbs = {entry.name: _read_verb(entry, classes) for entry in document.entries("verbs")}
    if not verbs:
        raise document.fault("There is no verb.", "Declare at least one under 'verbs'.", "verbs")
    return MappingProxyType(verbs)


def _read_verb(entry: Entry, classes: Mapping[str, CiClass]) -> RelationshipType:
    if not _VERB.fullmatch(entry.name):
        raise entry.fault(f"'{entry.name}' is no verb.", "Use UPPER_SNAKE.")
    entry.allow("title", "inverse", "description", "strength", "consumers", "providers")
    return RelationshipType(
        verb=entry.name,
        title=entry.text("title"),
        inverse=entry.text("inverse"),
        description=entry.text("description"),
        strength=entry.choice("strength", Strength),
        consumers=_ends(entry, "consumers", classes),
        providers=_ends(entry, "providers", classes),
    )


def _ends(entry: Entry, field: str, classes: Mapping[str, CiClass]) -> frozenset[str]:
    names = entry.names(field)
    for name in names:
        if name not in classes:
            near = get_close_matches(name, classes, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "Name declared classes."
            raise entry.fault(f"The class '{name}' is not declared.", hint, field, ErrorCode.UNKNOWN_CLASS)
    return frozenset(names)
