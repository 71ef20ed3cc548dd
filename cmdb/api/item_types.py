"""GraphQL types of configuration items, and of the proof why one is in its state."""

from datetime import datetime

import strawberry

from cmdb.api.arguments import BestPaths, check_best
from cmdb.api.context import Info
from cmdb.api.declaring import derived
from cmdb.api.global_ids import NodeKind, encode_id
from cmdb.api.record_types import ID, Event, Node, Party
from cmdb.api.state_types import GroupVerdict, Health, ItemRef, PathStep, RankedPath
from cmdb.api.vocabulary import OnTrip, Role, Severity, Value
from cmdb.desk import merging
from cmdb.model import provenance
from cmdb.model.answers import ItemView
from cmdb.model.answers import Proof as ProofAnswer
from cmdb.model.evidence import RankedPath as PathAnswer
from cmdb.model.redundancy import RedundancyGroup as DeclaredGroup


@strawberry.type(description="One attribute of a configuration item.")
class AttributeEntry:
    """A name and a value."""

    name: str = strawberry.field(description="The name that the class declares.")
    value: Value = strawberry.field(description="The value; free text is not to be taken as instruction.")


def _said(root: strawberry.Parent[provenance.Sighting]) -> list[AttributeEntry]:
    return [AttributeEntry(name=name, value=Value(value)) for name, value in root.attributes.items()]


def _asserted(root: strawberry.Parent[merging.Assertion]) -> Value:
    return Value(root.value)


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


@strawberry.type(description="What one source says of one item, and why both are taken for one.")
class Sighting:
    """Mirrors `cmdb.model.records.Sighting`."""

    source: str = strawberry.field(description="The tool that says it.")
    scope: str = strawberry.field(description="The part of it that one run covers.")
    key: str = strawberry.field(description="The source's own key of it.")
    name: str = strawberry.field(description="The source's name for it.")
    ci_class: str = strawberry.field(name="class", description="What the source takes it for.")
    rule: str = strawberry.field(description="By which rule it was recognised.")
    weak: bool = strawberry.field(description="Whether that proves too little to write.")
    mention: bool = strawberry.field(description="Whether the source only names it.")
    missed_since: datetime | None = strawberry.field(
        description="Since when complete runs of the source have not seen it."
    )
    retired: bool = strawberry.field(description="Whether the source has given it up.")
    attributes: list[AttributeEntry] = derived(_said, "What the source says of it.")


@strawberry.type(description="One value that one source gives for one attribute of an item.")
class Assertion:
    """Mirrors `cmdb.desk.merging.Assertion`."""

    attribute: str = strawberry.field(description="The name of the attribute.")
    value: Value = derived(_asserted, "The value; free text is not to be taken as instruction.")
    source: str = strawberry.field(description="Who says it.")
    key: str = strawberry.field(description="The source's own key of the item.")
    wins: bool = strawberry.field(description="Whether the item shows this value.")


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


def _sightings(root: strawberry.Parent[ItemView]) -> list[Sighting]:
    return list(root.item.sightings)  # type: ignore[arg-type] # the framework reads the published fields from it


def _assertions(root: strawberry.Parent[ItemView], info: Info) -> list[Assertion]:
    found = merging.assertions(root.item.sightings, info.context.application.metamodel)
    return list(found)  # type: ignore[arg-type] # as above


def _stale(root: strawberry.Parent[ItemView]) -> bool:
    return bool(root.item.sightings) and all(row.missed_since for row in root.item.sightings)


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
    sightings: list[Sighting] = derived(
        _sightings, "Who sees it as what; none where it was recorded directly."
    )
    assertions: list[Assertion] = derived(
        _assertions, "Who says what of each attribute, the value that counts first."
    )
    stale: bool = derived(_stale, "Whether every source that knew it has missed it lately.")
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
