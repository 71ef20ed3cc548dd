"""Impact of an event, a CI and a change, with, without and only the origin."""

import pytest

from cmdb.application.requests import (
    ImpactRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal
from cmdb.model.records import Direction
from cmdb.model.severity import Severity
from tests.support.small_estate import Bench, furnished, outage, raised


async def impacted(
    bench: Bench, request: ImpactRequest, principal: Principal = SYSTEM
) -> dict[str, Severity]:
    answer = await bench.application.impact(principal, request)
    return {row.item.key: row.severity for row in answer.rows if row.impacted}


async def test_an_event_impacts_the_services_downstream_and_redundancy_holds() -> None:
    bench = await outage()
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    assert {row.item.key: row.severity for row in answer.rows if row.impacted} == {
        "vpn": Severity.CRITICAL,
        "finance": Severity.CRITICAL,
    }
    mail = next(row for row in answer.rows if not row.impacted)
    assert (mail.item.key, mail.margin.survives, mail.margin.exact) == ("mail", 0, True)
    assert [ref.key for ref in mail.margin.next_failures] == ["r2"]
    assert [(verdict.weight, verdict.weight_up, verdict.tripped) for verdict in mail.proof.groups] == [
        (2, 1, False)
    ]
    assert (answer.impacted, answer.holding, answer.reached) == (2, 1, 4)


async def test_the_path_leads_from_the_service_to_the_origin() -> None:
    bench = await outage()
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    finance = next(row for row in answer.rows if row.item.key == "finance")
    assert [step.provider.key for step in finance.proof.path] == ["vpn", "vpnc", "r1"]
    assert {row.item.key for row in finance.proof.causes} == {"r1"}
    assert [party.key for party in finance.owners] == ["bob"]


async def test_a_local_event_impacts_nothing_beyond_its_ci() -> None:
    bench = await furnished(raised("r1", Severity.CRITICAL, direction=Direction.LOCAL))
    assert await impacted(bench, ImpactRequest(event="test:r1:down")) == {}


async def test_a_healthy_ci_is_assumed_down() -> None:
    bench = await furnished()
    assert set(await impacted(bench, ImpactRequest(item="r1"))) == {"vpn", "finance"}
    assert set(await impacted(bench, ImpactRequest(change="PATCH"))) == {"vpn", "finance"}


async def test_a_second_failure_breaks_what_redundancy_held() -> None:
    bench = await furnished(raised("r2"))
    answer = await bench.application.impact(SYSTEM, ImpactRequest(item="r1"))
    mail = next(row for row in answer.rows if row.item.key == "mail")
    assert (mail.impacted, mail.alone, mail.without, mail.severity) == (
        True,
        Severity.OK,
        Severity.OK,
        Severity.CRITICAL,
    )


@pytest.mark.parametrize("request_", [ImpactRequest(), ImpactRequest(item="r1", event="x")])
async def test_impact_needs_exactly_one_origin(request_: ImpactRequest) -> None:
    with pytest.raises(CmdbError) as caught:
        await (await furnished()).application.impact(SYSTEM, request_)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
