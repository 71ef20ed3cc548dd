"""Reads whom to believe when sources differ, and checks the attributes that it names."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cmdb.errors import ErrorCode
from cmdb.model.metamodel import CiClass, Precedence
from cmdb.yaml_text import Entry, read_entry

OTHERS = "*"
"""Stands for every source that is not named."""


def read_precedence(path: Path, classes: Mapping[str, CiClass]) -> Precedence:
    """Return the ranks of sources; DeclarationError for a source that stands twice or an unknown attribute."""
    document = read_entry(path, f"schema/{path.name}")
    document.allow("tiers", "attributes")
    tiers: dict[str, int] = {}
    for rank, row in enumerate(document.rows("tiers")):
        for source in row:
            if tiers.setdefault(source, rank) != rank:
                raise document.fault(f"The source '{source}' stands in two tiers.", "Keep one.", "tiers")
    if OTHERS not in tiers:
        raise document.fault("No tier holds '*'.", "Say where sources stand that are not named.", "tiers")
    return Precedence(
        tiers=MappingProxyType(tiers),
        others=tiers[OTHERS],
        attributes=MappingProxyType(
            {
                (entry.name, attribute): entry.distinct(attribute, sources)
                for entry in document.entries("attributes")
                for attribute, sources in _checked(entry, classes).items()
            }
        ),
    )


def _checked(entry: Entry, classes: Mapping[str, CiClass]) -> Mapping[str, object]:
    if entry.name not in classes:
        raise entry.fault(
            f"The class '{entry.name}' is not declared.",
            "Name a declared class.",
            code=ErrorCode.UNKNOWN_CLASS,
        )
    for attribute in entry.values:
        if attribute not in classes[entry.name].attributes:
            raise entry.fault(
                f"The class '{entry.name}' has no attribute '{attribute}'.",
                "Name one of its attributes.",
                attribute,
                ErrorCode.UNKNOWN_ATTRIBUTE,
            )
    return entry.values
