"""Records of every kind, small and sound, for tests of stores."""

from dataclasses import replace

from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Direction,
    Event,
    EventState,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
    SituationRecord,
    Ticket,
    TicketKind,
    TicketState,
    WorkNote,
)
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import MapKind, Severity, SeverityMap, Strength
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes

GROUP = RedundancyGroup(name="wan", trip=(1, 2), on_trip=OnTrip.WORST)
TABLE = SeverityMap(
    MapKind.TABLE, table=(Severity.OK, Severity.OK, Severity.MINOR, Severity.MINOR, Severity.CRITICAL)
)


def item(key: str, **fields: object) -> Item:
    """Return a server."""
    return replace(Item(key=key, ci_class="server", name=f"name of {key}"), **fields)  # type: ignore[arg-type]


def edge(consumer: str, provider: str, **fields: object) -> Dependency:
    """Return a hard dependency."""
    plain = Dependency(consumer=consumer, verb="DEPENDS_ON", provider=provider, strength=Strength.HARD)
    return replace(plain, **fields)  # type: ignore[arg-type]


def event(key: str, at: float = 0, on: str = "a", **fields: object) -> Event:
    """Return an open event, raised that many minutes after noon."""
    when = NOON + minutes(at)
    plain = Event(
        key=key, source="m", item=on, condition="c", severity=Severity.MAJOR, state=EventState.OPEN,
        direction=Direction.ERROR, raised_at=when, last_seen_at=when, changed_at=when,
    )  # fmt: skip
    return replace(plain, **fields)  # type: ignore[arg-type]


def incident(key: str, cause: str | None = "cause:a", **fields: object) -> Ticket:
    """Return a new incident."""
    plain = Ticket(
        key=key, ticket_kind=TicketKind.INCIDENT, title=key, state=TicketState.NEW, opened_at=NOON, changed_at=NOON,
        items=("a",), cause_key=cause, notes=(WorkNote(at=NOON, author="ann", text='said "no"'),),
    )  # fmt: skip
    return replace(plain, **fields)  # type: ignore[arg-type]


EVERY_KIND: tuple[Record, ...] = (
    item("a", description="ä", attributes={"ram": 4, "tags": ("x", "y"), "ratio": 0.5, "live": True}, groups=(GROUP,)),
    item("b"),
    edge("a", "b", group="wan", weight=3, map=TABLE, strength=Strength.SOFT, note="why"),
    event("e1"),
    Change(
        key="c1", title="patch", change_kind="normal", state="completed", targets=("a", "b"),  # type: ignore[arg-type]
        actual_start=NOON, actual_end=NOON + minutes(5),
    ),
    incident("t1", events=("e1",)),
    Party(key="ann", party_kind=PartyKind.PERSON, name="Ann", member_of=("team",)),
    Assignment(party="ann", role=Role.SUBSCRIBES, item="a"),
    Window(key="w1", window_kind=WindowKind.MAINTENANCE, title="w", items=("b",), start=NOON, end=NOON + minutes(9)),
    SituationRecord(key="SIT000001", cause="a", events=("e1",), opened_at=NOON, changed_at=NOON),
)  # fmt: skip
