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
    """What one scope of a source says of one CI: `key` is the source's own key of it, `rule` why both are one.

    A `mention` names a CI without describing it; a `weak` sighting was recognised by a rule that proves too little to
    write. `missed_since` is when the first of the complete runs in a row started that did not see it; after enough of
    them the sighting is `retired`: it no longer counts, but its key is still known.
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
    weak: bool = False
    missed_since: datetime | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencySighting:
    """What one source says of one dependency; `confidence` is in percent, `missed_since` as for a `Sighting`."""

    source: str
    scope: str
    evidence: Evidence
    confidence: int = 100
    strength: Strength | None = None
    map: SeverityMap = AS_IS
    weight: int = 1
    group: str | None = None
    note: str = ""
    missed_since: datetime | None = None
