"""Which assignments end with a run: those that its source made before, of a CI that it speaks of, and not now."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.run_assignments import ended_assignments
from cmdb.desk.run_steps import RunFrame
from cmdb.model.provenance import Sighting
from cmdb.model.records import Assignment, Role
from cmdb.model.runs import Estate, KnownItem
from tests.support.moments import NOON

SEEN = Sighting(source="netbox", scope="eu", key="k", ci_class="server", name="n", rule="name")
OWNS = Assignment(party="ann", role=Role.OWNS, item="a", valid_from=NOON)


def frame(*held: Assignment, complete: bool = True) -> RunFrame:
    return RunFrame(source="netbox", scope="eu", complete=complete, started_at=NOON, assignments=held)


def estate(*sightings: Sighting) -> Estate:
    return Estate(items={"a": KnownItem(key="a", ci_class="server", name="a", sightings=sightings)})


def test_what_a_complete_run_does_not_tell_any_more_ends_now() -> None:
    (ended,) = ended_assignments(frame(OWNS), estate(SEEN), {"a"}, [])
    assert ended == replace(OWNS, ended=True, valid_from=None)


def test_what_is_told_again_stays_and_another_role_or_party_does_not_stand_for_it() -> None:
    told = [replace(OWNS, valid_from=None)]
    assert ended_assignments(frame(OWNS), estate(SEEN), {"a"}, told) == []
    for other in (replace(OWNS, role=Role.SUPPORTS), replace(OWNS, party="bob")):
        assert len(ended_assignments(frame(OWNS), estate(SEEN), {"a"}, [other])) == 1


def test_a_partial_run_and_one_that_does_not_speak_of_the_ci_end_nothing() -> None:
    assert ended_assignments(frame(OWNS, complete=False), estate(SEEN), {"a"}, []) == []
    assert ended_assignments(frame(OWNS), estate(SEEN), {"b"}, []) == []


@pytest.mark.parametrize(
    ("other", "ends"),
    [
        ({"scope": "us"}, False),
        ({"scope": "us", "retired": True}, True),
        ({"scope": "us", "source": "ansible"}, True),
        ({"key": "l"}, True),
    ],
    ids=["another scope", "one that gave it up", "another source", "the same scope"],
)
def test_what_another_scope_of_the_source_sees_is_left_alone(*, other: dict[str, object], ends: bool) -> None:
    beside = replace(SEEN, **other)  # type: ignore[arg-type]
    assert bool(ended_assignments(frame(OWNS), estate(SEEN, beside), {"a"}, [])) is ends


def test_an_assignment_to_a_ci_that_is_not_known_can_end() -> None:
    assert len(ended_assignments(frame(OWNS), Estate(), {"a"}, [])) == 1


ROWS = st.lists(
    st.builds(
        Assignment,
        party=st.sampled_from(["ann", "bob"]),
        role=st.sampled_from(Role),
        item=st.sampled_from("ab"),
    ),
    max_size=6,
    unique_by=lambda row: row.key,
)


@settings(max_examples=60)
@given(ROWS, ROWS, st.frozensets(st.sampled_from("ab")))
def test_what_is_told_and_what_ends_make_up_what_was_held_of_the_cis_spoken_of(
    held: list[Assignment], told: list[Assignment], spoken_of: frozenset[str]
) -> None:
    ended = ended_assignments(frame(*held), Estate(), spoken_of, told)
    assert all(row.ended for row in ended)
    keys = {row.key for row in ended}
    assert not keys & {row.key for row in told}
    wanted = {row.key for row in held if row.item in spoken_of}
    assert keys | (wanted & {row.key for row in told}) == wanted
