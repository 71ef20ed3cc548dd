"""What a proof is made of: CIs, the dependencies between them, and what redundancy groups hold."""

from dataclasses import dataclass

from cmdb.model.severity import Severity, Strength


@dataclass(frozen=True, slots=True)
class CiRef:
    """A CI by key, name and class; of a `restricted` one the caller learns the class and nothing else."""

    key: str
    name: str
    ci_class: str
    restricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """One dependency of a proof path: `consumer -[verb]-> provider`, with its redundancy group if any."""

    consumer: CiRef
    verb: str
    provider: CiRef
    strength: Strength
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupVerdict:
    """What a redundancy group holds: members up against what is needed, as weights."""

    consumer: CiRef
    group: str
    members: tuple[CiRef, ...]
    weight: int
    weight_up: int
    weight_needed: int
    tripped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingStep:
    """A dependency of a ranked path: what it hands to its consumer, and what its redundancy group holds, if any."""

    step: PathStep
    severity: Severity
    verdict: GroupVerdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPath:
    """One path to the origin; `severity` is what its weakest dependency hands on, OK where redundancy holds."""

    severity: Severity
    steps: tuple[CarryingStep, ...]
