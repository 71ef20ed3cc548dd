"""The seed is told as the story needs it, and a wrong seed names its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from cmdb.application.requests import ImpactRequest, ItemFilter, PageRequest, UpstreamChangesRequest
from cmdb.demo.seed import read_seed
from cmdb.desk.access import SYSTEM
from cmdb.errors import DeclarationError, ErrorCode
from cmdb.model.records import ChangeKind
from cmdb.model.severity import Severity
from tests.support.moments import NOON
from tests.support.small_estate import Bench
from tests.support.vpn_outage import (
    SEED,
    copy_seed,
    hang_printing_on_router,
    license_second_concentrator,
    outage_of,
    play,
)


async def impacted(seed_folder: Path) -> dict[str, Severity]:
    bench, seed = await outage_of(seed_folder)
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event=seed.story.event))
    return {row.item.key: row.alone for row in answer.rows if row.impacted}


async def test_the_router_takes_down_what_hangs_on_the_vpn() -> None:
    assert await impacted(SEED) == {
        "finance": Severity.CRITICAL,
        "vpn": Severity.CRITICAL,
        "hr": Severity.WARNING,
    }


async def test_e_mail_has_no_single_point_of_failure_and_loses_its_margin_to_the_outage() -> None:
    bench, seed = Bench(), read_seed(SEED)
    await play(bench, seed, seed.files)
    before = {row.item.key: row for row in await bench.application.my_services(SYSTEM, "kim")}
    assert before["email"].margin.survives == 1
    await play(bench, seed, seed.outage)
    during = {row.item.key: row for row in await bench.application.my_services(SYSTEM, "kim")}
    assert set(during) == {"email", "vpn"}
    assert (during["email"].health.effective, during["email"].margin.survives) == (Severity.OK, 0)


async def test_the_disk_stays_out_of_the_routers_situation() -> None:
    bench, _ = await outage_of(SEED)
    groups = {
        row.cause.key: {m.item.key for m in row.members} for row in await bench.application.situations(SYSTEM)
    }
    assert groups["edge-1"] == {"edge-1", "edge-1-wan", "vpn-con-1", "vpn", "finance"}
    assert groups["print-1"] == {"print-1"}


async def test_high_utilisation_alone_impacts_nothing() -> None:
    bench, _ = await outage_of(SEED)
    event = "network-monitor:edge-1-wan:high utilisation"
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event=event))
    assert answer.impacted == 0


async def test_the_patch_outranks_newer_changes_and_the_drift_is_listed() -> None:
    bench, _ = await outage_of(SEED)
    answer = await bench.application.upstream_changes(SYSTEM, UpstreamChangesRequest(item="finance"))
    first, *others = [row.change for row in answer.suspects]
    ended = first.end
    assert ended is not None
    assert first.targets == ("edge-1",)
    assert timedelta(days=3) < answer.onset - ended < timedelta(days=4)
    assert any(change.end is not None and change.end > ended for change in others)
    assert ChangeKind.DETECTED in {change.change_kind for change in others}


async def test_the_fix_turns_every_service_green() -> None:
    bench, seed = await outage_of(SEED)
    await play(bench, seed, seed.fix)
    page = await bench.application.items(SYSTEM, ItemFilter(services_only=True), PageRequest())
    assert {view.health.effective for view in page.rows} == {Severity.OK}


async def test_a_licence_saves_the_vpn(tmp_path: Path) -> None:
    assert await impacted(license_second_concentrator(copy_seed(tmp_path))) == {}


async def test_printing_on_the_router_is_impacted_and_its_disk_joins(tmp_path: Path) -> None:
    seed = hang_printing_on_router(copy_seed(tmp_path))
    assert (await impacted(seed))["printing"] is Severity.CRITICAL
    bench, _ = await outage_of(seed)
    causes = {
        m.item.key: row.cause.key for row in await bench.application.situations(SYSTEM) for m in row.members
    }
    assert causes["print-1"] == "edge-1"


def test_all_times_move_with_the_epoch() -> None:
    seed = read_seed(SEED)
    (first, *_) = seed.lines(seed.outage[0], seed.epoch + timedelta(hours=2))
    assert b'"at": "2026-03-02T13:10:00+00:00"' in first
    assert seed.epoch == NOON


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"2026-03-02T12:00:00Z"', "yesterday", "epoch"),
        ("estate.jsonl: {source: inventory}", "absent.jsonl: {source: inventory}", None),
        ("{source: inventory}", "{tool: inventory}", "tool"),
        ("engineer: noor", "engineers: noor", "engineers"),
    ],
)
def test_a_wrong_seed_names_its_place(tmp_path: Path, old: str, new: str, field: str | None) -> None:
    declared = copy_seed(tmp_path) / "seed.yaml"
    text = declared.read_text(encoding="utf-8")
    assert old in text
    declared.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        read_seed(declared.parent)
    assert caught.value.place is not None
    assert (caught.value.place.source, caught.value.place.field) == ("vpn-outage/seed.yaml", field)


def test_a_line_that_is_no_json_names_its_line(tmp_path: Path) -> None:
    folder = copy_seed(tmp_path)
    with (folder / "drift.jsonl").open("a", encoding="utf-8") as drift:
        drift.write("{\n")
    seed = read_seed(folder)
    with pytest.raises(DeclarationError) as caught:
        seed.lines(seed.files[3], NOON)
    assert caught.value.code is ErrorCode.SYNTAX
    assert str(caught.value.place) == "drift.jsonl:2"
