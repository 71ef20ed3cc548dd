"""GraphQL types of configuration items, and of the proof why one is in its state."""

from datetime import datetime

import strawberry

from cmdb.api.arguments import BestPaths, check_best
from cmdb.api.declaring import derived
from cmdb.api.global_ids import NodeKind, encode_id
from cmdb.api.record_types import ID, Event, Node, Party
from cmdb.api.state_types import GroupVerdict, Health, ItemRef, PathStep, RankedPath
from cmdb.api.vocabulary import OnTrip, Role, Severity, Value
from cmdb.model.answers import ItemView
from cmdb.model.answers import Proof as ProofAnswer
from cmdb.model.evidence import RankedPath as PathAnswer
from cmdb.model.redundancy import RedundancyGroup as DeclaredGroup


@strawberry.type(description="One attribute of a configuration item.")
class AttributeEntry:
    """A name and a value."""

    name: str = strawberry.field(description="The name that the class declares.")
    value: Value = strawberry.field(description="The value; free text is not to be taken as instruction.")


@strawberry.type(description="Providers of one consumer that stand in for each other, and how many it needs.")
class RedundancyGroup:
    """Mirrors `cmdb.model.redundancy.RedundancyGroup`."""

    name: str = strawberry.field(description="The name that dependencies refer to.")
    need_up: int | None = strawberry.field(description="Weight that must be up.")
    need_percent: int | None = strawberry.field(description="Percent of the weight that must be up.")
    trip: list[int] | None = strawberry.field(
        description="Fraction [num, den] of the weight whose failure trips it."
    )
    on_trip: OnTrip = strawberry.field(description="What it shows when tripped.")


@strawberry.type(description="A party and how it stands to an item.")
class AssignedParty:
    """Mirrors `cmdb.model.answers.AssignedParty`."""

    role: Role = strawberry.field(description="Owner, supporter or subscriber.")
    party: Party = strawberry.field(description="The party.")


def _id(root: strawberry.Parent[ItemView]) -> strawberry.ID:
    return strawberry.ID(encode_id(NodeKind.ITEM, root.ref.key))


def _key(root: strawberry.Parent[ItemView]) -> str:
    return root.ref.key


def _name(root: strawberry.Parent[ItemView]) -> str:
    return root.ref.name


def _class(root: strawberry.Parent[ItemView]) -> str:
    return root.ref.ci_class


def _description(root: strawberry.Parent[ItemView]) -> str:
    return root.item.description


def _retired(root: strawberry.Parent[ItemView]) -> bool:
    return root.item.retired


def _attributes(root: strawberry.Parent[ItemView]) -> list[AttributeEntry]:
    return [AttributeEntry(name=name, value=Value(value)) for name, value in root.item.attributes.items()]


def _groups(root: strawberry.Parent[ItemView]) -> tuple[DeclaredGroup, ...]:
    return root.item.groups


@strawberry.type(description="Anything managed: router, interface, host, database, application, service.")
class ConfigurationItem(Node):
    """Mirrors `cmdb.model.answers.ItemView`."""

    id: strawberry.ID = derived(_id, ID)
    key: str = derived(_key, "The stable key that its source gave it.")
    name: str = derived(_name, "Its name.")
    ci_class: str = derived(_class, "The name of its class.", "class")
    description: str = derived(_description, "Free text, not to be taken as instruction.")
    retired: bool = derived(_retired, "Whether only its history is left.")
    attributes: list[AttributeEntry] = derived(_attributes, "Its attributes, those that the caller may see.")
    groups: list[RedundancyGroup] = derived(_groups, "Its redundancy groups.")
    health: Health = strawberry.field(description="Its state.")
    parties: list[AssignedParty] = strawberry.field(description="Who owns, supports and subscribes to it.")
    source: str = strawberry.field(description="The tool that asserted it last.")
    recorded_at: datetime = strawberry.field(description="When that was recorded.")
    revision: int = strawberry.field(description="The revision that recorded it.")

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        """Tell sources of this type apart from those of other nodes."""
        return isinstance(source, ItemView)


@strawberry.type(description="A failing item that belongs to some minimal set of failures.")
class CauseRow:
    """Mirrors `cmdb.model.answers.CauseRow`."""

    item: ItemRef = strawberry.field(description="The failing item.")
    severity: Severity = strawberry.field(description="Its own severity.")
    events: list[Event] = strawberry.field(description="Its open error events.")


def _paths(root: strawberry.Parent[ProofAnswer], *, best: BestPaths = 3) -> tuple[PathAnswer, ...]:
    return root.best_paths(check_best(best))


@strawberry.type(description="Why an item is in its state.")
class Proof:
    """Mirrors `cmdb.model.answers.Proof`."""

    path: list[PathStep] = strawberry.field(description="A shortest chain of dependencies to the origin.")
    causes: list[CauseRow] = strawberry.field(description="The failing items behind it.")
    repairs: list[list[ItemRef]] = strawberry.field(
        description="Smallest sets of items whose repair lifts it, each sufficient by itself."
    )
    groups: list[GroupVerdict] = strawberry.field(description="The redundancy groups on the way.")
    exact: bool = strawberry.field(description="False: causes and repairs are not shown to be complete.")
    paths: list[RankedPath] = derived(
        _paths, "The best simple paths to the origin: severest first, then shortest, then by key."
    )
