"""How a source knows of a thing, and what each source says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import AS_IS, SeverityMap, Strength

AttributeValue = str | int | float | bool | tuple[str, ...]


class Evidence(StrEnum):
    """How a source knows of a dependency: somebody declared it, a tool concluded it, or traffic showed it."""

    DECLARED = "declared"
    INFERRED = "inferred"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one source says of one CI: `key` is the source's own key of it, `rule` why both are taken for one.

    A `mention` names a CI without describing it. `missed` counts the complete runs in a row that did not see it,
    `missed_since` is when the first of them started.
    """

    source: str
    scope: str
    key: str
    ci_class: str
    name: str
    rule: str
    description: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    groups: tuple[RedundancyGroup, ...] = ()
    mention: bool = False
    missed: int = 0
    missed_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencySighting:
    """What one source says of one dependency; `confidence` is in percent."""

    source: str
    scope: str
    evidence: Evidence
    confidence: int = 100
    strength: Strength | None = None
    map: SeverityMap = AS_IS
    weight: int = 1
    group: str | None = None
    note: str = ""
    missed: int = 0
    missed_since: datetime | None = None
