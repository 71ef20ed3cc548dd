"""Reads the golden impact cases into the columns that the topology is built from."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.topology import build_topology
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import AS_IS, MapKind, Severity, SeverityMap, Strength
from cmdb.ports.graph import DependencyColumns, ItemColumns

_GIVEN = os.environ.get("CMDB_GOLDEN_DIR")
GOLDEN = Path(_GIVEN) if _GIVEN else Path(__file__).parents[3] / "shared" / "golden"


@dataclass(frozen=True)
class GoldenCase:
    """One case of one file, with its topology built on first use."""

    file: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.file}: {self.document['name']}"

    @cached_property
    def topology(self) -> Topology:
        return build_topology(_items(self.document), _dependencies(self.document))

    @cached_property
    def own(self) -> SeverityArray:
        return np.array([Severity(item.get("own", "ok")) for item in self.document["items"]], np.uint8)


def golden_cases() -> list[GoldenCase]:
    """Return all impact cases; none when the folder is absent and nobody named it."""
    folder = GOLDEN / "impact"
    if not folder.is_dir():
        if _GIVEN:
            raise FileNotFoundError(f"CMDB_GOLDEN_DIR names {GOLDEN}, which holds no folder 'impact'")
        return []
    return [
        GoldenCase(file.stem, document)
        for file in sorted(folder.glob("*.json"))
        for document in json.loads(file.read_text(encoding="utf-8"))
    ]


def _items(document: dict[str, Any]) -> ItemColumns:
    declared: dict[str, list[RedundancyGroup]] = {}
    for group in document.get("groups", []):
        num, den = group["trip"]
        made = RedundancyGroup(name=group["name"], trip=(num, den), on_trip=OnTrip(group["on_trip"]))
        declared.setdefault(group["consumer"], []).append(made)
    keys = [item["id"] for item in document["items"]]
    groups = [tuple(declared.get(key, ())) for key in keys]
    return ItemColumns(keys, keys, ["service"] * len(keys), groups, [False] * len(keys))


def _dependencies(document: dict[str, Any]) -> DependencyColumns:
    rows = document["dependencies"]
    return DependencyColumns(
        consumers=[row["consumer"] for row in rows],
        providers=[row["provider"] for row in rows],
        verbs=["DEPENDS_ON"] * len(rows),
        strengths=[Strength.HARD] * len(rows),
        maps=[_map(row.get("map")) for row in rows],
        weights=[row.get("weight", 1) for row in rows],
        groups=[row.get("group") for row in rows],
    )


def _map(given: dict[str, Any] | None) -> SeverityMap:
    if given is None:
        return AS_IS
    to = Severity(given.get("to", "ok"))
    return SeverityMap(kind=MapKind(given["kind"]), by=given.get("by", 0), to=to)
