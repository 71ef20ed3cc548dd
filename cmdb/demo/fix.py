"""After the eight steps: the patch is rolled back, events clear in any order, the incident is resolved."""

from rich.text import Text

from cmdb.cli.words import names, severity
from cmdb.demo.stage import Stage


async def play_fix(stage: Stage, incident: str) -> None:
    """Clear the events, resolve the incident, and read what it and its reports say."""
    title = "Fix: the patch is rolled back; clears arrive in any order, one twice, one late"
    stage.open_scene(0, title, f"engineer:{stage.seed.story.engineer}")
    height = (await stage.ask("ticket", key=incident))["changedAt"]
    await stage.play_all(stage.seed.fix)
    services = await stage.ask("services", first=100)
    for edge in services["edges"]:
        service = edge["node"]
        stage.say(Text.assemble(f"{service['name']} ", severity(service["health"]["effective"])))
    situations = (await stage.ask("situations"))["situations"]
    left = ", ".join(f"{row['cause']['name']} ({row['severity'].lower()})" for row in situations)
    stage.say(f"situations left: {left or 'none'}")
    await _resolve(stage, incident)
    await _look_back(stage, height)


async def _resolve(stage: Stage, incident: str) -> None:
    """Resolve the incident; say what it and the reports attached to it tell, whatever service they are about."""
    answer = await stage.ask("update_ticket", input={"ticket": incident, "state": "RESOLVED"})
    ticket = answer["ticket"]
    stage.say(f"{incident}: {ticket['notes'][-1]['text']}")
    since = await stage.ask("tickets", first=100, filter={"since": ticket["openedAt"]})
    for key in [edge["node"]["key"] for edge in since["edges"] if edge["node"]["kind"] == "REPORT"]:
        report = await stage.ask("ticket", key=key)
        stage.say(f"{key} of {report['caller']}: {report['notes'][-1]['text']}")


async def _look_back(stage: Stage, height: str) -> None:
    """Ask what was impacted at the height of the outage, as was known then."""
    past = await stage.ask(
        "services", filter={"minSeverity": "WARNING"}, first=100, asOf=height, knownAt=height
    )
    for edge in past["edges"]:
        state = severity(edge["node"]["health"]["effective"])
        stage.say(Text.assemble(f"before the fix {edge['node']['name']} was ", state))
    causes = (await stage.ask("situations", asOf=height, knownAt=height))["situations"]
    stage.say(f"and the first cause known then was {names([row['cause'] for row in causes[:1]]) or 'none'}")
