"""`cmdb serve` with its rule on: the outage of the seed gets one incident, and a person who comes later joins it."""

from pathlib import Path
from typing import Any

from cmdb.application.incident_rule import RULE
from cmdb.demo.seed import read_seed
from tests.support.service import Asker, environment, serving
from tests.support.two_servers import until
from tests.support.vpn_outage import SEED


def test_the_outage_of_the_seed_is_one_incident_by_rule(tmp_path: Path) -> None:
    seed = read_seed(SEED)
    environ = environment(tmp_path, None) | {"CMDB_INCIDENT_SEVERITY": "critical"}
    with serving(environ) as (url, _):
        asker = Asker(url)
        asker.play(seed, [*seed.files, *seed.outage])

        def by_rule() -> list[dict[str, Any]]:
            edges = asker.ask("tickets", first=100, filter={"states": ["NEW", "ASSIGNED"]})["edges"]
            tickets = (asker.ask("ticket", key=edge["node"]["key"]) for edge in edges)
            return [ticket for ticket in tickets if ticket["notes"][0]["author"] == RULE.name]

        until(lambda: {seed.story.symptom} <= {e["key"] for t in by_rule() for e in t["events"]})
        receipt = asker.ask("open_ticket", input={"event": seed.story.event})
        (ticket,) = by_rule()
        assert (receipt["opened"], receipt["ticket"]["key"]) == (False, ticket["key"])
        assert (ticket["causeItem"]["key"], ticket["priority"]) == ("edge-1", 1)
        groups = asker.ask("situations")["situations"]
        told = {row["cause"]["key"]: (row["ticket"] or {}).get("key") for row in groups}
        assert {cause: key for cause, key in told.items() if key} == {"edge-1": ticket["key"]}
        assert "print-1" in told, "a full disk on a print server calls for none"
