"""The eight steps of the outage, each derived from what the running service answers."""

from datetime import datetime, timedelta
from typing import Any

from rich.text import Text

from cmdb.cli.words import margin, moment, name, names, parties, path, score, severity
from cmdb.demo.stage import Stage
from cmdb.errors import ErrorCode, NotFound, Place

SHOWN = 6


async def play_outage(stage: Stage) -> str:
    """Play steps 1 to 8; return the key of the incident."""
    await tell_situation(stage)
    incident = await open_once(stage)
    await work_on_ticket(stage, incident)
    await open_portal(stage)
    await see_who_is_on_it(stage, incident)
    await look_back(stage)
    candidate = await take_call(stage)
    await attach_call(stage, candidate, incident)
    return incident


async def tell_situation(stage: Stage) -> None:
    """Step 1: the monitors' reports become events, the events situations."""
    stage.open_scene(
        1, "Four monitors report; repeats are folded, and what has one cause becomes one situation"
    )
    await stage.play_all(stage.seed.outage)
    answer = await stage.ask("situations")
    if not answer["situations"]:
        raise NotFound(
            ErrorCode.NOT_FOUND,
            "The reported events form no situation.",
            hint="Let the outage raise at least one event that stays open.",
            place=Place("seed.yaml", field="outage"),
        )
    for situation in answer["situations"]:
        members = situation["members"]
        stage.say(
            Text.assemble(
                f"{name(situation['cause'])} ", severity(situation["severity"]), f", {len(members)} event(s):"
            )
        )
        for member in members:
            event = member["event"]
            what = f"{name(member['item'])}: {event['condition']}"
            stage.say(f"  {member['role']} {what} ({event['source']}, seen {event['count']}x)")


async def open_once(stage: Stage) -> str:
    """Step 2: one ticket, whoever opens it; return its key."""
    title = "An operator opens a ticket from the event; a second one from a symptom joins it"
    stage.open_scene(2, title, "desk")
    story = stage.seed.story
    first = await stage.ask("open_ticket", input={"event": story.event})
    ticket = first["ticket"]
    stage.say(f"{ticket['key']} opened, priority {ticket['priority']}: {ticket['title']}")
    if ticket["causeItem"]:
        stage.say(f"cause {name(ticket['causeItem'])}, affected {names(ticket['items'], limit=10)}")
    stage.say(f"carries {len(ticket['events'])} events; with {ticket['supportGroup'] or 'nobody yet'}")
    second = await stage.ask("open_ticket", input={"event": story.symptom})
    outcome = "opened" if second["opened"] else "already at work on it, nothing opened"
    stage.say(f"{second['ticket']['key']} {outcome}")
    return str(ticket["key"])


async def work_on_ticket(stage: Stage, incident: str) -> None:
    """Step 3: what the engineer needs to know, what changed upstream first of all."""
    story = stage.seed.story
    title = "An engineer of the support group takes the ticket and asks what changed upstream"
    stage.open_scene(3, title, f"engineer:{story.engineer}")
    step = {
        "ticket": incident,
        "state": "IN_PROGRESS",
        "supportGroup": story.support_group,
        "assignee": story.engineer,
        "note": story.note,
    }
    await stage.ask("update_ticket", input=step)
    ticket = await stage.ask("ticket", key=incident)
    stage.say(f"{ticket['key']} {ticket['state'].lower()}, {ticket['supportGroup']} / {ticket['assignee']}")
    for note in ticket["notes"]:
        stage.say(f"  {note['author']}: {note['text']}")
    impact = await stage.ask("impact", origin={"event": story.event})
    for row in impact["rows"]:
        stage.say(_impact_line(row))
    symptom = await stage.ask("event", key=story.symptom)
    changes = await stage.ask("upstream_changes", item=symptom["item"]["key"])
    for rank, suspect in enumerate(changes["suspects"], start=1):
        change = suspect["change"]
        what = f"{change['key']} {change['title']} on {name(suspect['target'])}"
        when = moment(change["end"] or change["start"])
        stage.say(f"  {rank}. {what}, {change['kind'].lower()}, {when}, score {score(suspect['score'])}")


def _impact_line(row: Any) -> Text:  # noqa: ANN401 - a row of a JSON document
    owners = f"; owner {parties(row['owners'])}" if row["owners"] else ""
    why = path(row["proof"]["path"]) if row["impacted"] else margin(row["margin"])
    told = f": {why or 'for another reason'}{owners}"
    return Text.assemble(f"{name(row['item'])} ", severity(row["severity"]), told)


async def open_portal(stage: Stage) -> None:
    """Step 4: a subscriber sees their services and no others; the desk sees the names behind them too."""
    party = stage.seed.story.subscriber
    title = "A user opens the portal: their services, and why they are as they are"
    stage.open_scene(4, title, f"subscriber:{party}")
    answer = await stage.ask("my_services", party=party)
    for service in answer["services"]:
        stage.say(f"{name(service['item'])}: {service['summary']}")
        for event in service["events"]:
            stage.say(f"  its event: {event['summary'] or event['condition']}")
    answer = await stage.ask("my_services", act_as="desk", party=party)
    for service in answer["services"]:
        stage.say(f"the desk sees {name(service['item'])}: {service['summary']}")
        for cause in service["proof"]["causes"]:
            events = "; ".join(event["summary"] or event["condition"] for event in cause["events"])
            stage.say(f"  behind it {name(cause['item'])}: {events}")


async def see_who_is_on_it(stage: Stage, incident: str) -> None:
    """Step 5: the open ticket of a subscribed service; the user's own report joins it."""
    story = stage.seed.story
    title = "The same user sees who is on it and until when; the desk adds the user's report"
    stage.open_scene(5, title, f"subscriber:{story.subscriber}")
    answer = await stage.ask("my_services", party=story.subscriber)
    for service in answer["services"]:
        for ticket in service["tickets"]:
            stage.say(
                f"{name(service['item'])}: {ticket['key']} {ticket['state'].lower()}, {ticket['assignee']}"
            )
            due, basis = moment(ticket["expectedResolutionAt"]), ticket["expectedResolutionBasis"]
            stage.say(f"  expected to be solved by {due} UTC, {basis}")
    hurt = (row["item"]["key"] for row in answer["services"] if row["tickets"])
    report = {
        "incident": incident,
        "caller": story.subscriber,
        "words": story.subscriber_words,
        "item": next(hurt, None),
    }
    answer = await stage.ask("attach_report", act_as="desk", input=report)
    stage.say(f"report {', '.join(answer['attached'])} attached to {answer['ticket']['key']}")


async def look_back(stage: Stage) -> None:
    """Step 6: one timeline of a service and of what it depends on."""
    title = "Anyone entitled looks back: events, tickets and changes, of the service and upstream of it"
    stage.open_scene(6, title, "desk")
    symptom = await stage.ask("event", key=stage.seed.story.symptom)
    first = await stage.ask("event", key=stage.seed.story.event)
    item, raised = symptom["item"]["key"], first["raisedAt"]
    earlier = await stage.ask("services", first=100, asOf=_hour_before(raised))
    for service in (edge["node"] for edge in earlier["edges"]):
        if service["key"] == item:
            state = severity(service["health"]["effective"])
            stage.say(Text.assemble(f"{service['name']} an hour before the outage: ", state))
    during = await stage.ask("timeline", item=item, since=raised)
    before = await stage.ask("timeline", item=item, until=raised)
    for told, answer in (("since the outage began", during), ("before", before)):
        more = " or more" if answer["hasMore"] else ""
        stage.say(f"{told}: {len(answer['entries'])}{more} entries")
        for entry in answer["entries"][:SHOWN]:
            stage.say(f"  {moment(entry['at'])} {name(entry['item'])}: {entry['what']}")


def _hour_before(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(hours=1)).isoformat()


async def take_call(stage: Stage) -> Any:  # noqa: ANN401 - a JSON document
    """Step 7: the caller's words lead to a service; return the best candidate, or None."""
    story = stage.seed.story
    stage.open_scene(7, f'Another user calls: "{story.caller_words}"', "desk")
    answer = await stage.ask("symptom_intake", words=story.caller_words, caller=story.caller)
    if answer["caller"]:
        stage.say(f"caller {answer['caller']['name']}")
    for candidate in answer["candidates"]:
        because = "; ".join(term["reason"] for term in candidate["terms"] if term["value"])
        stage.say(f"{name(candidate['service'])} {score(candidate['score'])}: {because}")
    return answer["candidates"][0] if answer["candidates"] else None


async def attach_call(stage: Stage, candidate: Any, incident: str) -> None:  # noqa: ANN401 - as above
    """Step 8: what explains the symptom, which ticket is open, and the report attached to it in one step."""
    stage.open_scene(8, "The desk sees what explains it and attaches the report to the open ticket", "desk")
    report = {"incident": incident, "caller": stage.seed.story.caller, "words": stage.seed.story.caller_words}
    if candidate is not None:
        report["item"] = candidate["service"]["key"]
        answer = await stage.ask("probable_causes", item=report["item"])
        for rank, cause in enumerate(answer["causes"], start=1):
            way = path(cause["path"]) or "the service itself"
            stage.say(f"  {rank}. {name(cause['item'])} {score(cause['score'])}: {way}")
        open_ones = (row["key"] for row in candidate["tickets"] if row["kind"] == "INCIDENT")
        report["incident"] = next(open_ones, incident)
    answer = await stage.ask("attach_report", input=report)
    stage.say(f"report {', '.join(answer['attached'])} attached to {answer['ticket']['key']}")
    tickets = await stage.ask("tickets", filter={"states": ["NEW", "ASSIGNED", "IN_PROGRESS"]})
    incidents = [edge["node"]["key"] for edge in tickets["edges"] if edge["node"]["kind"] == "INCIDENT"]
    stage.say(f"open incidents: {', '.join(incidents)}")
