"""What a batch changes: the fate of each row and what it will hold."""

from dataclasses import replace

import pytest

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Dependency, Item, Record, Role
from cmdb.model.reference import item_ends, moment_of
from cmdb.ports.graph import RowStatus
from cmdb.store.codec import content_of, digest_of, write_time
from cmdb.store.plan import Plan, PlannedRow, Stamp, closings, draft, plan_rows
from cmdb.store.shape import BUCKETS
from tests.support.graph_records import EVERY_KIND, edge, event, incident, item
from tests.support.moments import NOON, minutes

STAMP = Stamp(revision=7, source="nmap", recorded_at=NOON)
GONE = Assignment(party="ann", role=Role.OWNS, item="a", ended=True)


def fate(record: Record, stored: Record | None) -> RowStatus:
    digests = {} if stored is None else {record.kind: {record.key: digest_of(content_of(stored))}}
    (row,) = plan_rows([draft(record)], digests)
    return row.status


@pytest.mark.parametrize("record", EVERY_KIND, ids=lambda record: str(record.kind))
def test_new_equal_and_altered_records(record: Record) -> None:
    assert fate(record, None) is RowStatus.CREATED
    assert fate(record, record) is RowStatus.UNCHANGED


@pytest.mark.parametrize(
    ("record", "stored", "expected"),
    [
        (item("a"), item("a", name="b"), RowStatus.UPDATED),
        (item("a", retired=True), None, RowStatus.UNCHANGED),
        (item("a", retired=True), item("a"), RowStatus.UPDATED),
        (item("a", retired=True), item("a", retired=True), RowStatus.UNCHANGED),
        (item("a"), item("a", retired=True), RowStatus.UPDATED),
        (edge("a", "b", ended=True), None, RowStatus.UNCHANGED),
        (edge("a", "b", ended=True), edge("a", "b"), RowStatus.UPDATED),
        (edge("a", "b"), edge("a", "b", ended=True), RowStatus.UPDATED),
        (GONE, None, RowStatus.UNCHANGED),
        (item("a", valid_from=NOON), item("a"), RowStatus.UPDATED),
    ],
)
def test_ending_what_never_was_changes_nothing(
    record: Record, stored: Record | None, expected: RowStatus
) -> None:
    assert fate(record, stored) is expected


def row(record: Record, held: Record | None = None) -> PlannedRow:
    status = RowStatus.CREATED if held is None else RowStatus.UPDATED
    stored = None if held is None else {**content_of(held), "key": held.key}
    return PlannedRow(record, content_of(record), "digest", status, stored)


def test_a_row_holds_content_places_and_stamp() -> None:
    held = row(event("e", 5)).properties(STAMP)
    assert held["key"] == "e"
    assert (held["revision"], held["recorded_in"], held["recorded_by"], held["digest"]) == (
        7,
        7,
        "nmap",
        "digest",
    )
    assert (held["at"], held["day"]) == (write_time(NOON + minutes(5)), "2026-03-02")
    assert held["valid_from"] == write_time(NOON + minutes(5))
    assert held["recorded_at"] == write_time(NOON)
    assert "valid_to" not in held


def test_what_is_closed_ends_when_its_state_begins() -> None:
    later = NOON + minutes(9)
    assert row(item("a", retired=True)).properties(STAMP)["valid_to"] == write_time(NOON)
    assert row(edge("a", "b", ended=True, valid_from=later)).properties(STAMP)["valid_to"] == write_time(
        later
    )


def test_items_lie_in_buckets_that_depend_on_their_key_alone() -> None:
    buckets = [row(item(f"k{number}")).properties(STAMP)["bucket"] for number in range(2000)]
    assert set(buckets) == set(range(BUCKETS))
    assert row(item("k0", name="other")).properties(STAMP)["bucket"] == buckets[0]


def test_an_archived_state_says_when_it_held_and_what_superseded_it() -> None:
    held = {
        "recorded_in": 3,
        "valid_from": "then",
        "recorded_at": "earlier",
        "recorded_by": "csv",
    }
    superseding = PlannedRow(item("a"), {}, "", RowStatus.UPDATED, dict(held))
    version = superseding.version(STAMP, "body")
    assert version["key"] == "item|a|3"
    assert (version["valid_from"], version["valid_to"]) == ("then", write_time(NOON))
    assert (version["superseded_by"], version["superseded_at"]) == (7, write_time(NOON))
    assert (version["recorded_by"], version["record_kind"], version["body"]) == ("csv", "item", "body")


def test_ends_of_the_stored_record_need_no_proof_unless_it_was_closed() -> None:
    told = incident("t", items=("a", "b"))
    assert row(told).new_ends(item_ends) == ["a", "b"]
    assert row(told, incident("t", items=("b", "c"))).new_ends(item_ends) == ["a"]
    closed = row(told, told)
    assert closed.held is not None
    closed.held["valid_to"] = "then"
    assert closed.new_ends(item_ends) == ["a", "b"]
    unchanged = PlannedRow(told, content_of(told), "digest", RowStatus.UNCHANGED)
    assert unchanged.new_ends(item_ends) == []


def test_a_dependency_proves_its_ends_each_time() -> None:
    unchanged = PlannedRow(edge("a", "b"), {}, "digest", RowStatus.UNCHANGED)
    assert unchanged.new_ends(item_ends) == ["a", "b"]
    assert row(edge("a", "b"), edge("a", "b")).new_ends(item_ends) == ["a", "b"]


def test_what_lies_far_ahead_of_its_recording_shares_one_day() -> None:
    days = [row(event("e", 60 * 24 * ahead)).properties(STAMP)["day"] for ahead in (399, 401, 90000, -90000)]
    assert days == ["2027-04-05", "far", "far", "1779-10-03"]


def test_retiring_items_are_those_that_change() -> None:
    rows = plan_rows(
        map(draft, [item("a", retired=True), item("b", retired=True), item("c")]),
        {RecordKind.ITEM: {"a": "other", "b": digest_of(content_of(item("b", retired=True)))}},
    )
    plan = Plan(rows, 3)
    assert [found.key for found in plan.retiring()] == ["a"]
    assert [found.record.key for found in plan.changed()] == ["a", "c"]
    assert [found.record.key for found in plan.by_kind()[RecordKind.ITEM]] == ["a", "c"]
    assert plan.by_kind()[RecordKind.EVENT] == []


def test_open_dependencies_of_retiring_items_end_with_them_as_they_were() -> None:
    told = edge("a", "b", weight=3, note="why", group="g")
    held = [content_of(told), content_of(edge("c", "b")), content_of(edge("b", "d"))]
    retiring = [Item(key="b", ci_class="server", name="b", retired=True, valid_from=NOON + minutes(4))]
    ends = closings(held, retiring, {edge("c", "b").key})
    assert ends == [
        replace(told, ended=True, valid_from=NOON + minutes(4)),
        replace(edge("b", "d"), ended=True, valid_from=NOON + minutes(4)),
    ]
    assert all(isinstance(end, Dependency) for end in ends)


def test_only_events_changes_and_tickets_have_a_moment() -> None:
    assert [record.kind.value for record in EVERY_KIND if moment_of(record)] == ["event", "change", "ticket"]
