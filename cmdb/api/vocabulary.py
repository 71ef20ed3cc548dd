"""Publishes the closed sets and scalars of the model in GraphQL, each value described."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from cmdb.api.publishing import publish
from cmdb.application.requests import OnError, Wait
from cmdb.errors import ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import AttributeType, Domain
from cmdb.model.provenance import AttributeValue, Evidence
from cmdb.model.records import (
    ChangeKind,
    ChangeState,
    Direction,
    EventState,
    PartyKind,
    Risk,
    Role,
    TicketKind,
    TicketState,
)
from cmdb.model.redundancy import OnTrip
from cmdb.model.runs import ReviewState, RunState
from cmdb.model.severity import MapKind, Severity, Strength
from cmdb.model.windows import WindowKind
from cmdb.ports.graph import RowStatus
from cmdb.ports.intake import LetterState

__all__ = [
    "SCALARS",
    "AttributeType",
    "ChangeKind",
    "ChangeState",
    "Direction",
    "Domain",
    "ErrorCode",
    "EventState",
    "Evidence",
    "LetterState",
    "MapKind",
    "OnError",
    "OnTrip",
    "PartyKind",
    "RecordKind",
    "ReviewState",
    "Risk",
    "Role",
    "RowStatus",
    "RunState",
    "Severity",
    "Strength",
    "TicketKind",
    "TicketState",
    "Value",
    "Wait",
    "WalkDirection",
    "WindowKind",
]
# Modules of this package take the closed sets from here: one that is used before it is published has no descriptions.


class WalkDirection(StrEnum):
    """Which way a walk through the topology goes."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"
    BOTH = "both"


Value = NewType("Value", object)


publish(
    LetterState,
    "LetterState",
    "What became of a record that could not be applied.",
    {
        LetterState.DEAD: "It waits for a decision.",
        LetterState.REPLAYED: "It was put back into the inbox.",
        LetterState.DISCARDED: "It was given up.",
    },
)
publish(
    Wait,
    "Wait",
    "What an answer waits for.",
    {
        Wait.ACCEPTED: "Until it is safe on disk, whether the store answers or not.",
        Wait.APPLIED: "Until it is in the graph, at most five seconds.",
    },
)
publish(
    Evidence,
    "Evidence",
    "How a source knows of a dependency.",
    {
        Evidence.DECLARED: "Somebody declared it.",
        Evidence.INFERRED: "A tool concluded it from configuration or names.",
        Evidence.OBSERVED: "Traffic showed it.",
    },
)
publish(
    RunState,
    "RunState",
    "How a run of a loader ended.",
    {
        RunState.RUNNING: "It is under way, or was interrupted.",
        RunState.DONE: "It was carried out.",
        RunState.FAILED: "It was refused, or ended before its end.",
    },
)
publish(
    ReviewState,
    "ReviewState",
    "What people decided about a doubtful identity.",
    {
        ReviewState.OPEN: "Nobody has decided.",
        ReviewState.ACCEPTED: "It is one of the candidates.",
        ReviewState.REJECTED: "It is none of them.",
    },
)
publish(
    Severity,
    "Severity",
    "How bad a state is; unknown and maintenance are flags, never rungs of this ladder.",
    {
        Severity.OK: "Nothing is wrong.",
        Severity.WARNING: "Something may become wrong.",
        Severity.MINOR: "Degraded, most users do not notice.",
        Severity.MAJOR: "Degraded, users notice.",
        Severity.CRITICAL: "Out of service.",
    },
)
publish(
    Strength,
    "Strength",
    "How hard a consumer needs its provider.",
    {
        Strength.HARD: "The provider's severity reaches the consumer as mapped.",
        Strength.SOFT: "The provider's severity reaches the consumer as WARNING at most.",
        Strength.TELEMETRY: "The dependency is known, and takes no part in impact.",
    },
)
publish(
    MapKind,
    "SeverityMapKind",
    "How a dependency turns its provider's severity into what reaches the consumer.",
    {
        MapKind.AS_IS: "Unchanged.",
        MapKind.INCREASE: "Raised by a number of rungs.",
        MapKind.DECREASE: "Lowered by a number of rungs, WARNING at least.",
        MapKind.IGNORE: "Nothing reaches the consumer.",
        MapKind.FIXED: "Any severity above OK becomes one fixed severity.",
        MapKind.TABLE: "Each severity has its own result.",
    },
)
publish(
    OnTrip,
    "OnTrip",
    "What a tripped redundancy group shows.",
    {
        OnTrip.KTH: "The severity of the member at which the group trips.",
        OnTrip.WORST: "The severity of the worst member.",
    },
)
publish(
    Direction,
    "SymptomDirection",
    "Which way a symptom travels along dependencies.",
    {
        Direction.ERROR: "From provider to consumer: what fails makes its consumers fail.",
        Direction.STARVATION: "From consumer to provider: no requests arrive.",
        Direction.LOCAL: "Not at all.",
    },
)
publish(
    RecordKind,
    "RecordKind",
    "What kind of record it is.",
    {
        RecordKind.ITEM: "A configuration item.",
        RecordKind.DEPENDENCY: "A dependency; its key is consumer|verb|provider|group.",
        RecordKind.EVENT: "An event.",
        RecordKind.CHANGE: "A change.",
        RecordKind.TICKET: "An incident or a report.",
        RecordKind.PARTY: "A person, support group or organisation.",
        RecordKind.ASSIGNMENT: "How a party stands to an item; its key is party|role|item.",
        RecordKind.WINDOW: "A maintenance or blackout window.",
        RecordKind.SITUATION: "The number of a situation.",
    },
)
publish(
    EventState,
    "EventState",
    "Whether an episode still runs.",
    {EventState.OPEN: "The source has not cleared it.", EventState.CLEARED: "The source has cleared it."},
)
publish(
    ChangeKind,
    "ChangeKind",
    "Kind of a change.",
    {
        ChangeKind.STANDARD: "Pre-approved routine.",
        ChangeKind.NORMAL: "Assessed and approved before it starts.",
        ChangeKind.EMERGENCY: "Done at once, assessed afterwards.",
        ChangeKind.DETECTED: "Drift that a loader saw and no change record explains.",
    },
)
publish(
    ChangeState,
    "ChangeState",
    "Where a change stands.",
    {
        ChangeState.PLANNED: "Not begun.",
        ChangeState.RUNNING: "Begun, not finished.",
        ChangeState.COMPLETED: "Finished as planned.",
        ChangeState.FAILED: "Finished without reaching its aim.",
        ChangeState.ROLLED_BACK: "Undone.",
        ChangeState.CANCELLED: "Never begun, and never to begin.",
    },
)
publish(
    Risk,
    "ChangeRisk",
    "Risk as the change record states it.",
    {Risk.LOW: "Low.", Risk.MEDIUM: "Medium.", Risk.HIGH: "High."},
)
publish(
    TicketKind,
    "TicketKind",
    "Kind of a ticket.",
    {
        TicketKind.INCIDENT: "A disturbance of service that is worked on.",
        TicketKind.REPORT: "One person's report, which can be attached to an incident.",
    },
)
publish(
    TicketState,
    "TicketState",
    "Where a ticket stands.",
    {
        TicketState.NEW: "Opened, nobody is on it.",
        TicketState.ASSIGNED: "A support group has it.",
        TicketState.IN_PROGRESS: "Somebody works on it.",
        TicketState.ON_HOLD: "It waits for somebody outside; its resolution clock stands.",
        TicketState.RESOLVED: "Service is back.",
        TicketState.CLOSED: "No more work is expected.",
    },
)
publish(
    PartyKind,
    "PartyKind",
    "Kind of a party.",
    {
        PartyKind.PERSON: "One person.",
        PartyKind.SUPPORT_GROUP: "A group that works on tickets.",
        PartyKind.ORGANISATION: "A customer, department or supplier.",
    },
)
publish(
    Role,
    "PartyRole",
    "How a party stands to a configuration item.",
    {
        Role.OWNS: "Answers for it.",
        Role.SUPPORTS: "Works on its tickets.",
        Role.SUBSCRIBES: "Uses it, and wants to know how it is.",
    },
)
publish(
    WindowKind,
    "WindowKind",
    "What a window means.",
    {
        WindowKind.MAINTENANCE: "Impact in it is planned.",
        WindowKind.BLACKOUT: "No change may be done in it.",
    },
)
publish(
    Domain,
    "ClassDomain",
    "Where a class belongs, after the domains of the Common Service Data Model.",
    {
        Domain.FOUNDATION: "What every other class inherits from.",
        Domain.NETWORK: "Routers, switches, links.",
        Domain.COMPUTE: "Hosts, virtual machines, clusters.",
        Domain.CONTAINER: "Containers and what schedules them.",
        Domain.DATA: "Databases, stores, queues.",
        Domain.APPLICATION: "Software that runs.",
        Domain.SERVICE: "What users and other services consume.",
        Domain.FACILITY: "Sites, rooms, racks, power.",
    },
)
publish(
    AttributeType,
    "AttributeType",
    "Type of an attribute's values.",
    {
        AttributeType.TEXT: "Text.",
        AttributeType.INTEGER: "A whole number.",
        AttributeType.NUMBER: "A number.",
        AttributeType.BOOLEAN: "True or false.",
        AttributeType.LIST: "A list of texts.",
    },
)
publish(
    RowStatus,
    "RowStatus",
    "What became of one row of a batch.",
    {
        RowStatus.CREATED: "It is new.",
        RowStatus.UPDATED: "It changed what was there.",
        RowStatus.UNCHANGED: "Nothing was written for it.",
        RowStatus.REFUSED: "It cannot be taken; code, message and hint say why.",
    },
)
publish(
    OnError,
    "OnError",
    "What a refused row does to its batch.",
    {
        OnError.REFUSE_BATCH: "Nothing of the batch is written.",
        OnError.SKIP_ROW: "The other rows are written.",
    },
)
publish(
    ErrorCode,
    "ErrorCode",
    "The closed set of public error codes.",
    {code: code.description for code in ErrorCode},
)
publish(
    WalkDirection,
    "WalkDirection",
    "Which way a walk through the topology goes.",
    {
        WalkDirection.UPSTREAM: "Towards providers, where causes are.",
        WalkDirection.DOWNSTREAM: "Towards consumers, where impact goes.",
        WalkDirection.BOTH: "Both ways.",
    },
)


def parse_time(value: object) -> datetime:
    """Read an ISO 8601 time with an offset; a time without one could mean any of 24 hours."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise GraphQLError(f"{value!r} is not an ISO 8601 time with an offset, such as 2030-01-31T12:00:00Z.")
    return at


def parse_attribute(value: object) -> AttributeValue:
    """Read an attribute value: text, number, boolean or a list of texts."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise GraphQLError("An attribute value is text, a number, a boolean or a list of texts.")


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in time: ISO 8601 with an offset, such as 2030-01-31T12:00:00Z.",
        serialize=datetime.isoformat,
        parse_value=parse_time,
    ),
    Value: strawberry.scalar(
        name="AttributeValue",
        description="The value of an attribute: text, a number, a boolean or a list of texts.",
        serialize=lambda value: list(value) if isinstance(value, tuple) else value,
        parse_value=parse_attribute,
    ),
}
