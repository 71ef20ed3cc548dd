"""After the fix the services are well, the incident and its reports say so, and the height can be looked back at."""

from tests.support.vpn_outage import SEED
from tests.unit.demo.test_outage import played


async def test_the_fix_is_told_with_all_that_it_heals() -> None:
    printed, steps = await played(SEED)
    _, _, fix = printed.partition("Fix: the patch is rolled back")
    now, _, past = fix.partition("before the fix ")
    for service in ("VPN", "Finance", "E-mail"):
        assert f"   {service} ok\n" in now
    assert "situations left: none" in now or "situations left: " in now
    assert "edge router 1 (" not in now.partition("situations left: ")[2].partition("\n")[0]
    assert now.count("is resolved; the outage lasted") == 2
    assert "before the fix Finance was critical" in fix
    assert "before the fix VPN was critical" in fix
    assert "and the first cause known then was edge router 1" in past
    last = steps[-1]
    assert last["number"] == 0
    operations = [
        exchange["request"]["body"]["operationName"]
        for exchange in last["exchanges"]
        if isinstance(exchange["request"]["body"], dict)
    ]
    assert operations[0] == "ticket"
    assert operations.index("update_ticket") < operations.index("tickets")
    assert {exchange["request"]["actAs"] for exchange in last["exchanges"]} >= {"engineer:noor"}
