"""What a feed says of CIs and dependencies: all that its records say, under its own name."""

import random
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.feed_voice import Voice, firmness, in_order
from cmdb.desk.identity import Binding
from cmdb.model.provenance import DependencySighting, Evidence, Sighting
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.runs import KnownItem
from cmdb.model.severity import MapKind, SeverityMap, Strength

VOICE = Voice("netbox", "eu")
CLAIM = Item(
    key="dcim.device:7",
    ci_class="server",
    name="web",
    description="front",
    attributes={"os": "Debian"},
    groups=(RedundancyGroup(name="power", need_up=1),),
)
EDGE = Dependency(
    consumer="a",
    verb="DEPENDS_ON",
    provider="b",
    strength=Strength.SOFT,
    map=SeverityMap(MapKind.DECREASE, by=1),
    weight=3,
    group="power",
    note="cable 7",
    evidence=Evidence.OBSERVED,
    confidence=70,
)
ROWS = st.builds(
    DependencySighting,
    source=st.just("netbox"),
    scope=st.just("eu"),
    evidence=st.sampled_from(Evidence),
    confidence=st.integers(0, 100),
    group=st.sampled_from([None, "", "A", "None", "power"]),
)


@pytest.mark.parametrize("weak", [False, True])
@pytest.mark.parametrize("changed", [{}, {"mention": True}, {"retired": True}])
def test_a_sighting_says_what_the_claim_says_and_how_it_was_recognised(
    *, weak: bool, changed: dict[str, bool]
) -> None:
    claim = replace(CLAIM, **changed)  # type: ignore[arg-type]
    row = VOICE.item(claim, Binding("web-1", "fqdn", weak=weak))
    assert (row.source, row.scope, row.rule, row.weak) == ("netbox", "eu", "fqdn", weak)
    shared = {field.name for field in fields(Sighting)} & {field.name for field in fields(Item)}
    assert {name: getattr(row, name) for name in shared} == {name: getattr(claim, name) for name in shared}
    assert row.missed_since is None, "who says it sees it"


def test_only_what_this_feed_said_under_this_key_was_heard() -> None:
    row = VOICE.item(CLAIM, Binding("web-1", "fqdn"))
    others = (
        replace(row, source="ansible"),
        replace(row, scope="us"),
        replace(row, key="dcim.device:8"),
    )
    item = KnownItem(key="web-1", ci_class="server", name="web", sightings=(*others, row))
    assert VOICE.heard(item, "dcim.device:7") is row
    item.sightings = others
    assert VOICE.heard(item, "dcim.device:7") is None
    assert VOICE.heard(None, "dcim.device:7") is None


def test_a_dependency_is_said_whole_and_ends_do_not_matter() -> None:
    row = VOICE.dependency(EDGE)
    shared = {field.name for field in fields(DependencySighting)} & {
        field.name for field in fields(Dependency)
    }
    assert {name: getattr(row, name) for name in shared} == {name: getattr(EDGE, name) for name in shared}
    assert (row.source, row.scope) == ("netbox", "eu")
    assert VOICE.dependency(replace(EDGE, consumer="x", provider="y", verb="RUNS_ON")) is row


@pytest.mark.parametrize(
    "changed",
    [
        {"strength": None},
        {"map": SeverityMap(MapKind.IGNORE)},
        {"weight": 4},
        {"group": None},
        {"note": ""},
        {"evidence": Evidence.DECLARED},
        {"confidence": 71},
    ],
)
def test_what_is_said_otherwise_is_another_sighting(changed: dict[str, object]) -> None:
    other = VOICE.dependency(replace(EDGE, **changed))  # type: ignore[arg-type]
    assert other != VOICE.dependency(EDGE)


def test_declared_is_firmer_than_inferred_than_observed_and_only_then_confidence_counts() -> None:
    said = [
        VOICE.dependency(replace(EDGE, evidence=evidence, confidence=confidence))
        for evidence in (Evidence.OBSERVED, Evidence.INFERRED, Evidence.DECLARED)
        for confidence in (10, 90)
    ]
    assert sorted(said, key=firmness) == said


@given(st.lists(ROWS, max_size=6, unique_by=lambda row: row.group), st.randoms(use_true_random=False))
def test_one_order_of_rows_by_group_whatever_came_first(
    rows: list[DependencySighting], chance: random.Random
) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert in_order(shuffled) == in_order(rows)
    assert sorted(map(repr, in_order(rows))) == sorted(map(repr, rows))
