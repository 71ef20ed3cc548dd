"""GraphQL types of references, states and paths: the small parts that every answer is made of.

The types of this package only declare shapes; their sources are the model's own frozen dataclasses,
read attribute by attribute.
"""

from datetime import datetime

import strawberry

from cmdb.api.vocabulary import Severity, Strength


@strawberry.type(description="What an answer holds for.")
class Basis:
    """Mirrors `cmdb.model.answers.Basis`."""

    revision: int = strawberry.field(description="Revision of the graph that the answer was computed at.")
    computed_at: datetime = strawberry.field(description="When the answer was computed.")
    as_of: datetime | None = strawberry.field(description="The past time that the answer is about.")
    known_at: datetime | None = strawberry.field(description="The time by whose knowledge it was answered.")
    verified: bool = strawberry.field(
        description="False while the graph is read anew because somebody changed it past this service."
    )
    lag_milliseconds: int = strawberry.field(
        description="How long before computedAt the store last confirmed that nothing newer was written."
    )


@strawberry.type(description="A configuration item by key, name and class; ask `item(ref:)` for all of it.")
class ItemRef:
    """Mirrors `cmdb.model.evidence.CiRef`."""

    key: str = strawberry.field(description="The stable key that its source gave it.")
    name: str = strawberry.field(description="Its name.")
    ci_class: str = strawberry.field(name="class", description="The name of its class.")
    restricted: bool = strawberry.field(
        description="True for a stand-in of an item that the caller may not see."
    )


@strawberry.type(description="One dependency of a path: the consumer needs the provider.")
class PathStep:
    """Mirrors `cmdb.model.evidence.PathStep`."""

    consumer: ItemRef = strawberry.field(description="The item that needs.")
    verb: str = strawberry.field(description="The relationship type, read from consumer to provider.")
    provider: ItemRef = strawberry.field(description="The item that is needed.")
    strength: Strength = strawberry.field(description="How hard it is needed.")
    group: str | None = strawberry.field(
        description="The redundancy group of the consumer that it belongs to."
    )


@strawberry.type(description="The state of a configuration item.")
class Health:
    """Mirrors `cmdb.model.answers.Health`."""

    own: Severity = strawberry.field(description="From its own events.")
    inherited: Severity = strawberry.field(description="From its providers, redundancy taken into account.")
    effective: Severity = strawberry.field(description="The worse of own and inherited.")
    worst_case: Severity = strawberry.field(
        description="Effective severity if all unknown providers were down."
    )
    planned: Severity = strawberry.field(description="The part that maintenance windows explain.")
    certain: bool = strawberry.field(description="Whether unknown providers make no difference.")


@strawberry.type(description="How many further failures of providers an item survives.")
class Margin:
    """Mirrors `cmdb.model.answers.Margin`."""

    survives: int | None = strawberry.field(
        description="Further failures survived; null when it is CRITICAL already or nothing can reach it."
    )
    exact: bool = strawberry.field(description="False: `survives` is a lower bound.")
    next_failures: list[ItemRef] = strawberry.field(
        description="Items whose failure alone would worsen it, the first ten by key."
    )
    next_failure_count: int = strawberry.field(description="How many such items there are.")


@strawberry.type(description="What a redundancy group holds against what it needs.")
class GroupVerdict:
    """Mirrors `cmdb.model.evidence.GroupVerdict`."""

    consumer: ItemRef = strawberry.field(description="The item that the group serves.")
    group: str = strawberry.field(description="The name of the group.")
    members: list[ItemRef] = strawberry.field(description="The providers that stand in for each other.")
    weight: int = strawberry.field(description="Weight of all members.")
    weight_up: int = strawberry.field(description="Weight of the members that are up.")
    weight_needed: int = strawberry.field(description="Weight that must be up.")
    tripped: bool = strawberry.field(description="Whether too much of it is down.")


@strawberry.type(
    description="A dependency of a ranked path, with what it carries and what redundancy makes of it."
)
class CarryingStep:
    """Mirrors `cmdb.model.evidence.CarryingStep`."""

    step: PathStep = strawberry.field(description="The dependency.")
    severity: Severity = strawberry.field(description="What it hands to its consumer; OK: its group holds.")
    verdict: GroupVerdict | None = strawberry.field(
        description="What its redundancy group holds; null when it stands alone."
    )


@strawberry.type(description="One of the best paths from an item to the origin.")
class RankedPath:
    """Mirrors `cmdb.model.evidence.RankedPath`."""

    severity: Severity = strawberry.field(description="What the weakest dependency of the path hands on.")
    steps: list[CarryingStep] = strawberry.field(description="From the item to the origin.")


@strawberry.type(description="One term of a score.")
class Term:
    """Mirrors `cmdb.model.answers.Term`."""

    name: str = strawberry.field(description="What is weighed.")
    weight: float = strawberry.field(description="How much it counts.")
    value: float = strawberry.field(description="How far it applies, 0 to 1.")
    reason: str = strawberry.field(description="Why it has this value.")
