"""From a caller's words to a service."""

from cmdb.application.requests import (
    IntakeRequest,
)
from cmdb.desk.access import SYSTEM
from tests.support.small_estate import outage


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
