"""Rows of mutations carry every field of their record, so that no source has to go another way."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest
import strawberry

from cmdb.api import event_inputs
from cmdb.api import record_inputs as inputs
from cmdb.api.vocabulary import Value
from cmdb.model import records, windows
from cmdb.model.records import ChangeKind, ChangeState, Direction, EventState, PartyKind, Risk, Role
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import MapKind, Severity, SeverityMap, Strength
from cmdb.model.subject import Subject
from cmdb.model.windows import WindowKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 13, tzinfo=UTC)
GROUP = inputs.RedundancyGroupInput(name="g", trip=[1, 2], on_trip=OnTrip.WORST)
MAP = inputs.SeverityMapInput(kind=MapKind.INCREASE, by=1)

CASES: list[tuple[inputs.RowInput, records.EntryRecord]] = [
    (
        inputs.ItemInput(
            key="k",
            ci_class="router",
            name="n",
            description="d",
            attributes=[inputs.AttributeInput(name="a", value=Value(("x", "y")))],
            groups=[GROUP],
            retired=True,
            valid_from=NOON,
        ),
        records.Item(
            key="k",
            ci_class="router",
            name="n",
            description="d",
            attributes={"a": ("x", "y")},
            groups=(RedundancyGroup(name="g", trip=(1, 2), on_trip=OnTrip.WORST),),
            retired=True,
            valid_from=NOON,
        ),
    ),
    (
        inputs.DependencyInput(
            consumer="c",
            verb="RUNS_ON",
            provider="p",
            strength=Strength.SOFT,
            map=MAP,
            weight=2,
            group="g",
            note="n",
            ended=True,
            valid_from=NOON,
        ),
        records.Dependency(
            consumer="c",
            verb="RUNS_ON",
            provider="p",
            strength=Strength.SOFT,
            map=SeverityMap(MapKind.INCREASE, by=1),
            weight=2,
            group="g",
            note="n",
            ended=True,
            valid_from=NOON,
        ),
    ),
    (
        event_inputs.EventInput(
            item="i",
            subject=event_inputs.SubjectInput(
                reference="r",
                host="h",
                address="a",
                part="p",
                service="s",
                labels=[event_inputs.LabelInput(name="n", value="v")],
            ),
            id="1",
            sequence=2,
            repeat_seconds=60,
            link="l",
            condition="c",
            severity=Severity.MAJOR,
            at=NOON,
            state=EventState.CLEARED,
            direction=Direction.LOCAL,
            summary="s",
            key="k",
            unknown=True,
        ),
        records.EventTransition(
            item="i",
            subject=Subject(reference="r", host="h", address="a", part="p", service="s", labels={"n": "v"}),
            id="1",
            sequence=2,
            repeat_seconds=60,
            link="l",
            condition="c",
            severity=Severity.MAJOR,
            at=NOON,
            state=EventState.CLEARED,
            direction=Direction.LOCAL,
            summary="s",
            key="k",
            unknown=True,
        ),
    ),
    (
        inputs.ChangeInput(
            key="k",
            title="t",
            kind=ChangeKind.STANDARD,
            state=ChangeState.FAILED,
            targets=["a", "b"],
            planned_start=NOON,
            planned_end=LATER,
            actual_start=NOON,
            actual_end=LATER,
            risk=Risk.HIGH,
            implementer="i",
            description="d",
            valid_from=NOON,
        ),
        records.Change(
            key="k",
            title="t",
            change_kind=ChangeKind.STANDARD,
            state=ChangeState.FAILED,
            targets=("a", "b"),
            planned_start=NOON,
            planned_end=LATER,
            actual_start=NOON,
            actual_end=LATER,
            risk=Risk.HIGH,
            implementer="i",
            description="d",
            valid_from=NOON,
        ),
    ),
    (
        inputs.PartyInput(
            key="k", kind=PartyKind.PERSON, name="n", contact="c", member_of=["g"], valid_from=NOON
        ),
        records.Party(
            key="k", party_kind=PartyKind.PERSON, name="n", contact="c", member_of=("g",), valid_from=NOON
        ),
    ),
    (
        inputs.AssignmentInput(party="p", role=Role.OWNS, item="i", ended=True, valid_from=NOON),
        records.Assignment(party="p", role=Role.OWNS, item="i", ended=True, valid_from=NOON),
    ),
    (
        inputs.WindowInput(
            key="k",
            kind=WindowKind.BLACKOUT,
            title="t",
            items=["i"],
            start=NOON,
            end=LATER,
            valid_from=NOON,
        ),
        windows.Window(
            key="k",
            window_kind=WindowKind.BLACKOUT,
            title="t",
            items=("i",),
            start=NOON,
            end=LATER,
            valid_from=NOON,
        ),
    ),
]


@pytest.mark.parametrize(("row", "record"), CASES, ids=lambda case: type(case).__name__)
def test_a_row_becomes_its_record(row: inputs.RowInput, record: records.EntryRecord) -> None:
    assert row.to_record() == record


@pytest.mark.parametrize(("row", "record"), CASES, ids=lambda case: type(case).__name__)
def test_a_row_has_as_many_fields_as_its_record(row: inputs.RowInput, record: records.EntryRecord) -> None:
    definition = strawberry.types.get_object_definition(type(row), strict=True)
    # What each source says and when it was received is kept by the service, never sent to it.
    taken = [field for field in fields(record) if field.name not in ("sightings", "received_at")]
    assert len(definition.fields) == len(taken)
