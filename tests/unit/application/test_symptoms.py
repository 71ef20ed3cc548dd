"""What is wrong around a CI, since when, and how much of it one failure explains."""

import pytest

from cmdb.application.symptoms import Symptoms, onset_of
from cmdb.model.records import Direction
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, furnished, outage, raised


async def onset(bench: Bench, key: str) -> float:
    snapshot = await bench.snapshot()
    return (onset_of(snapshot, snapshot.topology.index[key]) - NOON).total_seconds() / 60


async def test_trouble_begins_with_the_first_error_among_its_causes() -> None:
    bench = await furnished(raised("finance"), raised("r1", at=NOON - minutes(7)))
    assert await onset(bench, "finance") == -7


async def test_events_that_are_no_cause_do_not_count() -> None:
    held = raised("r2", at=NOON - minutes(30))
    assert await onset(await furnished(held, raised("mail")), "mail") == 0


async def test_own_events_that_do_not_travel_count_when_nothing_else_does() -> None:
    noise = raised("mail", Severity.MINOR, NOON - minutes(4), Direction.LOCAL)
    assert await onset(await furnished(noise), "mail") == -4


async def test_without_trouble_it_is_now() -> None:
    bench = await furnished()
    bench.clock.advance(25)
    assert await onset(bench, "mail") == 25


async def test_symptoms_lie_on_the_ci_and_upstream_of_it() -> None:
    snapshot = await (await outage()).snapshot()
    for key, found in (("finance", {"finance", "vpnc", "r1"}), ("r1", {"r1"}), ("mail", {"r1"})):
        around = Symptoms(snapshot, snapshot.topology.index[key])
        assert {event.item for event in around.events} == found


@pytest.mark.parametrize(
    ("cause", "share"), [("r1", 1.0), ("vpnc", 5 / 9), ("finance", 2 / 9), ("printsrv", 0.0)]
)
async def test_the_share_explained_is_weighted_by_severity(cause: str, share: float) -> None:
    snapshot = await (await outage()).snapshot()
    symptoms = Symptoms(snapshot, snapshot.topology.index["finance"])
    assert symptoms.share_explained(snapshot.topology.index[cause]) == share


async def test_starvation_is_explained_from_its_consumers() -> None:
    for direction, share in ((Direction.STARVATION, 1.0), (Direction.LOCAL, 0.0)):
        snapshot = await (await furnished(raised("r1", Severity.MAJOR, direction=direction))).snapshot()
        index = snapshot.topology.index
        symptoms = Symptoms(snapshot, index["finance"])
        assert symptoms.share_explained(index["finance"]) == share
        assert symptoms.share_explained(index["r1"]) == 1.0
        assert symptoms.share_explained(index["printsrv"]) == 0.0


async def test_symptoms_on_other_cis_are_reached_from_their_cause() -> None:
    snapshot = await (await outage()).snapshot()
    index = snapshot.topology.index
    symptoms = Symptoms(snapshot, index["finance"])
    assert {event.item for _, event in symptoms.reached_from(index["r1"])} == {"finance", "vpnc"}
    assert symptoms.reached_from(index["finance"]) == []
    assert [symptoms.fails_above(index[key]) for key in ("finance", "vpnc", "r1")] == [True, True, False]


async def test_nothing_wrong_is_explained_by_nothing() -> None:
    snapshot = await (await furnished()).snapshot()
    assert Symptoms(snapshot, 0).share_explained(0) == 0.0
