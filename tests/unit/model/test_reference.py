"""What a record refers to, and what is left of it where CIs are hidden."""

from dataclasses import replace

import pytest

from cmdb.model.records import Assignment, Change, ChangeKind, ChangeState, Record, Role, Ticket
from cmdb.model.reference import CAUSE_HIDDEN, item_ends, items_of, named_items, without_hidden
from cmdb.model.windows import Window, WindowKind
from tests.support.graph_records import edge, event, incident, item
from tests.support.moments import NOON, minutes

ENDED = Assignment(party="ann", role=Role.OWNS, item="a", ended=True)
CHANGE = Change(
    key="c", title="c", change_kind=ChangeKind.NORMAL, state=ChangeState.PLANNED, targets=("a", "b")
)
WINDOW = Window(
    key="w",
    window_kind=WindowKind.MAINTENANCE,
    title="w",
    items=("a", "b"),
    start=NOON,
    end=NOON + minutes(1),
)


@pytest.mark.parametrize(
    ("record", "ends"),
    [
        (item("a"), ()),
        (edge("a", "b"), ("a", "b")),
        (edge("a", "b", ended=True), ()),
        (event("e"), ("a",)),
        (incident("t", items=("a", "b")), ("a", "b")),
        (incident("t", items=()), ()),
        (ENDED, ()),
    ],
)
def test_the_cis_that_a_record_refers_to(record: Record, ends: tuple[str, ...]) -> None:
    assert item_ends(record) == ends


@pytest.mark.parametrize("record", [CHANGE, WINDOW, incident("t", items=("a", "b"))])
def test_a_record_of_several_cis_keeps_those_that_are_seen(record: Record) -> None:
    assert items_of(without_hidden(record, {"b", "c"})) == ("b",)


@pytest.mark.parametrize("record", [item("a"), edge("a", "b"), event("e"), ENDED])
def test_other_records_are_shown_whole_or_not_at_all(record: Record) -> None:
    assert without_hidden(record, set()) is record


def test_an_incident_does_not_name_its_cause_to_those_who_may_not_see_it() -> None:
    told = replace(incident("t", items=("a", "b")), title="b: down", cause_item="b")
    assert without_hidden(told, {"a", "b"}) == told
    shown = without_hidden(told, {"a"})
    assert isinstance(shown, Ticket)
    assert (shown.items, shown.cause_item, shown.title) == (("a",), None, CAUSE_HIDDEN)
    assert named_items(told) == ("a", "b", "b")
    assert named_items(incident("t", items=("a",))) == ("a",)
