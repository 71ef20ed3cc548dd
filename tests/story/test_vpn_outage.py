"""The eight steps of the story and its end, told once per engine through HTTP only."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from cmdb.demo.seed import Seed, read_seed
from tests.story.conftest import Tell
from tests.support.service import Asker
from tests.support.vpn_outage import SEED


@dataclass
class Told:
    """What the service answered at each step, by the step's name."""

    seed: Seed
    answers: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.answers[name]


@pytest.fixture(scope="module")
def told(tell: Tell) -> Told:
    """Play the whole story in order; each test looks at one step of it."""
    asker, story = tell(SEED), Told(read_seed(SEED))
    tell_outage(asker, story)
    tell_fix(asker, story)
    return story


def tell_outage(asker: Asker, told: Told) -> None:
    story, answers = told.seed.story, told.answers
    answers["situations"] = asker.ask("situations")["situations"]
    answers["opened"] = asker.ask("open_ticket", input={"event": story.event})
    answers["joined"] = asker.ask("open_ticket", input={"event": story.symptom})
    incident = answers["opened"]["ticket"]["key"]
    step = {"ticket": incident, "state": "IN_PROGRESS", "assignee": story.engineer, "note": story.note}
    asker.ask("update_ticket", input=step)
    answers["ticket"] = asker.ask("ticket", key=incident)
    answers["impact"] = asker.ask("impact", origin={"event": story.event})
    answers["changes"] = asker.ask("upstream_changes", item="finance")
    kim = {"party": story.subscriber}
    answers["portal"] = asker.ask("my_services", act_as=f"subscriber:{story.subscriber}", **kim)["services"]
    answers["desk"] = asker.ask("my_services", act_as="desk", **kim)["services"]
    first = {"incident": incident, "caller": story.subscriber, "words": story.subscriber_words, "item": "vpn"}
    answers["first report"] = asker.ask("attach_report", input=first)["attached"][0]
    event = asker.ask("event", key=story.event)
    earlier = datetime.fromisoformat(event["raisedAt"]) - timedelta(hours=1)
    answers["earlier"] = asker.ask("get", ref="finance", asOf=earlier.isoformat())
    answers["timeline"] = asker.ask("timeline", item="finance")["entries"]
    answers["intake"] = asker.ask("symptom_intake", words=story.caller_words, caller=story.caller)
    second = {"incident": incident, "caller": story.caller, "words": story.caller_words, "item": "finance"}
    answers["second report"] = asker.ask("attach_report", input=second)["attached"][0]
    height = asker.ask("ticket", key=incident)["changedAt"]
    answers["height"] = {"asOf": height, "knownAt": height}
    answers["tickets"] = [edge["node"] for edge in asker.ask("tickets", first=100)["edges"]]


def tell_fix(asker: Asker, told: Told) -> None:
    answers = told.answers
    asker.play(told.seed, told.seed.fix)
    answers["services after"] = [edge["node"] for edge in asker.ask("services")["edges"]]
    step = {"ticket": answers["ticket"]["key"], "state": "RESOLVED"}
    answers["resolved"] = asker.ask("update_ticket", input=step)["ticket"]
    answers["reports"] = [asker.ask("ticket", key=answers[f"{nth} report"]) for nth in ("first", "second")]
    answers["event after"] = asker.ask("event", key=told.seed.story.event)
    past = asker.ask("services", **answers["height"])
    answers["services then"] = [edge["node"] for edge in past["edges"]]
    answers["situations then"] = asker.ask("situations", **answers["height"])["situations"]
    answers["timeline after"] = asker.ask("timeline", item="finance", first=100)["entries"]


def keys(refs: list[Any]) -> list[str]:
    return [ref["key"] for ref in refs]


def providers(path: list[Any]) -> list[str]:
    return [step["provider"]["key"] for step in path]


def test_1_one_situation_with_the_router_as_cause_and_the_disk_outside(told: Told) -> None:
    members = {row["cause"]["key"]: row["members"] for row in told["situations"]}
    assert {member["item"]["key"] for member in members["edge-1"]} == {
        "edge-1",
        "edge-1-wan",
        "vpn-con-1",
        "vpn",
        "finance",
    }
    assert {member["item"]["key"] for member in members["edge-1"] if member["role"] == "cause"} == {"edge-1"}
    assert keys([member["item"] for member in members["print-1"]]) == ["print-1"]


def test_1_repeats_fold_and_each_source_keeps_its_own_event(told: Told) -> None:
    events = [member["event"] for row in told["situations"] for member in row["members"]]
    finance = {event["source"]: event["count"] for event in events if event["item"]["key"] == "finance"}
    assert finance == {"application-monitor": 4, "synthetic-monitor": 2}


def test_2_the_ticket_is_opened_once_and_carries_the_impact(told: Told) -> None:
    opened, joined = told["opened"], told["joined"]
    assert (opened["opened"], joined["opened"]) == (True, False)
    assert joined["ticket"]["key"] == opened["ticket"]["key"]
    ticket = opened["ticket"]
    assert (ticket["priority"], ticket["causeItem"]["key"], ticket["supportGroup"]) == (
        1,
        "edge-1",
        "network-team",
    )
    assert set(keys(ticket["items"])) == {"edge-1", "vpn", "finance", "hr"}
    assert {told.seed.story.event, told.seed.story.symptom} <= set(keys(ticket["events"]))


def test_3_the_engineer_gets_events_notes_and_impacted_services_with_paths(told: Told) -> None:
    assert told["ticket"]["notes"][-1]["text"] == told.seed.story.note
    paths = {
        row["item"]["key"]: providers(row["proof"]["path"])
        for row in told["impact"]["rows"]
        if row["impacted"]
    }
    assert paths["finance"] == ["vpn", "vpn-con-1", "edge-1"]
    assert set(paths) == {"finance", "vpn", "hr"}


def test_3_the_patch_is_the_first_suspect_and_the_drift_is_listed(told: Told) -> None:
    suspects = [row["change"] for row in told["changes"]["suspects"]]
    assert keys(suspects[0]["targets"]) == ["edge-1"]
    ended = [datetime.fromisoformat(change["end"]) for change in suspects]
    assert datetime.fromisoformat(told["changes"]["onset"]) - ended[0] > timedelta(days=3)
    assert max(ended) > ended[0]
    assert "DETECTED" in {change["kind"] for change in suspects}


def test_4_the_user_sees_their_services_and_no_others(told: Told) -> None:
    states = {row["item"]["key"]: row["health"]["effective"] for row in told["portal"]}
    assert states == {"vpn": "CRITICAL", "email": "OK"}
    mail = next(row for row in told["portal"] if row["item"]["key"] == "email")
    assert mail["margin"]["survives"] == 0
    assert "one more failure takes it down" in mail["summary"]
    shown = {cause["item"]["key"] for row in told["portal"] for cause in row["proof"]["causes"]}
    assert "edge-1" not in shown, "what the user may not see stays unnamed"


def test_4_the_desk_sees_the_router_and_its_events_behind_it(told: Told) -> None:
    vpn = next(row for row in told["desk"] if row["item"]["key"] == "vpn")
    assert vpn["summary"] == "critical because of edge router 1"
    (cause,) = vpn["proof"]["causes"]
    assert told.seed.story.event in keys(cause["events"])


def test_5_the_user_sees_who_is_on_it_and_until_when(told: Told) -> None:
    vpn = next(row for row in told["portal"] if row["item"]["key"] == "vpn")
    (ticket,) = vpn["tickets"]
    assert (ticket["state"], ticket["assignee"]) == ("IN_PROGRESS", told.seed.story.engineer)
    assert ticket["expectedResolutionAt"] is not None
    assert ticket["expectedResolutionBasis"] == "80% of 3 resolved incidents of priority 1"


def test_6_the_timeline_holds_events_changes_and_tickets_of_what_it_depends_on(told: Told) -> None:
    kinds = {kind for entry in told["timeline"] for kind in ("event", "change", "ticket") if entry[kind]}
    assert kinds == {"event", "change", "ticket"}
    assert {"edge-1", "vpn-con-1", "vpn", "finance"} <= {entry["item"]["key"] for entry in told["timeline"]}
    times = [entry["at"] for entry in told["timeline"]]
    assert times == sorted(times, reverse=True)


def test_6_the_state_before_the_outage_can_be_asked_for(told: Told) -> None:
    assert told["earlier"]["health"]["effective"] == "OK"


def test_7_the_desk_finds_the_service_from_the_callers_words(told: Told) -> None:
    best = told["intake"]["candidates"][0]
    assert best["service"]["key"] == "finance"
    assert {term["name"] for term in best["terms"] if term["value"] > 0} >= {"words", "subscription"}


def test_8_the_router_explains_it_and_the_report_joins_the_open_incident(told: Told) -> None:
    best = told["intake"]["candidates"][0]
    assert providers(best["causes"][0]["path"]) == ["vpn", "vpn-con-1", "edge-1"]
    assert keys(best["tickets"]) == [told["ticket"]["key"]]
    incidents = [row for row in told["tickets"] if row["kind"] == "INCIDENT" and row["state"] != "CLOSED"]
    assert keys(incidents) == [told["ticket"]["key"]]
    assert {row["caller"] for row in told["tickets"] if row["kind"] == "REPORT"} == {"kim", "lee"}


def test_every_service_is_green_after_the_fix(told: Told) -> None:
    assert {row["health"]["effective"] for row in told["services after"]} == {"OK"}
    assert len(told["services after"]) == 6


def test_incident_and_both_reports_state_the_length_of_the_outage(told: Told) -> None:
    assert told["resolved"]["state"] == "RESOLVED"
    told_length = told["resolved"]["notes"][-1]["text"].partition("lasted ")[2]
    assert told_length.endswith("min.")
    assert [report["state"] for report in told["reports"]] == ["RESOLVED", "RESOLVED"]
    assert all(report["notes"][-1]["text"].endswith(told_length) for report in told["reports"])


def test_a_clear_that_comes_twice_changes_nothing(told: Told) -> None:
    assert (told["event after"]["state"], told["event after"]["count"]) == ("CLEARED", 3)


def test_the_history_still_names_events_and_ticket(told: Told) -> None:
    found = {entry["event"]["key"] for entry in told["timeline after"] if entry["event"]}
    assert {told.seed.story.event, told.seed.story.symptom} <= found
    assert told["ticket"]["key"] in {
        entry["ticket"]["key"] for entry in told["timeline after"] if entry["ticket"]
    }


def test_the_history_still_answers_what_was_impacted_at_the_height(told: Told) -> None:
    states = {row["key"]: row["health"]["effective"] for row in told["services then"]}
    assert states == {
        "email": "OK",
        "files": "OK",
        "finance": "CRITICAL",
        "hr": "WARNING",
        "printing": "MINOR",
        "vpn": "CRITICAL",
    }
    assert told["situations then"][0]["cause"]["key"] == "edge-1"
    assert told["situations then"][0]["ticket"]["key"] == told["ticket"]["key"]
