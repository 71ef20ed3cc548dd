"""The record stream: what is written parses back equal, what is wrong is named."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.document import LINE_LIMIT
from cmdb.ingest.records import JsonRecordParser, encode
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    EntryRecord,
    EventTransition,
    Item,
    Party,
    Ticket,
)
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import MapKind, Severity, SeverityMap
from cmdb.model.windows import Window
from tests.support.moments import NOON, minutes

PARSER = JsonRecordParser()
EVENT = {"kind": "event", "item": "a", "condition": "c", "severity": "major", "at": "2026-01-31T08:00:00Z"}
ITEM = {"kind": "item", "key": "a", "class": "server", "name": "A"}


def parse(*documents: object) -> list[EntryRecord]:
    lines = [json.dumps(document).encode() for document in documents]
    return [located.record for located in PARSER.parse(lines, "in.ndjson")]


def refusal(*documents: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse(*documents)
    return caught.value


TEXT = st.text(max_size=8)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WHOLE = st.integers(-(2**63), 2**63 - 1)
VALUES: st.SearchStrategy[AttributeValue] = st.one_of(
    TEXT, WHOLE, st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.lists(TEXT).map(tuple)
)
GROUPS = st.builds(
    RedundancyGroup, name=TEXT, need_up=st.integers(1, 9), on_trip=st.sampled_from(OnTrip)
) | st.builds(RedundancyGroup, name=TEXT, trip=st.integers(0, 9).map(lambda n: (n, 9)))
RUNGS = st.sampled_from(Severity)
TABLES = st.lists(RUNGS, min_size=4, max_size=4).map(lambda rungs: (Severity.OK, *sorted(rungs)))
MAPS = st.one_of(
    st.just(SeverityMap()),
    st.builds(SeverityMap, kind=st.just(MapKind.DECREASE), by=st.integers(0, 4)),
    st.builds(SeverityMap, kind=st.just(MapKind.FIXED), to=RUNGS),
    st.builds(SeverityMap, kind=st.just(MapKind.TABLE), table=TABLES),
)
ITEMS = st.builds(
    Item,
    key=TEXT,
    ci_class=TEXT,
    name=TEXT,
    attributes=st.dictionaries(TEXT, VALUES, max_size=4),
    groups=st.lists(GROUPS, max_size=2).map(tuple),
    valid_from=st.none() | TIMES,
)
DEPENDENCIES = st.builds(
    Dependency, consumer=TEXT, verb=TEXT, provider=TEXT, map=MAPS, weight=st.integers(0, 2**31)
)
OTHERS = [
    st.builds(made, **{name: TIMES for name in times})  # noqa: C420
    for made, times in (
        (EventTransition, ("at",)),
        (Change, ("planned_start",)),
        (Ticket, ("opened_at", "changed_at", "resolved_at")),
        (Party, ()),
        (Assignment, ()),
    )
]
WINDOWS = st.builds(Window, start=st.just(NOON), end=st.just(NOON + minutes(5)))


@given(st.one_of(ITEMS, DEPENDENCIES, *OTHERS, WINDOWS))
def test_every_record_parses_back_equal(record: EntryRecord) -> None:
    assert parse(encode(record)) == [record]


def test_defaults_are_left_out() -> None:
    assert encode(Dependency(consumer="a", verb="USES", provider="b")) == {
        "kind": "dependency",
        "consumer": "a",
        "verb": "USES",
        "provider": "b",
    }


def test_severities_are_written_by_name() -> None:
    record = Dependency(
        consumer="a", verb="USES", provider="b", map=SeverityMap(MapKind.FIXED, to=Severity.MINOR)
    )
    assert encode(record)["map"] == {"kind": "fixed", "to": "minor"}


def test_records_keep_their_line_and_blank_lines_are_passed_over() -> None:
    lines = [b"\n", json.dumps(ITEM).encode(), b"  \r\n", json.dumps(EVENT).encode()]
    assert [str(located.place) for located in PARSER.parse(lines, "in")] == ["in:2", "in:4"]


@pytest.mark.parametrize(
    ("document", "code", "place", "says"),
    [
        ({**ITEM, "colour": 1}, ErrorCode.UNKNOWN_FIELD, "record a, field colour", "no such field"),
        ({**ITEM, "ci_class": "x"}, ErrorCode.UNKNOWN_FIELD, "field ci_class", "no such field"),
        ({"kind": "item", "key": "a", "name": "A"}, ErrorCode.MISSING_FIELD, "field class", "missing"),
        ({**ITEM, "name": 7}, ErrorCode.WRONG_TYPE, "field name", "found 7, expected a text"),
        ({**ITEM, "retired": "no"}, ErrorCode.WRONG_TYPE, "field retired", "true or false"),
        ({**ITEM, "attributes": {"os": None}}, ErrorCode.WRONG_TYPE, "field attributes.os", "found null"),
        ({**ITEM, "attributes": {"n": 2**63}}, ErrorCode.WRONG_TYPE, "field attributes.n", "expected"),
        ({**ITEM, "groups": [{"name": "g"}]}, ErrorCode.WRONG_TYPE, "field groups.0", "exactly one of"),
        ({**EVENT, "severity": 3}, ErrorCode.WRONG_TYPE, "field severity", "ok, warning, minor, major, critical"),
        ({**EVENT, "severity": "MAJOR"}, ErrorCode.WRONG_TYPE, "field severity", 'found "MAJOR"'),
        ({**EVENT, "at": "2026-01-31T08:00:00"}, ErrorCode.WRONG_TYPE, "field at", "with a zone"),
        ({**EVENT, "at": 1700000000}, ErrorCode.WRONG_TYPE, "field at", "ISO 8601"),
        ({**EVENT, "state": "opn"}, ErrorCode.WRONG_TYPE, "field state", "open, cleared"),
        ({"kind": "evnt"}, ErrorCode.UNKNOWN_KIND, "in.ndjson:1, field kind", "did you mean 'event'?"),
        ({"key": "a"}, ErrorCode.MISSING_FIELD, "field kind", "item, dependency"),
        ({"kind": ["item"]}, ErrorCode.UNKNOWN_KIND, "field kind", "item, dependency"),
        ([1], ErrorCode.WRONG_TYPE, "in.ndjson:1", "found list"),
        (
            {"kind": "dependency", "consumer": "a", "verb": "USES", "provider": "b", "weight": -1},
            ErrorCode.WRONG_TYPE,
            "record a|USES|b",
            "'weight' is a whole number",
        ),
        (
            {
                "kind": "window",
                "key": "w",
                "window_kind": "blackout",
                "title": "W",
                "items": [],
                "start": "2026-01-31T08:00:00Z",
                "end": "2026-01-31T07:00:00Z",
            },
            ErrorCode.BAD_INTERVAL,
            "record w",
            "'end' lies after 'start'",
        ),
    ],
)  # fmt: skip
def test_a_fault_names_place_found_and_expected(
    document: object, code: ErrorCode, place: str, says: str
) -> None:
    error = refusal(document)
    assert error.code is code
    assert place in str(error.place)
    assert says in error.message


@pytest.mark.parametrize("text", [b"{", b'{"kind": NaN}', b'"\\ud800"', b"[" * 5000, b"\xff"])
def test_a_line_that_is_not_json_is_a_syntax_fault(text: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        list(PARSER.parse([b"", text], "in"))
    assert caught.value.code is ErrorCode.SYNTAX
    assert str(caught.value.place) == "in:2"


def test_all_faulty_lines_are_named_in_one_refusal() -> None:
    error = refusal({**ITEM, "colour": 1, "name": None}, ITEM, {**EVENT, "severity": 1})
    assert error.message.startswith("3 faults:")
    assert "in.ndjson:1, record a, field name" in error.message
    assert "in.ndjson:3, record a, field severity" in error.message


def test_reading_stops_at_twenty_faults() -> None:
    error = refusal(*[{"kind": "nothing"}] * 30)
    assert error.message.startswith("at least 20 faults:")
    assert "in.ndjson:21" not in error.message


def test_a_record_above_the_limit_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        list(PARSER.parse([b"\n", b" " * (LINE_LIMIT + 1)], "in"))
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert str(caught.value.place) == "in:2"
