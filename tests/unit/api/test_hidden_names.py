"""Whatever a subscriber asks, no answer holds the name of what he may not see."""

import json

import pytest

from cmdb.api.operations import read_operation
from tests.support.api_client import ApiClient

HIDDEN = ("edge router", "vpnc", "r1 is down", "r1:down", "printsrv", "Printing")
INCIDENT = "INC000001"

QUESTIONS: dict[str, list[dict[str, object]]] = {
    "changes": [{}],
    "event": [{"key": "test:r1:down"}],
    "events": [{}],
    "history": [
        {"key": INCIDENT, "kind": "TICKET"},
        {"key": "vpn"},
        {"key": "r1"},
        {"key": "test:r1:down", "kind": "EVENT"},
    ],
    "impact": [{"origin": {"item": "vpn"}, "withPaths": True}, {"origin": {"item": "r1"}}],
    "items": [{}],
    "my_services": [{"party": "ann"}],
    "probable_causes": [{"item": "vpn"}, {"item": "mail"}],
    "search": [{"words": "router"}, {"words": "vpn"}],
    "services": [{}],
    "situations": [{}, {"number": "SIT000001"}],
    "symptom_intake": [{"words": "vpn drops", "caller": "ann"}],
    "ticket": [{"key": INCIDENT}],
    "tickets": [{}],
    "timeline": [{"item": "vpn"}, {"item": "mail"}],
    "topology": [{"item": "vpn"}, {"item": "mail"}],
    "upstream_changes": [{"item": "vpn"}, {"item": "mail", "words": "router"}],
    "what_if": [{"items": ["vpn"]}, {"items": ["r1"]}],
    "why": [{"ref": "vpn"}, {"ref": "r1"}],
}
ASKED = [(name, variables) for name, cases in QUESTIONS.items() for variables in cases]


@pytest.mark.parametrize(("operation", "variables"), ASKED)
async def test_no_answer_names_what_is_hidden(
    client: ApiClient, operation: str, variables: dict[str, object]
) -> None:
    opened = await client.run("open_ticket", input={"event": "test:r1:down"})
    assert opened["ticket"]["key"] == INCIDENT
    query = read_operation(operation)
    told = await client.post(query, variables, cmdb_act_as="subscriber:ann")
    repeated = json.dumps(variables)
    assert [name for name in HIDDEN if name in told.text and name not in repeated] == [], told.text
    whole = await client.post(query, variables)
    assert whole.status_code == 200, whole.text
