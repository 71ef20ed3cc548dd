"""What would happen if CIs failed."""

import pytest

from cmdb.application.requests import (
    WhatIfRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, InvalidInput, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.severity import Severity
from tests.support.small_estate import furnished, raised


async def test_what_if_tells_what_worsens_and_what_loses_margin() -> None:
    bench = await furnished()
    answer = await bench.application.what_if(SYSTEM, WhatIfRequest(items=("r1",)))
    assert {row.item.key: (row.before, row.after) for row in answer.rows if row.after > row.before} == {
        "vpn": (Severity.OK, Severity.CRITICAL),
        "finance": (Severity.OK, Severity.CRITICAL),
    }
    mail = next(row for row in answer.rows if row.item.key == "mail")
    assert (mail.margin_before, mail.margin_after) == (1, 0)
    assert bench.graph.revision == 1


async def test_without_a_ci_there_is_no_what_if() -> None:
    with pytest.raises(InvalidInput) as caught:
        await (await furnished()).application.what_if(SYSTEM, WhatIfRequest(items=()))
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


async def test_failures_are_assumed_together_and_each_once() -> None:
    answer = await (await furnished()).application.what_if(SYSTEM, WhatIfRequest(items=("r1", "r2", "r1")))
    assert [ref.key for ref in answer.assumed] == ["r1", "r2"]
    assert {row.item.key for row in answer.rows if row.after is Severity.CRITICAL} == {
        "vpn",
        "finance",
        "mail",
    }
    assert (answer.worse, answer.margin_lost) == (3, 0)


async def test_what_fails_already_does_not_get_better_by_assumption() -> None:
    bench = await furnished(raised("r1"))
    answer = await bench.application.what_if(SYSTEM, WhatIfRequest(items=("r1",), severity=Severity.MINOR))
    assert (answer.worse, answer.rows) == (0, ())


async def test_the_page_is_cut_and_says_so() -> None:
    bench = await furnished()
    for first, more in ((1, True), (2, True), (3, False)):
        answer = await bench.application.what_if(SYSTEM, WhatIfRequest(items=("r1",), first=first))
        assert ([row.item.key for row in answer.rows], answer.has_more) == (
            ["finance", "vpn", "mail"][:first],
            more,
        )


async def test_every_ci_is_listed_on_request() -> None:
    request = WhatIfRequest(items=("vpnc",), services_only=False)
    answer = await (await furnished()).application.what_if(SYSTEM, request)
    assert [row.item.key for row in answer.rows] == ["finance", "vpn", "vpnc"]


async def test_hidden_cis_are_left_out() -> None:
    narrow = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"r1", "vpn"}))
    answer = await (await furnished()).application.what_if(narrow, WhatIfRequest(items=("r1",)))
    assert ([row.item.key for row in answer.rows], answer.worse) == (["vpn"], 1)
    with pytest.raises(NotFound):
        await (await furnished()).application.what_if(narrow, WhatIfRequest(items=("r2",)))


async def test_paths_lead_to_what_was_assumed() -> None:
    answer = await (await furnished()).application.what_if(SYSTEM, WhatIfRequest(items=("r1",)))
    finance = next(row for row in answer.rows if row.item.key == "finance")
    assert [step.provider.key for step in finance.path] == ["vpn", "vpnc", "r1"]
    assert [party.key for party in finance.owners] == ["bob"]
