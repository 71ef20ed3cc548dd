"""What a subscriber is told about their services."""

import pytest

from cmdb.application.requests import (
    ImpactRequest,
)
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.records import Assignment, Role
from cmdb.model.severity import Severity
from tests.support.small_estate import ANN, furnished, outage


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
