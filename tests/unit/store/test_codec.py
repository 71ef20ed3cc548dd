"""Every record survives the way into the store and back, whatever its texts and times are."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Item, Record
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import AS_IS, MapKind, Severity, SeverityMap
from cmdb.store.codec import (
    ATTRIBUTE,
    content_of,
    digest_of,
    read_groups,
    read_map,
    read_time,
    record_from,
    stored_from,
    write_time,
)
from tests.support.graph_records import EVERY_KIND, TABLE, edge, item
from tests.support.moments import NOON
from tests.support.records import records

TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001 - zones follow
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda offset: timezone(timedelta(minutes=offset)))


def through_the_wire(record: Record) -> Record:
    """Write the record as an engine keeps it and read it back."""
    wire = json.loads(json.dumps(content_of(record), ensure_ascii=False))
    return record_from(record.kind, {**wire, "key": record.key, "revision": 7, "bucket": 3})


@given(record=records())
def test_every_record_comes_back_as_it_went(record: Record) -> None:
    assert through_the_wire(record) == record


@given(record=records())
def test_only_plain_values_go_to_the_store(record: Record) -> None:
    for name, value in content_of(record).items():
        parts = value if isinstance(value, list) else [value]
        assert all(isinstance(part, str | int | float | bool) for part in parts), name


@given(record=records())
def test_a_digest_tells_equal_from_different(record: Record) -> None:
    digest = digest_of(content_of(record))
    assert digest_of(dict(reversed(content_of(record).items()))) == digest
    assert len(digest) == 32
    assert digest_of({**content_of(record), "more": 1}) != digest


@given(moment=TIMES, zone=ZONES)
def test_times_mean_the_same_and_sort_as_text(moment: datetime, zone: timezone) -> None:
    aware = moment.replace(tzinfo=zone)
    text = write_time(aware)
    assert read_time(text) == aware
    assert text == write_time(aware.astimezone(UTC))
    assert len(text) == len("2026-03-02T12:00:00.000000Z")
    assert text < write_time(aware + timedelta(microseconds=1))


def test_the_first_and_the_last_moment_there_is_are_fixed_width_too() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert [write_time(first), write_time(last)] == [
        "0001-01-01T00:00:00.000000Z",
        "9999-12-31T23:59:59.999999Z",
    ]
    assert [read_time(write_time(moment)) for moment in (first, last)] == [first, last]


def test_what_is_empty_is_not_kept() -> None:
    assert content_of(Item(key="a", ci_class="server", name="a")) == {
        "key": "a",
        "class": "server",
        "name": "a",
        "retired": False,
    }
    assert "map" not in content_of(edge("a", "b", map=AS_IS))


def test_attributes_never_meet_the_records_own_fields() -> None:
    hostile = item("a", attributes={"name": "x", "revision": 9, f"{ATTRIBUTE}b": "y", "": "z"})
    assert content_of(hostile)["name"] == "name of a"
    assert through_the_wire(hostile) == hostile


def test_properties_that_are_not_known_are_left_aside() -> None:
    assert record_from(RecordKind.ITEM, {**content_of(item("a")), "some_day": "new"}) == item("a")


def test_the_envelope_stands_beside_the_record() -> None:
    envelope = {
        "revision": 4,
        "valid_from": "2026-03-02T12:00:00.000000Z",
        "recorded_at": "2026-03-02T12:05:00.000000Z",
        "recorded_by": "nmap",
    }
    stored = stored_from(RecordKind.ITEM, {**content_of(item("a")), **envelope})
    assert (stored.revision, stored.valid_from, stored.source, stored.valid_to) == (4, NOON, "nmap", None)
    assert stored.recorded_at == NOON + timedelta(minutes=5)
    ended = stored_from(
        RecordKind.ITEM, {**content_of(item("a")), **envelope, "valid_to": "2026-03-02T12:00:00.000000Z"}
    )
    assert ended.valid_to == NOON


def test_maps_and_groups_are_read_alone_and_shared() -> None:
    groups = (
        RedundancyGroup(name="g", trip=(1, 3), on_trip=OnTrip.WORST),
        RedundancyGroup(name="h", need_up=2),
    )
    text = str(content_of(item("a", groups=groups))["groups"])
    assert read_groups(text) == groups
    assert read_groups(text) is read_groups(text)
    for severity_map in (
        TABLE,
        SeverityMap(MapKind.DECREASE, by=2),
        SeverityMap(MapKind.FIXED, to=Severity.MINOR),
    ):
        assert read_map(str(content_of(edge("a", "b", map=severity_map))["map"])) == severity_map


def test_each_kind_has_a_digest_of_its_own_content() -> None:
    digests = {digest_of(content_of(record)) for record in EVERY_KIND}
    assert len(digests) == len(EVERY_KIND)
    changed = replace(item("a"), name="another")
    assert digest_of(content_of(changed)) != digest_of(content_of(item("a")))
