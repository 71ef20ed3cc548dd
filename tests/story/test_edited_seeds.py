"""Copies of the seed with one edit: the answers follow the estate, not the story."""

from pathlib import Path
from typing import Any

from cmdb.demo.seed import read_seed
from tests.story.conftest import Tell
from tests.support.service import Asker
from tests.support.vpn_outage import SEED, copy_seed, hang_printing_on_router, license_second_concentrator

STORY = read_seed(SEED).story


def members(asker: Asker) -> dict[str, set[str]]:
    situations = asker.ask("situations")["situations"]
    return {row["cause"]["key"]: {member["item"]["key"] for member in row["members"]} for row in situations}


def impacted(asker: Asker) -> dict[str, Any]:
    rows = asker.ask("impact", origin={"event": STORY.event})["rows"]
    return {row["item"]["key"]: row for row in rows if row["impacted"]}


def portal(asker: Asker, party: str) -> dict[str, Any]:
    services = asker.ask("my_services", act_as=f"subscriber:{party}", party=party)["services"]
    return {row["item"]["key"]: row for row in services}


def test_with_the_print_server_on_the_router_its_disk_and_service_join(tell: Tell, tmp_path: Path) -> None:
    asker = tell(hang_printing_on_router(copy_seed(tmp_path)))
    groups = members(asker)
    assert "print-1" in groups["edge-1"]
    assert "print-1" not in groups
    printing = impacted(asker)["printing"]
    assert [step["provider"]["key"] for step in printing["proof"]["path"]] == ["print-1", "edge-1"]
    assert portal(asker, "max")["printing"]["health"]["effective"] == "CRITICAL"
    ticket = asker.ask("open_ticket", input={"event": "server-monitor:print-1:disk full"})["ticket"]
    assert (ticket["causeItem"]["key"], "printing" in {ref["key"] for ref in ticket["items"]}) == (
        "edge-1",
        True,
    )


def test_with_a_second_licence_the_vpn_survives_the_router(tell: Tell, tmp_path: Path) -> None:
    asker = tell(license_second_concentrator(copy_seed(tmp_path)))
    assert impacted(asker) == {}
    answer = asker.ask("impact", origin={"event": STORY.event})
    vpn = next(row for row in answer["rows"] if row["item"]["key"] == "vpn")
    verdict = next(group for group in vpn["proof"]["groups"] if group["group"] == "concentrators")
    assert (verdict["weight"], verdict["weightUp"], verdict["tripped"]) == (2, 1, False)
    # The probe's own event on the VPN still stands: what a monitor saw is not argued away.
    health = portal(asker, "kim")["vpn"]["health"]
    assert (health["own"], health["inherited"]) == ("MAJOR", "OK")
