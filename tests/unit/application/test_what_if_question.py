"""What would happen if CIs failed."""

from cmdb.application.requests import (
    WhatIfRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.model.severity import Severity
from tests.support.small_estate import furnished


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
