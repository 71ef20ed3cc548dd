"""Why a CI is as it is."""

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.model.severity import Severity
from tests.support.small_estate import ANN, furnished, outage, raised


async def test_probable_causes_name_the_router_first() -> None:
    bench = await outage()
    answer = await bench.application.probable_causes(SYSTEM, "finance")
    assert answer.causes[0].item.key == "r1"
    assert {event.item for event in answer.causes[0].explains} == {"vpnc", "finance"}


async def test_without_symptoms_there_is_nothing_to_explain() -> None:
    answer = await (await furnished()).application.probable_causes(SYSTEM, "finance")
    assert (answer.causes, answer.health.effective) == ((), Severity.OK)
    assert [row.change.key for row in answer.suspects] != []


async def test_a_changed_ci_without_events_is_a_silent_cause() -> None:
    bench = await furnished(raised("vpnc"), raised("finance"))
    answer = await bench.application.probable_causes(SYSTEM, "finance")
    silent = next(cause for cause in answer.causes if cause.item.key == "r1")
    assert silent.events == ()
    assert {event.item for event in silent.explains} == {"vpnc", "finance"}
    assert answer.causes[0].item.key == "vpnc"


async def test_a_hidden_cause_is_ranked_and_not_named() -> None:
    answer = await (await outage()).application.probable_causes(ANN, "vpn")
    best = answer.causes[0]
    assert (best.item.restricted, best.item.key, best.events, best.explains) == (True, "", (), ())
    assert all(step.provider.key in ("", "vpn") for step in best.path)


async def test_every_score_is_the_sum_of_its_terms_and_they_fall() -> None:
    causes = (await (await outage()).application.probable_causes(SYSTEM, "finance")).causes
    scores = [cause.score for cause in causes]
    assert scores == sorted(scores, reverse=True)
    for cause in causes:
        assert cause.score == pytest.approx(sum(term.weight * term.value for term in cause.terms), abs=1e-3)


async def test_only_as_many_as_asked_for() -> None:
    answer = await (await outage()).application.probable_causes(SYSTEM, "finance", first=1)
    assert (len(answer.causes), len(answer.suspects)) == (1, 1)


async def test_the_cause_of_a_ci_without_providers_is_itself() -> None:
    answer = await (await outage()).application.probable_causes(SYSTEM, "printsrv")
    assert [(cause.item.key, cause.path) for cause in answer.causes] == [("printsrv", ())]
