"""Drift: what counts, what explains it, what is never told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cmdb.desk.drift import EXPLAINED_WITHIN, FieldDrift, detected_change, drift_of_item, is_explained
from cmdb.metamodel import read_metamodel
from cmdb.model.metamodel import Attribute, AttributeType, Metamodel
from cmdb.model.provenance import Sighting
from cmdb.model.records import Change, ChangeKind, ChangeState
from cmdb.resources import folder
from tests.support.moments import NOON

METAMODEL = read_metamodel(folder("schema"))
BEFORE = Sighting(
    source="ansible",
    scope="default",
    key="r1",
    ci_class="router",
    name="r1",
    rule="fqdn",
    attributes={"os_version": "15.1", "tags": ("a",), "vendor": "Cisco"},
)
AFTER = replace(BEFORE, attributes={"os_version": "15.2", "tags": ("b",), "model": "ASR"})
PATCH = Change(
    key="C",
    title="t",
    change_kind=ChangeKind.NORMAL,
    state=ChangeState.COMPLETED,
    targets=("r1",),
    actual_start=NOON - timedelta(hours=2),
    actual_end=NOON - timedelta(hours=1),
)


def test_each_field_that_altered_is_told_but_for_volatile_ones() -> None:
    assert drift_of_item(BEFORE, AFTER, METAMODEL) == [
        FieldDrift("model", None, "ASR"),
        FieldDrift("os_version", "15.1", "15.2"),
        FieldDrift("vendor", "Cisco", None),
    ]
    renamed = replace(BEFORE, name="r1b", ci_class="switch")
    assert [row.field for row in drift_of_item(BEFORE, renamed, METAMODEL)] == ["class", "name"]


def test_what_only_names_a_ci_or_is_weakly_bound_to_it_shows_no_drift() -> None:
    for before, after in (
        (replace(BEFORE, mention=True), AFTER),
        (BEFORE, replace(AFTER, mention=True)),
        (BEFORE, replace(AFTER, weak=True)),
    ):
        assert drift_of_item(before, after, METAMODEL) == []


def test_secret_values_are_never_told() -> None:
    router = METAMODEL.classes["router"]
    secret = Attribute(name="os_version", type=AttributeType.TEXT, description="d", secret=True)
    hiding = Metamodel(
        classes={
            **METAMODEL.classes,
            "router": replace(router, attributes={**router.attributes, "os_version": secret}),
        },
        relationships=METAMODEL.relationships,
    )
    told = detected_change("ansible", "r1", "R1", NOON, drift_of_item(BEFORE, AFTER, hiding))
    assert "15." not in told.description
    assert "os_version" in told.description


@pytest.mark.parametrize(
    ("change", "explains"),
    [
        (PATCH, True),
        (replace(PATCH, actual_start=NOON - EXPLAINED_WITHIN, actual_end=NOON - EXPLAINED_WITHIN), True),
        (
            replace(
                PATCH,
                actual_start=NOON - 2 * EXPLAINED_WITHIN,
                actual_end=NOON - EXPLAINED_WITHIN - timedelta(seconds=1),
            ),
            False,
        ),
        (
            replace(
                PATCH, actual_start=NOON + timedelta(seconds=1), actual_end=None, state=ChangeState.PLANNED
            ),
            False,
        ),
        (replace(PATCH, state=ChangeState.CANCELLED), False),
        (replace(PATCH, state=ChangeState.FAILED), True),
        (
            replace(
                PATCH, state=ChangeState.RUNNING, actual_end=None, actual_start=NOON - timedelta(days=30)
            ),
            True,
        ),
        (replace(PATCH, change_kind=ChangeKind.DETECTED), False),
        (replace(PATCH, actual_start=None, actual_end=None), False),
    ],
)
def test_what_explains_a_drift(change: Change, explains: bool) -> None:
    assert is_explained(NOON, [change]) is explains


def test_a_detected_change_names_what_was_and_is() -> None:
    change = detected_change("ansible", "r1", "R1", NOON, drift_of_item(BEFORE, AFTER, METAMODEL))
    assert change.key == "detected/ansible/20260302T120000.000000Z/r1"
    assert (change.start, change.targets, change.change_kind) == (NOON, ("r1",), ChangeKind.DETECTED)
    assert change.description.splitlines() == [
        'model: null -> "ASR"',
        'os_version: "15.1" -> "15.2"',
        'vendor: "Cisco" -> null',
    ]
