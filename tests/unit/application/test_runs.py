"""Runs of loaders over a store in memory: what they write, when they are halted, how things go and come back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode, Forbidden
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.provenance import Evidence
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    EntryRecord,
    Party,
    PartyKind,
    Role,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.runs import RunState
from cmdb.model.severity import Strength
from tests.support.feeds import DAY, ci, living, located, named, open_dependencies, run, runs_on, seen
from tests.support.moments import NOON
from tests.support.small_estate import Bench, item, raised

HOSTS = [seen(f"host{number}", fqdn=f"h{number}.example.com") for number in range(10)]


async def test_a_run_creates_and_a_second_one_like_it_writes_nothing() -> None:
    bench = Bench()
    feed: list[EntryRecord] = [*HOSTS, runs_on("host1", "host2")]
    first = await run(bench, "netbox", *feed)
    assert first.counts == {"dependencies.created": 1, "items.created": 10}
    revision = bench.graph.revision
    second = await run(bench, "netbox", *feed)
    assert bench.graph.revision == revision == second.revision
    assert second.counts == {"dependencies.unchanged": 1, "items.unchanged": 10}
    assert [row.state for row in await bench.run_log.runs(None, 9)] == [RunState.DONE, RunState.DONE]


async def test_one_host_seen_by_four_sources_is_one_ci_that_shows_the_best_known_values() -> None:
    bench = Bench()
    same = {"fqdn": "web1.example.com"}
    await run(
        bench, "nmap", seen("10.0.0.5", os="Linux 5", ip_addresses=("10.0.0.5",), **same), complete=False
    )
    await run(bench, "ansible", seen("web1", os="Debian", os_version="12", **same))
    await run(
        bench, "netbox", seen("dcim.device:7", "hypervisor", "Web 1", os="unix", asset_tag="A7", **same)
    )
    await run(bench, "kubernetes", seen("prod/node/web1", "container_node", version="1.31", **same))
    assert living(bench) == {"10.0.0.5"}
    merged = await ci(bench, "10.0.0.5")
    assert [row.source for row in merged.sightings] == ["ansible", "kubernetes", "netbox", "nmap"]
    assert (merged.ci_class, merged.name) == ("hypervisor", "Web 1")
    assert merged.attributes == {
        "asset_tag": "A7",
        "fqdn": "web1.example.com",
        "ip_addresses": ("10.0.0.5",),
        "os": "Debian",
        "os_version": "12",
    }


async def test_a_key_that_is_taken_gets_its_source_before_it() -> None:
    bench = Bench()
    await bench.assert_records(item("web", "application"))
    await run(bench, "backstage", seen("web", "application", "Web shop"))
    assert living(bench) == {"web", "backstage/web"}


async def test_what_was_recorded_directly_counts_before_what_loaders_say() -> None:
    bench = Bench()
    await bench.assert_records(
        item("core", "router", attributes={"fqdn": "core.example.com", "os": "by hand"})
    )
    await run(bench, "ansible", seen("core-1", "router", fqdn="core.example.com", os="IOS", vendor="Cisco"))
    merged = await ci(bench, "core")
    assert [row.source for row in merged.sightings] == ["ansible", "records"]
    assert (merged.attributes["os"], merged.attributes["vendor"], merged.name) == ("by hand", "Cisco", "core")
    await bench.assert_records(item("core", "router", "Core", attributes={"os": "by hand again"}))
    merged = await ci(bench, "core")
    assert (merged.name, merged.attributes["os"]) == ("Core", "by hand again")
    assert (merged.attributes["vendor"], len(merged.sightings)) == ("Cisco", 2)


async def test_a_mention_is_bound_writes_nothing_and_events_and_edges_attach_to_what_it_means() -> None:
    bench = Bench()
    await run(bench, "netbox", seen("dev:1", "switch", "sw-1", role="core"))
    await run(
        bench,
        "lldp",
        seen("a", "switch", "sw-a"),
        named("sw-1", "network_appliance", "SW-1"),
        runs_on("a", "sw-1"),
        raised("sw-1"),
    )
    bound = await ci(bench, "dev:1")
    assert (bound.ci_class, bound.name, bound.mention) == ("switch", "sw-1", False)
    assert [(row.source, row.rule, row.weak) for row in bound.sightings] == [
        ("lldp", "name", True),
        ("netbox", "native key", False),
    ]
    assert set(open_dependencies(bench)) == {"a|DEPENDS_ON|dev:1|"}
    assert [event.item for event in (await bench.snapshot()).events.values()] == ["dev:1"]


async def test_a_placeholder_gives_way_to_the_ci_that_somebody_describes() -> None:
    bench = Bench()
    feed: list[EntryRecord] = [
        seen("a", "switch", "sw-a"),
        named("x", "network_appliance", "sw-x"),
        runs_on("a", "x"),
    ]
    await run(bench, "lldp", *feed)
    assert (await ci(bench, "x")).mention
    await run(bench, "netbox", seen("dev:9", "router", "sw-x", role="edge"))
    described = await ci(bench, "x")
    assert (described.mention, described.ci_class, described.attributes) == (
        False,
        "router",
        {"role": "edge"},
    )
    assert living(bench) == {"a", "x"}


async def test_an_ambiguous_thing_becomes_its_own_ci_and_a_question() -> None:
    bench = Bench()
    await bench.assert_records(
        item("one", "server", attributes={"fqdn": "twin.example.com"}),
        item("two", "server", attributes={"fqdn": "twin.example.com"}),
    )
    report = await run(bench, "ansible", seen("twin", fqdn="twin.example.com"))
    assert report.counts["reviews.opened"] == 1
    assert living(bench) == {"one", "two", "twin"}
    (review,) = await bench.application.reviews.list_open(SYSTEM)
    assert (review.item, review.candidates) == ("twin", ("one", "two"))


async def test_an_ambiguous_mention_is_bound_to_nothing() -> None:
    bench = Bench()
    await bench.assert_records(item("one", "switch", "sw"), item("two", "switch", "sw"))
    report = await run(bench, "lldp", seen("a", "switch", "sw-a"), named("sw", "switch"), runs_on("a", "sw"))
    assert (report.counts["items.unbound"], report.counts["dependencies.unbound"]) == (1, 1)
    assert living(bench) == {"one", "two", "a"}
    again = await run(bench, "lldp", seen("a", "switch", "sw-a"), named("sw", "switch"), runs_on("a", "sw"))
    assert "reviews.opened" not in again.counts


async def test_what_is_missed_is_stale_then_retired_and_comes_back_as_itself() -> None:
    bench = Bench()
    feed: list[EntryRecord] = [*HOSTS, runs_on("host0", "host1"), runs_on("host1", "host2")]
    await run(bench, "netbox", *feed)
    fewer = [
        entry
        for entry in feed
        if "host1"
        not in (getattr(entry, "key", ""), getattr(entry, "consumer", ""), getattr(entry, "provider", ""))
    ]
    bench.clock.moment += DAY
    report = await run(bench, "netbox", *fewer)
    assert (report.counts["items.missed"], report.counts["dependencies.missed"]) == (1, 2)
    assert (await ci(bench, "host1")).sightings[0].missed_since == NOON + DAY
    for day in (2, 3, 5):
        bench.clock.moment = NOON + day * DAY
        revision = bench.graph.revision
        await run(bench, "netbox", *fewer)
        assert bench.graph.revision == revision
    assert "host1" in living(bench)
    bench.clock.moment = NOON + 8 * DAY
    report = await run(bench, "netbox", *fewer)
    assert (report.counts["items.retired"], report.counts["dependencies.ended"]) == (1, 2)
    assert "host1" not in living(bench)
    assert open_dependencies(bench) == {}
    bench.clock.moment = NOON + 9 * DAY
    report = await run(bench, "netbox", *feed)
    assert report.counts["items.revived"] == 1
    assert living(bench) == {f"host{number}" for number in range(10)}
    assert len(open_dependencies(bench)) == 2


async def test_days_alone_or_misses_alone_do_not_retire() -> None:
    bench = Bench()
    await run(bench, "netbox", *HOSTS)
    for late in (
        10 * DAY,
        10 * DAY + timedelta(hours=1),
        10 * DAY + timedelta(hours=2),
        10 * DAY + timedelta(hours=3),
    ):
        bench.clock.moment = NOON + late
        await run(bench, "netbox", *HOSTS[1:])
    assert "host0" in living(bench)
    bench.clock.moment = NOON + 17 * DAY
    await run(bench, "netbox", *HOSTS[1:], complete=False)
    assert "host0" in living(bench)
    await run(bench, "netbox", *HOSTS[1:])
    assert "host0" not in living(bench)


async def test_a_source_gives_up_only_what_it_asserted() -> None:
    bench = Bench()
    shared = [seen("x", fqdn="x.example.com"), seen("y", fqdn="y.example.com")]
    await run(bench, "netbox", *HOSTS, *shared, runs_on("x", "y"))
    await run(bench, "ansible", *shared, runs_on("x", "y", evidence=Evidence.OBSERVED, confidence=60))
    for day in (1, 2, 3, 9):
        bench.clock.moment = NOON + day * DAY
        await run(bench, "netbox", *HOSTS)
    left = await ci(bench, "x")
    assert (left.retired, [row.retired for row in left.sightings]) == (False, [False, True])
    (edge,) = open_dependencies(bench).values()
    assert [row.source for row in edge.sightings] == ["ansible"]
    assert (edge.evidence, edge.confidence) == (Evidence.OBSERVED, 60)


async def test_evidence_is_kept_apart_and_combined() -> None:
    bench = Bench()
    ends = [seen("x", fqdn="x.example.com"), seen("y", fqdn="y.example.com")]
    await run(
        bench,
        "jaeger",
        *ends,
        runs_on("x", "y", evidence=Evidence.OBSERVED, confidence=80, strength=Strength.HARD),
    )
    await run(
        bench, "backstage", *ends, runs_on("x", "y", confidence=50, strength=Strength.SOFT, note="declared")
    )
    (edge,) = open_dependencies(bench).values()
    assert (edge.strength, edge.evidence, edge.confidence, edge.note) == (
        Strength.SOFT,
        Evidence.DECLARED,
        90,
        "declared",
    )


async def test_a_dependency_without_a_group_joins_the_one_that_another_source_declares() -> None:
    bench = Bench()
    ends = [seen("y", fqdn="y.example.com")]
    await run(bench, "ansible", seen("x", fqdn="x.example.com"), *ends, runs_on("x", "y"))
    assert set(open_dependencies(bench)) == {"x|DEPENDS_ON|y|"}
    grouped = seen("x", fqdn="x.example.com")
    grouped = replace(grouped, groups=(RedundancyGroup(name="power", need_up=1),))
    await run(bench, "netbox", grouped, *ends, runs_on("x", "y", group="power"))
    assert set(open_dependencies(bench)) == {"x|DEPENDS_ON|y|power"}
    assert len(open_dependencies(bench)["x|DEPENDS_ON|y|power"].sightings) == 2
    await run(bench, "ansible", seen("x", fqdn="x.example.com"), *ends, runs_on("x", "y"))
    assert set(open_dependencies(bench)) == {"x|DEPENDS_ON|y|power"}


async def test_the_guard_halts_what_looks_broken_and_lets_exactly_the_approved_plan_through() -> None:
    bench = Bench()
    await run(bench, "netbox", *HOSTS)
    revision = bench.graph.revision
    with pytest.raises(Conflict) as refused:
        await run(bench, "netbox", *HOSTS[:7])
    assert refused.value.code is ErrorCode.PLAN_REFUSED
    assert "7 CIs, below 80 % of the 10" in refused.value.message
    told = refused.value.hint.rpartition(" ")[2].rstrip(".")
    with pytest.raises(Conflict) as changed:
        await run(bench, "netbox", *HOSTS[:6], approve=told)
    assert changed.value.code is ErrorCode.PLAN_CHANGED
    assert bench.graph.revision == revision
    bench.clock.advance(5)
    dry = await run(bench, "netbox", *HOSTS[:7], dry_run=True)
    assert dry.plan_hash == told
    report = await run(bench, "netbox", *HOSTS[:7], approve=told)
    assert report.counts["items.missed"] == 3
    assert report.run is not None
    assert report.run.approved_by == "system"


async def test_only_some_roles_load_and_fewer_approve() -> None:
    bench = Bench()
    loader, desk = (Principal(name="x", role=role) for role in (PrincipalRole.LOADER, PrincipalRole.DESK))
    request = RunRequest(source="netbox", located=located(HOSTS), complete=True)
    with pytest.raises(Forbidden):
        await bench.application.runs.load(desk, request)
    with pytest.raises(Forbidden):
        await bench.application.runs.load(loader, replace(request, approve="x"))
    assert (await bench.application.runs.load(loader, request)).counts == {"items.created": 10}


async def test_no_rows_at_all_are_refused() -> None:
    bench = Bench()
    with pytest.raises(Conflict, match="no CI at all"):
        await run(bench, "netbox")


async def test_a_faulty_record_refuses_the_run_or_makes_it_partial() -> None:
    bench = Bench()
    await run(bench, "netbox", *HOSTS)
    bad = seen("bad", "no_such_class")
    refused = await run(bench, "netbox", *HOSTS[:9], bad)
    assert (refused.counts, [row.problem.code for row in refused.problems]) == ({}, [ErrorCode.UNKNOWN_CLASS])
    assert refused.run is not None
    assert refused.run.state is RunState.FAILED
    skipped = await run(bench, "netbox", *HOSTS[:9], seen("more"), bad, skip_faulty=True)
    assert skipped.counts == {"items.created": 1, "items.unchanged": 9}
    assert skipped.run is not None
    assert (skipped.run.state, skipped.run.complete) == (RunState.DONE, False)
    assert skipped.run.problems == ("feed.json:11: The class 'no_such_class' is not declared.",)


async def test_a_late_run_cannot_overwrite_a_newer_one_and_one_at_a_time_holds_a_feed() -> None:
    bench = Bench()
    await run(bench, "netbox", *HOSTS)
    with pytest.raises(Conflict) as late:
        await run(bench, "netbox", *HOSTS, age=timedelta(minutes=1))
    assert late.value.code is ErrorCode.RUN_OVERTAKEN
    await bench.run_log.take_feed("netbox", "default", NOON, NOON + timedelta(minutes=2), "other")
    with pytest.raises(Conflict) as busy:
        await run(bench, "netbox", *HOSTS)
    assert busy.value.code is ErrorCode.FEED_BUSY
    bench.clock.advance(3)
    assert (await run(bench, "netbox", *HOSTS)).counts == {"items.unchanged": 10}


async def test_other_records_follow_what_the_source_means() -> None:
    bench = Bench()
    await bench.assert_records(item("core", "router", attributes={"fqdn": "core.example.com"}))
    change = Change(
        key="CHG1",
        title="patch",
        change_kind=ChangeKind.NORMAL,
        state=ChangeState.PLANNED,
        targets=("dev:1",),
    )
    await run(
        bench,
        "servicenow",
        seen("dev:1", "router", fqdn="core.example.com"),
        change,
        Party(key="net", party_kind=PartyKind.SUPPORT_GROUP, name="Network"),
        Assignment(party="net", role=Role.SUPPORTS, item="dev:1"),
    )
    snapshot = await bench.snapshot()
    assert snapshot.changes["CHG1"].targets == ("core",)
    assert [row.item for row in snapshot.assignments] == ["core"]
    refused = await run(
        bench, "servicenow", seen("dev:1", "router"), Assignment(party="no", role=Role.OWNS, item="dev:1")
    )
    assert [row.problem.field for row in refused.problems] == ["party"]


async def test_drift_becomes_a_detected_change_unless_a_change_explains_it() -> None:
    bench = Bench()
    await run(bench, "ansible", seen("r1", "router", fqdn="r1.example.com", os_version="15.1", tags=("a",)))
    bench.clock.moment += DAY
    report = await run(
        bench, "ansible", seen("r1", "router", fqdn="r1.example.com", os_version="15.2", tags=("b",))
    )
    assert report.counts["changes.detected"] == 1
    (found,) = (await bench.snapshot()).changes.values()
    assert (found.change_kind, found.targets) == (ChangeKind.DETECTED, ("r1",))
    assert found.description == 'os_version: "15.1" -> "15.2"'
    at = bench.clock.moment
    planned = Change(
        key="CHG2", title="upgrade", change_kind=ChangeKind.NORMAL, state=ChangeState.COMPLETED, targets=("r1",),
        actual_start=at, actual_end=at,
    )  # fmt: skip
    await bench.assert_records(planned)
    bench.clock.moment += DAY
    report = await run(bench, "ansible", seen("r1", "router", fqdn="r1.example.com", os_version="15.3"))
    assert "changes.detected" not in report.counts


async def test_renamed_keys_are_followed_by_identity_and_halted_in_the_mass() -> None:
    bench = Bench()
    await run(bench, "netbox", *HOSTS)
    few = [seen("new0", fqdn="h0.example.com"), *HOSTS[1:]]
    report = await run(bench, "netbox", *few)
    assert report.counts == {"items.bound": 1, "items.rekeyed": 1, "items.unchanged": 9}
    assert [row.key for row in (await ci(bench, "host0")).sightings] == ["new0"]
    with pytest.raises(Conflict, match="new key"):
        await run(
            bench, "netbox", *[seen(f"n{number}", fqdn=f"h{number}.example.com") for number in range(10)]
        )


async def test_an_event_of_what_could_not_be_recognised_is_kept_unbound_and_stays_the_same_when_bound() -> (
    None
):
    bench = Bench()
    await run(bench, "nmap", seen("a", name="twin"), seen("b", name="twin"))
    report = await run(bench, "lldp", named("x", name="twin"), raised("x"), complete=False)
    assert report.counts["events.sent"] == 1
    (loose,) = (await bench.snapshot()).events.values()
    assert (loose.item, loose.subject and loose.subject.reference) == ("", "x")
    await run(bench, "lldp", seen("x", name="other", fqdn="x.example.com"), raised("x"), complete=False)
    (bound,) = (await bench.snapshot()).events.values()
    assert (bound.key, bound.item) == (loose.key, "x")


async def test_what_one_scope_names_another_scope_still_describes() -> None:
    bench = Bench()
    await run(
        bench, "netbox", seen("d:1", "server", "web", fqdn="w.example.com", role="web"), scope="devices"
    )
    cables = (named("d:1", "server", "d:1"), seen("c:1", "network_link"), runs_on("c:1", "d:1"))
    await run(bench, "netbox", *cables, scope="cables")
    item = await ci(bench, "d:1")
    assert (item.name, item.attributes) == ("web", {"fqdn": "w.example.com", "role": "web"})
    head = bench.graph.revision
    again = await run(
        bench, "netbox", seen("d:1", "server", "web", fqdn="w.example.com", role="web"), scope="devices"
    )
    assert set(again.counts) == {"items.unchanged"}
    await run(bench, "netbox", *cables, scope="cables")
    assert bench.graph.revision == head, "two scopes do not take a thing from each other each night"


async def test_a_thing_that_leaves_a_scope_stays_while_another_scope_sees_it() -> None:
    bench = Bench()
    for scope in ("eu", "us"):
        await run(bench, "netbox", seen("a"), *HOSTS, scope=scope)
    for _ in range(4):
        bench.clock.advance(60 * 24 * 4)
        await run(bench, "netbox", *HOSTS, scope="us")
        await run(bench, "netbox", seen("a"), *HOSTS, scope="eu")
    assert [(row.scope, row.retired) for row in (await ci(bench, "a")).sightings] == [
        ("eu", False),
        ("us", True),
    ]
    assert not (await ci(bench, "a")).retired


async def test_what_all_scopes_say_of_a_thing_is_split_off_and_moves_together() -> None:
    bench = Bench()
    await run(bench, "netbox", seen("a", fqdn="a.example.com"))
    for scope in ("eu", "us"):
        await run(bench, "ansible", seen("h", fqdn="a.example.com"), scope=scope)
    await bench.application.split_sighting(SYSTEM, "a", "ansible", "h")
    assert [row.scope for row in (await ci(bench, "h")).sightings] == ["eu", "us"]
    assert [row.source for row in (await ci(bench, "a")).sightings] == ["netbox"]
    with pytest.raises(Conflict):
        await bench.application.split_sighting(SYSTEM, "h", "ansible", "h")


async def test_a_placeholder_of_two_scopes_moves_with_both() -> None:
    bench = Bench()
    await run(bench, "netbox", seen("d:1"))
    for scope in ("eu", "us"):
        await run(bench, "kubernetes", named("db", "server", "db", fqdn="db.example.com"), scope=scope)
    await run(bench, "netbox", seen("d:1", fqdn="db.example.com"))
    await run(bench, "kubernetes", named("db", "server", "db", fqdn="db.example.com"), scope="eu")
    found = [(row.source, row.scope) for row in (await ci(bench, "d:1")).sightings]
    assert found == [("kubernetes", "eu"), ("kubernetes", "us"), ("netbox", "default")]
    assert living(bench) == {"d:1"}


async def test_what_was_bound_weakly_writes_as_soon_as_a_strong_rule_proves_it() -> None:
    bench = Bench()
    await run(bench, "netbox", seen("dev:1", name="web", fqdn="web.example.com"))
    await run(bench, "ansible", seen("h", name="web", os="Debian"))
    assert "os" not in (await ci(bench, "dev:1")).attributes
    await run(bench, "ansible", seen("h", name="web", os="Debian", fqdn="web.example.com"))
    proven = await ci(bench, "dev:1")
    assert [(row.source, row.rule, row.weak) for row in proven.sightings] == [
        ("ansible", "fqdn", False),
        ("netbox", "native key", False),
    ]
    assert proven.attributes["os"] == "Debian"
    assert living(bench) == {"dev:1"}


async def test_what_was_bound_weakly_is_no_proof_of_itself() -> None:
    bench = Bench()
    await run(bench, "netbox", named("gw", "network_appliance", "gateway"))
    feed = [seen("gw2", "router", "gateway", fqdn="gw.example.com")]
    await run(bench, "ansible", *feed)
    bound = await ci(bench, "gw")
    assert [(row.key, row.weak) for row in bound.sightings] == [("gw2", True), ("gw", False)]
    head = bench.graph.revision
    again = await run(bench, "ansible", *feed)
    assert (again.counts["items.unchanged"], bench.graph.revision) == (1, head)
