"""Strategies for records of every kind with awkward texts, numbers and times."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from cmdb.model.provenance import DependencySighting, Evidence, Sighting
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    Dependency,
    Direction,
    Event,
    EventState,
    Item,
    Party,
    PartyKind,
    Pause,
    Record,
    Risk,
    Role,
    SituationRecord,
    Ticket,
    TicketKind,
    TicketState,
    WorkNote,
)
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import AS_IS, MapKind, Severity, SeverityMap, Strength
from cmdb.model.subject import Subject
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import minutes

ODD = (
    "",
    " ",
    "'",
    '"',
    "\\",
    "}) DETACH DELETE n //",
    "|",
    "a_",
    "null",
    "true",
    "0",
    "ß",
    "日本語",
    "\u2028",
    "😀",
)
TEXTS = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = TEXTS
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is named
SEVERITIES = st.sampled_from(Severity)
BIG = st.integers(-(2**63), 2**63 - 1)


def _some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


def _maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


GROUPS = st.builds(
    RedundancyGroup, name=TEXTS, need_up=st.integers(1, 9), on_trip=st.sampled_from(OnTrip)
) | st.builds(RedundancyGroup, name=TEXTS, trip=st.sampled_from([(0, 1), (1, 3), (1, 1)]))
MAPS = (
    st.just(AS_IS)
    | st.builds(SeverityMap, st.sampled_from([MapKind.INCREASE, MapKind.DECREASE]), by=st.integers(0, 4))
    | st.builds(SeverityMap, st.just(MapKind.FIXED), to=SEVERITIES)
    | st.lists(SEVERITIES, min_size=4, max_size=4).map(
        lambda rungs: SeverityMap(MapKind.TABLE, table=(Severity.OK, *sorted(rungs)))
    )
)
ATTRIBUTES = st.dictionaries(
    TEXTS,
    TEXTS | BIG | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | _some(TEXTS),
    max_size=4,
)
PAUSES = st.builds(Pause, start=MOMENTS, end=st.none() | MOMENTS)
NOTES = st.builds(WorkNote, at=MOMENTS, author=TEXTS, text=TEXTS)

SIGHTINGS = st.builds(
    Sighting, source=TEXTS, scope=TEXTS, key=KEYS, ci_class=KEYS, name=KEYS, rule=TEXTS, description=TEXTS,
    attributes=ATTRIBUTES, groups=_some(GROUPS), mention=st.booleans(),
    weak=st.booleans(), missed_since=_maybe(MOMENTS), retired=st.booleans(),
)  # fmt: skip
DEPENDENCY_SIGHTINGS = st.builds(
    DependencySighting, source=TEXTS, scope=TEXTS, evidence=st.sampled_from(Evidence),
    confidence=st.integers(0, 100), strength=_maybe(st.sampled_from(Strength)), map=MAPS,
    weight=st.integers(0, 2**40), group=_maybe(KEYS), note=TEXTS, missed_since=_maybe(MOMENTS),
)  # fmt: skip

SUBJECTS = st.builds(
    Subject, reference=TEXTS, host=TEXTS, address=TEXTS, part=TEXTS, service=TEXTS,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
)  # fmt: skip


def records() -> st.SearchStrategy[Record]:
    """Return any record."""
    return st.one_of(
        _items(),
        _dependencies(),
        _events(),
        _changes(),
        tickets(),
        _parties(),
        _assignments(),
        _windows(),
        _situations(),
    )


def _items() -> st.SearchStrategy[Item]:
    return st.builds(
        Item, key=KEYS, ci_class=KEYS, name=KEYS, description=TEXTS, attributes=ATTRIBUTES, groups=_some(GROUPS),
        mention=st.booleans(), sightings=_some(SIGHTINGS), retired=st.booleans(), valid_from=_maybe(MOMENTS),
    )  # fmt: skip


def _dependencies() -> st.SearchStrategy[Dependency]:
    return st.builds(
        Dependency, consumer=KEYS, verb=KEYS, provider=KEYS, strength=_maybe(st.sampled_from(Strength)), map=MAPS,
        weight=st.integers(0, 2**40), group=_maybe(KEYS), note=TEXTS, evidence=st.sampled_from(Evidence),
        confidence=st.integers(0, 100), sightings=_some(DEPENDENCY_SIGHTINGS), ended=st.booleans(),
        valid_from=_maybe(MOMENTS),
    )  # fmt: skip


def _events() -> st.SearchStrategy[Event]:
    return st.builds(
        Event, key=KEYS, source=KEYS, item=KEYS, condition=KEYS, severity=SEVERITIES,
        state=st.sampled_from(EventState), direction=st.sampled_from(Direction), raised_at=MOMENTS,
        last_seen_at=MOMENTS, changed_at=MOMENTS, summary=TEXTS, cleared_at=_maybe(MOMENTS),
        count=st.integers(0, 10**9), unknown=st.booleans(), subject=_maybe(SUBJECTS), link=TEXTS,
        repeat_seconds=_maybe(st.integers(1, 10**6)), flapping_until=_maybe(MOMENTS), memory=TEXTS,
        acknowledged_by=TEXTS, acknowledged_at=_maybe(MOMENTS), acknowledged_seen=_maybe(MOMENTS),
        shelved_until=_maybe(MOMENTS),
    )  # fmt: skip


def _changes() -> st.SearchStrategy[Change]:
    return st.builds(
        Change, key=KEYS, title=KEYS, change_kind=st.sampled_from(ChangeKind), state=st.sampled_from(ChangeState),
        targets=_some(KEYS), planned_start=_maybe(MOMENTS), planned_end=_maybe(MOMENTS),
        actual_start=_maybe(MOMENTS), actual_end=_maybe(MOMENTS), risk=_maybe(st.sampled_from(Risk)),
        implementer=TEXTS, description=TEXTS, valid_from=_maybe(MOMENTS), subjects=_some(SUBJECTS), link=TEXTS,
    )  # fmt: skip


def tickets() -> st.SearchStrategy[Ticket]:
    """Return any ticket."""
    return st.builds(
        Ticket, key=KEYS, ticket_kind=st.sampled_from(TicketKind), title=KEYS, state=st.sampled_from(TicketState),
        opened_at=MOMENTS, changed_at=MOMENTS, priority=st.integers(1, 5), items=_some(KEYS), events=_some(KEYS),
        cause_key=_maybe(KEYS), cause_item=_maybe(KEYS), situation=_maybe(KEYS), parent=_maybe(KEYS),
        caller=_maybe(KEYS),
        resolved_at=_maybe(MOMENTS), expected_resolution_basis=TEXTS, notes=_some(NOTES),
        pauses=_some(PAUSES), responded_at=_maybe(MOMENTS),
    )  # fmt: skip


def _parties() -> st.SearchStrategy[Party]:
    return st.builds(
        Party, key=KEYS, party_kind=st.sampled_from(PartyKind), name=KEYS, contact=TEXTS, member_of=_some(KEYS),
        valid_from=_maybe(MOMENTS),
    )  # fmt: skip


def _assignments() -> st.SearchStrategy[Assignment]:
    return st.builds(
        Assignment, party=KEYS, role=st.sampled_from(Role), item=KEYS, ended=st.booleans(), valid_from=_maybe(MOMENTS)
    )  # fmt: skip


def _situations() -> st.SearchStrategy[SituationRecord]:
    return st.builds(
        SituationRecord, key=KEYS, cause=KEYS, events=_some(KEYS), opened_at=MOMENTS, changed_at=MOMENTS,
        ended_at=_maybe(MOMENTS), merged_into=_maybe(KEYS),
    )  # fmt: skip


def _windows() -> st.SearchStrategy[Window]:
    return st.builds(
        lambda key, kind, title, named, start, length, rule: Window(
            key=key, window_kind=kind, title=title, items=named[0], start=start, end=start + minutes(length),
            classes=named[1], services=named[2], rule=rule, zone="Europe/Berlin" if rule else "",
        ),
        KEYS, st.sampled_from(WindowKind), KEYS, st.tuples(_some(KEYS), _some(KEYS), _some(KEYS)), MOMENTS,
        st.integers(1, 500_000), st.sampled_from(["", "FREQ=WEEKLY;BYDAY=SU"]),
    )  # fmt: skip
