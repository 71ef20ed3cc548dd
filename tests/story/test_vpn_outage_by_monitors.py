"""The story as monitors tell it: their own formats to webhooks, the devices' own voices, and GraphQL for people."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cmdb.application.incident_rule import RULE
from cmdb.demo.seed import Seed, SeedFile, read_seed
from tests.support.monitors import (
    COMMUNITY,
    LINK_DOWN,
    LINK_UP,
    Body,
    checkly_login,
    grafana_probe,
    librenms_utilisation,
    router_log,
    zabbix_disk,
)
from tests.support.real_senders import Alertmanager, alertmanager, listener, say_syslog, send_trap
from tests.support.service import Asker, serving
from tests.support.two_servers import until
from tests.support.vpn_outage import SEED

ROUTER = "syslog:edge-1/CRYPTO-2-SESSIONS_DROPPED"
TUNNEL = "snmptrap:127.0.0.1/link down/Tunnel12"
WAN, PROBE = "librenms:7/21", "grafana:5a1c0f"
LOGIN = "checkly:927a2982-1007-4b81-b383-eae8bf717e61"
DISK = "zabbix:71"
CONCENTRATOR = "192.0.2.11"
LOGIN_FAILURES = {"alertname": "LoginFailures", "service": "Finance", "severity": "major"}
BOTH = ("kim", "lee")


@dataclass
class Stage:
    """A server on the seed's estate with all senders beside it, and what it answered, by the step's name."""

    seed: Seed
    asker: Asker
    manager: Alertmanager
    syslog: int
    traps: int
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=5))
    answers: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.answers[name]

    def post(self, loader: str, body: Body | bytes, **query: str) -> None:
        """Post as a monitor does; 202 says that it is on disk, 200 to a repetition that it is in the graph already."""
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        url = f"{self.asker.url}/webhooks/{loader}"
        answer = httpx.post(url, params=query, **sent, timeout=60, trust_env=False)
        assert answer.is_success, answer.text

    def post_file(self, file: SeedFile) -> None:
        """Post records of the seed that no monitor sends, such as changes."""
        self.post("records", b"\n".join(self.seed.lines(file, datetime.now(UTC))), source=file.source)

    def events(self) -> dict[str, Any]:
        """Return all events by key; that of Alertmanager, which makes its own key, as `alertmanager`."""
        rows = [edge["node"] for edge in self.asker.ask("events", first=100)["edges"]]
        return {row["source"] if row["source"] == "alertmanager" else row["key"]: row for row in rows}

    def counts(self, **expected: int) -> Callable[[], bool]:
        """Return a check that these events have been told so often."""

        def check() -> bool:
            events = self.events()
            return all(events.get(KEYS[name], {}).get("count") == number for name, number in expected.items())

        return check

    def incidents(self) -> list[Any]:
        """Return the incidents at work, with all they carry."""
        states = {"states": ["NEW", "ASSIGNED", "IN_PROGRESS", "ON_HOLD"]}
        rows = [edge["node"] for edge in self.asker.ask("tickets", first=100, filter=states)["edges"]]
        return [self.asker.ask("ticket", key=row["key"]) for row in rows if row["kind"] == "INCIDENT"]

    def services(self) -> dict[str, str]:
        """Return how each service stands."""
        edges = self.asker.ask("services", first=100)["edges"]
        return {edge["node"]["key"]: edge["node"]["health"]["effective"] for edge in edges}


KEYS = {
    "router": ROUTER, "tunnel": TUNNEL, "wan": WAN, "probe": PROBE, "login": LOGIN, "disk": DISK,
    "failures": "alertmanager",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(empty: Callable[[], dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Play the whole story in order; each test looks at one step of it."""
    environ, seed = empty() | {"CMDB_INCIDENT_SEVERITY": "critical"}, read_seed(SEED)
    with ExitStack() as stack:
        url, _ = stack.enter_context(serving(environ))
        folder = tmp_path_factory.mktemp("senders")
        stage = Stage(
            seed=seed,
            asker=Asker(url),
            manager=stack.enter_context(manager_of(folder, url)),
            syslog=stack.enter_context(listener(environ, "syslog")),
            traps=stack.enter_context(listener(environ, "snmptrap", "--community", COMMUNITY)),
        )
        stage.asker.play(seed, seed.files)
        for tell in (tell_outage, tell_ticket, tell_users, tell_fix):
            tell(stage)
        yield stage


def manager_of(folder: Path, url: str) -> Any:
    return alertmanager(folder, f"{url}/webhooks/alertmanager", repeat_interval="1s")


def tell_outage(stage: Stage) -> None:
    """Step 1: the load rises, the router drops sessions, and every monitor says what it sees, again and again."""
    began = stage.began
    stage.post("librenms", librenms_utilisation(began))
    say_syslog(stage.syslog, router_log(213, 214))
    until(stage.counts(wan=1, router=1))
    for number in range(2):
        send_trap(stage.traps, COMMUNITY, CONCENTRATOR, LINK_DOWN, "Tunnel12")
        stage.post("checkly", checkly_login(began + timedelta(minutes=1 + number)))
        stage.post("zabbix", zabbix_disk())
        stage.post("grafana", grafana_probe(began + timedelta(minutes=1)))
    stage.manager.push(LOGIN_FAILURES, "37 of 41 log-ins failed", began, began + timedelta(hours=1))
    say_syslog(stage.syslog, router_log(214, 305))
    stage.post("librenms", librenms_utilisation(began + timedelta(minutes=3)))
    until(stage.counts(router=2, wan=2, tunnel=2, login=2, disk=1, probe=1, failures=1))
    before = stage.asker.ask("inbox")
    until(lambda: stage.asker.ask("inbox")["duplicates"] > before["duplicates"])
    stage.answers["inbox"] = stage.asker.ask("inbox")
    stage.answers["events"] = stage.events()
    stage.answers["situations"] = stage.asker.ask("situations")["situations"]


def tell_ticket(stage: Stage) -> None:
    """Steps 2 and 3: the rule has opened it; operator, repeat and second source join; an engineer looks."""
    ask, answers, story = stage.asker.ask, stage.answers, stage.seed.story
    failures = answers["events"]["alertmanager"]["key"]
    wanted = {ROUTER, TUNNEL, PROBE, LOGIN, failures}
    until(lambda: any(wanted <= set(keys(ticket["events"])) for ticket in stage.incidents()))
    answers["by rule"] = stage.incidents()
    answers["joined"] = ask("open_ticket", input={"event": failures})
    stage.post("checkly", checkly_login(stage.began + timedelta(minutes=4)))
    until(stage.counts(login=3))
    (incident,) = keys(answers["by rule"])
    step = {"ticket": incident, "state": "IN_PROGRESS", "assignee": story.engineer, "note": story.note}
    ask("update_ticket", input=step)
    answers["ticket"] = ask("ticket", key=incident)
    answers["impact"] = ask("impact", origin={"event": ROUTER})
    answers["changes"] = ask("upstream_changes", item="finance")


def tell_users(stage: Stage) -> None:
    """Steps 4 to 8: the portal, looking back, and a call."""
    ask, answers, story = stage.asker.ask, stage.answers, stage.seed.story
    incident = answers["ticket"]["key"]
    kim = {"party": story.subscriber}
    answers["portal"] = ask("my_services", act_as=f"subscriber:{story.subscriber}", **kim)["services"]
    answers["desk"] = ask("my_services", act_as="desk", **kim)["services"]
    first = {"incident": incident, "caller": story.subscriber, "words": story.subscriber_words, "item": "vpn"}
    answers["first report"] = ask("attach_report", act_as="desk", input=first)["attached"][0]
    answers["timeline"] = ask("timeline", item="finance", first=100)["entries"]
    earlier = (stage.began - timedelta(hours=1)).isoformat()
    answers["earlier"] = ask("get", ref="finance", asOf=earlier)
    call = {"words": story.caller_words, "caller": story.caller}
    answers["intake"] = ask("symptom_intake", act_as="desk", **call)
    answers["causes"] = ask("probable_causes", act_as="desk", item="finance")["causes"]
    second = {"incident": incident, "caller": story.caller, "words": story.caller_words, "item": "finance"}
    answers["second report"] = ask("attach_report", act_as="desk", input=second)["attached"][0]
    answers["at the height"] = stage.incidents()
    height = ask("ticket", key=incident)["changedAt"]
    answers["height"] = {"asOf": height, "knownAt": height}


def tell_fix(stage: Stage) -> None:
    """The patch is rolled back; ends come in any order, one twice; the log, which has no end, is cleared by hand."""
    ask, answers, seed = stage.asker.ask, stage.answers, stage.seed
    now = datetime.now(UTC)
    (rollback,) = (file for file in seed.fix if file.path.name == "fix-change.jsonl")
    stage.post_file(rollback)
    stage.manager.push(LOGIN_FAILURES, "no log-in failed", stage.began, now)
    stage.post("checkly", checkly_login(now, ended=True))
    stage.post("checkly", checkly_login(now, ended=True))
    stage.post("grafana", grafana_probe(stage.began + timedelta(minutes=1), ended=now))
    send_trap(stage.traps, COMMUNITY, CONCENTRATOR, LINK_UP, "Tunnel12")
    stage.post("zabbix", zabbix_disk(ended=True))
    cleared = {
        "item": "edge-1", "key": ROUTER.partition(":")[2], "condition": "CRYPTO-2-SESSIONS_DROPPED", "severity": "OK",
        "state": "CLEARED", "at": now.isoformat(),
    }  # fmt: skip
    answers["cleared by hand"] = ask("record_events", input={"source": "syslog", "rows": [cleared]})
    stage.post("librenms", librenms_utilisation(now, ended=True))
    until(lambda: set(stage.services().values()) == {"OK"})
    ours = set(KEYS.values())
    until(lambda: all(row["state"] == "CLEARED" for key, row in stage.events().items() if key in ours))
    answers["services after"] = stage.services()
    step = {"ticket": answers["ticket"]["key"], "state": "RESOLVED"}
    answers["resolved"] = ask("update_ticket", input=step)["ticket"]
    answers["reports"] = [ask("ticket", key=answers[f"{nth} report"]) for nth in ("first", "second")]
    answers["left open"] = stage.incidents()
    answers["events after"] = stage.events()
    past = ask("services", **answers["height"])
    answers["services then"] = {
        edge["node"]["key"]: edge["node"]["health"]["effective"] for edge in past["edges"]
    }
    answers["situations then"] = ask("situations", **answers["height"])["situations"]


def keys(refs: list[Any]) -> list[str]:
    return [ref["key"] for ref in refs]


def providers(path: list[Any]) -> list[str]:
    return [step["provider"]["key"] for step in path]


def test_1_every_monitor_is_understood_in_its_own_format(told: Stage) -> None:
    where = {name: told["events"][key]["item"]["key"] for name, key in KEYS.items()}
    assert where == {
        "router": "edge-1",
        "wan": "edge-1-wan",
        "tunnel": "vpn-con-1",
        "probe": "vpn",
        "login": "finance",
        "failures": "finance",
        "disk": "print-1",
    }
    assert told["inbox"]["dead"] == 0


def test_1_repeats_fold_and_each_source_keeps_its_own_event(told: Stage) -> None:
    counts = {name: told["events"][key]["count"] for name, key in KEYS.items()}
    assert counts == {
        "router": 2, "wan": 2, "tunnel": 2, "login": 2, "probe": 1, "disk": 1, "failures": 1,
    }  # fmt: skip
    assert told["inbox"]["duplicates"] > 0, "Alertmanager has repeated itself"
    assert {told["events"][key]["source"] for key in KEYS.values()} == {
        "syslog",
        "librenms",
        "snmptrap",
        "grafana",
        "checkly",
        "zabbix",
        "alertmanager",
    }


def test_1_one_situation_with_the_router_as_cause_and_the_disk_outside(told: Stage) -> None:
    members = {row["cause"]["key"]: row["members"] for row in told["situations"]}
    assert {(member["role"], member["item"]["key"]) for member in members["edge-1"]} == {
        ("cause", "edge-1"),
        ("symptom", "edge-1-wan"),
        ("symptom", "vpn-con-1"),
        ("symptom", "vpn"),
        ("symptom", "finance"),
    }
    assert [member["event"]["key"] for member in members["print-1"]] == [DISK]


def test_2_the_rule_opened_one_incident_that_carries_the_impact(told: Stage) -> None:
    (ticket,) = told["by rule"]
    assert ticket["notes"][0]["author"] == RULE.name
    assert (ticket["priority"], ticket["causeItem"]["key"], ticket["supportGroup"]) == (
        1,
        "edge-1",
        "network-team",
    )
    assert set(keys(ticket["items"])) == {"edge-1", "vpn", "finance", "hr"}
    carried = {event["key"]: event["summary"] for event in ticket["events"]}
    assert "305 sessions dropped" in carried[ROUTER]
    assert DISK not in carried


def test_2_operator_repeat_and_second_source_join_it(told: Stage) -> None:
    assert told["joined"]["opened"] is False
    assert told["joined"]["ticket"]["key"] == told["ticket"]["key"]
    assert {event["source"] for event in told["ticket"]["events"]} >= {
        "syslog",
        "alertmanager",
        "checkly",
        "grafana",
    }
    assert keys(told["at the height"]) == [told["ticket"]["key"]]


def test_3_the_engineer_gets_paths_notes_and_the_patch_first(told: Stage) -> None:
    assert told["ticket"]["notes"][-1]["text"] == told.seed.story.note
    paths = {
        row["item"]["key"]: providers(row["proof"]["path"])
        for row in told["impact"]["rows"]
        if row["impacted"]
    }
    assert paths["finance"] == ["vpn", "vpn-con-1", "edge-1"]
    suspects = [row["change"] for row in told["changes"]["suspects"]]
    assert (suspects[0]["key"], "DETECTED" in {change["kind"] for change in suspects}) == ("CHG-2118", True)


def test_4_the_user_sees_their_services_and_no_others(told: Stage) -> None:
    states = {row["item"]["key"]: row["health"]["effective"] for row in told["portal"]}
    assert states == {"vpn": "CRITICAL", "email": "OK"}
    mail = next(row for row in told["portal"] if row["item"]["key"] == "email")
    assert "one more failure takes it down" in mail["summary"]
    vpn = next(row for row in told["desk"] if row["item"]["key"] == "vpn")
    assert ROUTER in {event["key"] for cause in vpn["proof"]["causes"] for event in cause["events"]}


def test_5_the_user_sees_state_who_works_on_it_and_until_when(told: Stage) -> None:
    vpn = next(row for row in told["portal"] if row["item"]["key"] == "vpn")
    (ticket,) = vpn["tickets"]
    assert (ticket["state"], ticket["assignee"]) == ("IN_PROGRESS", told.seed.story.engineer)
    due = datetime.fromisoformat(ticket["expectedResolutionAt"])
    assert due > datetime.fromisoformat(ticket["openedAt"])
    assert ticket["expectedResolutionBasis"] == "80% of 3 resolved incidents of priority 1"


def test_6_the_timeline_holds_what_happened_upstream_and_before(told: Stage) -> None:
    kinds = {kind for entry in told["timeline"] for kind in ("event", "change", "ticket") if entry[kind]}
    assert kinds == {"event", "change", "ticket"}
    assert {ROUTER, TUNNEL} <= {entry["event"]["key"] for entry in told["timeline"] if entry["event"]}
    assert told["earlier"]["health"]["effective"] == "OK"


def test_7_the_desk_finds_the_service_from_the_callers_words(told: Stage) -> None:
    best = told["intake"]["candidates"][0]
    assert best["service"]["key"] == "finance"
    assert {term["name"] for term in best["terms"] if term["value"] > 0} >= {"words", "subscription"}


def test_8_ranked_events_explain_the_symptom_with_the_path(told: Stage) -> None:
    cause = told["intake"]["candidates"][0]["causes"][0]
    assert (cause["item"]["key"], providers(cause["path"])) == ("edge-1", ["vpn", "vpn-con-1", "edge-1"])
    assert ROUTER in keys(cause["events"])
    assert {told["events"]["alertmanager"]["key"], LOGIN} <= set(keys(cause["explains"]))
    assert told["causes"][0]["item"]["key"] == "edge-1"
    scores = [row["score"] for row in told["causes"]]
    assert scores == sorted(scores, reverse=True)


def test_8_the_open_ticket_is_shown_and_takes_the_report_in(told: Stage) -> None:
    best = told["intake"]["candidates"][0]
    assert keys(best["tickets"]) == [told["ticket"]["key"]]
    (incident,) = told["at the height"]
    reports = {row["key"]: row["caller"] for row in incident["members"]}
    assert reports == dict(zip((told["first report"], told["second report"]), BOTH, strict=True))


def test_when_it_is_resolved_both_reports_say_so_and_how_long_it_was(told: Stage) -> None:
    length = told["resolved"]["notes"][-1]["text"].partition("lasted ")[2]
    assert length.endswith("min.")
    assert [report["state"] for report in told["reports"]] == ["RESOLVED", "RESOLVED"]
    assert all(report["notes"][-1]["text"].endswith(length) for report in told["reports"])
    assert told["left open"] == []


def test_every_service_is_green_and_every_event_has_ended(told: Stage) -> None:
    assert told["services after"] == dict.fromkeys(
        ("email", "files", "finance", "hr", "printing", "vpn"), "OK"
    )
    assert told["events after"][LOGIN]["count"] == 3


def test_the_history_still_answers_what_was_impacted_at_the_height(told: Stage) -> None:
    then = told["services then"]
    assert (then["finance"], then["vpn"], then["hr"], then["email"]) == (
        "CRITICAL",
        "CRITICAL",
        "WARNING",
        "OK",
    )
    assert told["situations then"][0]["cause"]["key"] == "edge-1"
    assert told["situations then"][0]["ticket"]["key"] == told["ticket"]["key"]
