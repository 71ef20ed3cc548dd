"""From a caller's words to a service."""

import pytest

from cmdb.application.requests import (
    IntakeRequest,
    OpenTicketRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, InvalidInput, NotFound
from tests.support.small_estate import ANN, furnished, outage


async def test_intake_finds_the_service_by_words_alias_and_subscription() -> None:
    bench = await outage()
    ask = bench.application.symptom_intake
    named = await ask(SYSTEM, IntakeRequest(words="I cannot open the finance application", caller="bob"))
    assert named.candidates[0].service.key == "finance"
    assert named.candidates[0].causes[0].item.key == "r1"
    alias = await ask(SYSTEM, IntakeRequest(words="the ledger hangs", caller="bob"))
    assert alias.candidates[0].terms[0].value == 1.0
    vague = await ask(SYSTEM, IntakeRequest(words="everything hangs", caller="ann"))
    assert [row.service.key for row in vague.candidates] == ["vpn", "mail"]


@pytest.mark.parametrize("words", ["", "  ", "it is not"])
async def test_words_that_say_nothing_are_refused(words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await (await furnished()).application.symptom_intake(SYSTEM, IntakeRequest(words=words))
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


async def test_a_caller_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        await (await furnished()).application.symptom_intake(
            SYSTEM, IntakeRequest(words="vpn", caller="nobody")
        )


async def test_words_alone_may_decide() -> None:
    answer = await (await furnished()).application.symptom_intake(
        SYSTEM, IntakeRequest(words="printing fails")
    )
    assert ([row.service.key for row in answer.candidates], answer.caller) == (["print"], None)


async def test_words_that_fit_nothing_find_nothing() -> None:
    answer = await (await outage()).application.symptom_intake(SYSTEM, IntakeRequest(words="coffee machine"))
    assert answer.candidates == ()


async def test_a_caller_finds_only_what_they_may_see() -> None:
    answer = await (await outage()).application.symptom_intake(
        ANN, IntakeRequest(words="finance vpn", caller="ann")
    )
    assert [row.service.key for row in answer.candidates] == ["vpn", "mail"]


async def test_scores_are_the_sum_of_their_terms_and_the_list_is_cut() -> None:
    request = IntakeRequest(words="vpn", caller="ann", first=1)
    (best,) = (await (await outage()).application.symptom_intake(SYSTEM, request)).candidates
    assert best.service.key == "vpn"
    assert {term.name: term.value for term in best.terms} == {
        "words": 1.0,
        "subscription": 1.0,
        "trouble": 1.0,
    }
    assert best.score == 1.0


async def test_the_ticket_at_work_is_named() -> None:
    bench = await outage()
    ticket = (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    answer = await bench.application.symptom_intake(SYSTEM, IntakeRequest(words="finance"))
    assert [row.key for row in answer.candidates[0].tickets] == [ticket]
