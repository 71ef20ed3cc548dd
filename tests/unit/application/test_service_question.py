"""What a subscriber is told about their services."""

import pytest

from cmdb.application.requests import (
    ImpactRequest,
)
from cmdb.application.service_question import summarise
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.answers import Health, Margin, Proof
from cmdb.model.records import Assignment, Role
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, furnished, item, outage, raised


async def test_a_subscriber_sees_only_their_services_and_a_count_of_the_rest() -> None:
    bench = await outage()
    with pytest.raises(CmdbError) as caught:
        await bench.application.impact(ANN, ImpactRequest(event="test:r1:down"))
    assert caught.value.code is ErrorCode.NOT_FOUND
    statuses = await bench.application.my_services(ANN, "ann")
    assert [(row.item.key, row.health.effective) for row in statuses] == [
        ("vpn", Severity.CRITICAL),
        ("mail", Severity.OK),
    ]
    assert "restricted" in statuses[0].summary
    assert "one more failure takes it down" in statuses[1].summary
    assert all(step.provider.key in ("", "vpn") for step in statuses[0].proof.path)


async def test_nobody_sees_another_subscribers_services() -> None:
    with pytest.raises(CmdbError) as caught:
        await (await furnished()).application.my_services(ANN, "bob")
    assert caught.value.code is ErrorCode.FORBIDDEN


async def test_an_ended_subscription_hides_the_service() -> None:
    bench = await furnished()
    await bench.assert_records(Assignment(party="ann", role=Role.SUBSCRIBES, item="vpn", ended=True))
    assert [row.item.key for row in await bench.application.my_services(ANN, "ann")] == ["mail"]


async def test_a_desk_sees_any_partys_services_with_their_causes() -> None:
    desk = Principal(name="d", role=PrincipalRole.DESK)
    (finance,) = await (await outage()).application.my_services(desk, "bob")
    assert finance.item.key == "finance"
    assert finance.summary == "critical because of edge router 1"


async def test_nobody_has_the_services_of_a_party_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        await (await furnished()).application.my_services(SYSTEM, "nobody")


async def test_subscriptions_to_other_things_than_services_are_left_out() -> None:
    bench = await furnished(Assignment(party="ann", role=Role.SUBSCRIBES, item="r2"))
    assert [row.item.key for row in await bench.application.my_services(ANN, "ann")] == ["mail", "vpn"]


async def test_planned_work_is_announced_as_such() -> None:
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("r1",), start=NOON, end=NOON + minutes(9)
    )  # fmt: skip
    bench = await furnished(raised("r1"), window)
    vpn = next(row for row in await bench.application.my_services(ANN, "ann") if row.item.key == "vpn")
    assert vpn.summary == "planned work: critical is expected and announced"


async def test_a_retired_service_is_left_out() -> None:
    bench = await furnished()
    await bench.assert_records(item("vpn", "technical_service", "VPN", retired=True))
    assert [row.item.key for row in await bench.application.my_services(ANN, "ann")] == ["mail"]


def health(effective: Severity = Severity.OK, planned: Severity = Severity.OK) -> Health:
    return Health(
        own=effective, inherited=Severity.OK, effective=effective, worst_case=effective, planned=planned
    )


NO_PROOF = Proof(path=(), causes=(), repairs=(), groups=(), exact=True)


@pytest.mark.parametrize(
    ("survives", "exact", "says"),
    [
        (None, True, "ok; nothing it depends on can take it down"),
        (0, True, "ok; one more failure takes it down (several candidates)"),
        (1, True, "ok; survives 1 further failure"),
        (2, True, "ok; survives 2 further failures"),
        (2, False, "ok; survives at least 2 further failures"),
    ],
)
def test_the_margin_in_words(survives: int | None, exact: bool, says: str) -> None:
    left = Margin(survives=survives, exact=exact, next_failures=(), next_failure_count=0)
    assert summarise(health(), NO_PROOF, left) == says


def test_trouble_without_a_cause_is_the_services_own() -> None:
    left = Margin(survives=None, exact=True, next_failures=(), next_failure_count=0)
    assert summarise(health(Severity.MAJOR), NO_PROOF, left) == "major from its own events"
