"""Turns the declarations under `schema/` into a checked metamodel."""

from pathlib import Path

from cmdb.metamodel.classes import read_classes
from cmdb.metamodel.relationships import read_relationships
from cmdb.metamodel.service_levels import read_service_levels
from cmdb.metamodel.sources import read_precedence
from cmdb.model.metamodel import Metamodel


def read_metamodel(folder: Path) -> Metamodel:
    """Read the schema folder; DeclarationError names file, line, entry and field of the first fault."""
    classes = read_classes(folder / "classes")
    return Metamodel(
        classes=classes,
        relationships=read_relationships(folder / "relationships.yaml", classes),
        precedence=read_precedence(folder / "sources.yaml", classes),
        service_levels=read_service_levels(folder / "service-levels.yaml"),
    )
