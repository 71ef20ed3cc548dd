"""What changed upstream."""

from dataclasses import replace
from datetime import timedelta

from cmdb.application.requests import (
    UpstreamChangesRequest,
)
from cmdb.desk.access import SYSTEM
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, change, furnished, item, outage


async def test_the_patch_is_the_first_suspect_and_later_work_is_excluded() -> None:
    bench = await outage()
    answer = await bench.application.upstream_changes(SYSTEM, UpstreamChangesRequest(item="finance"))
    assert answer.onset == NOON
    assert [row.change.key for row in answer.suspects] == ["PATCH", "NEWER"]
    assert [step.provider.key for step in answer.suspects[0].path] == ["vpn", "vpnc", "r1"]
    assert [(row.change.key, row.excluded) for row in answer.excluded] == [
        ("FUTURE", "started after the symptom")
    ]
    assert answer.upstream == 3


async def test_a_given_onset_and_horizon_decide_what_can_be_a_cause() -> None:
    bench = await outage()
    ask = bench.application.upstream_changes
    later = await ask(SYSTEM, UpstreamChangesRequest(item="finance", onset=NOON + timedelta(hours=5)))
    assert {row.change.key for row in later.suspects} == {"FUTURE", "NEWER", "PATCH"}
    short = await ask(SYSTEM, UpstreamChangesRequest(item="finance", hours=24))
    assert [row.change.key for row in short.suspects] == ["NEWER"]
    assert {row.change.key for row in short.excluded} == {"PATCH", "FUTURE"}
    assert (short.since, short.onset) == (NOON - timedelta(hours=24), NOON)


async def test_without_trouble_the_onset_moves_with_the_clock() -> None:
    bench = await furnished()
    request = UpstreamChangesRequest(item="vpn")
    assert (await bench.application.upstream_changes(SYSTEM, request)).suspects[0].change.key == "PATCH"
    bench.clock.advance(240)
    found = await bench.application.upstream_changes(SYSTEM, request)
    assert found.onset == NOON + minutes(240)
    assert {row.change.key for row in found.suspects} == {"PATCH", "FUTURE"}


async def test_a_change_is_told_once_with_its_nearest_target() -> None:
    wide = replace(change("WIDE", "r1", timedelta(hours=2)), targets=("r1", "vpnc"))
    answer = await (await furnished(wide)).application.upstream_changes(
        SYSTEM, UpstreamChangesRequest(item="vpn")
    )
    (found,) = [row for row in answer.suspects if row.change.key == "WIDE"]
    assert (found.target.key, found.hops) == ("vpnc", 1)


async def test_changes_on_hidden_cis_are_left_out() -> None:
    answer = await (await outage()).application.upstream_changes(ANN, UpstreamChangesRequest(item="vpn"))
    assert (answer.suspects, answer.excluded) == ((), ())


async def test_the_suspects_page_is_cut_and_says_so() -> None:
    request = UpstreamChangesRequest(item="finance", first=1)
    answer = await (await outage()).application.upstream_changes(SYSTEM, request)
    assert ([row.change.key for row in answer.suspects], answer.has_more) == (["PATCH"], True)


async def test_words_weigh_in_when_they_are_given() -> None:
    bench = await outage()
    ask = bench.application.upstream_changes
    silent = await ask(SYSTEM, UpstreamChangesRequest(item="finance"))
    spoken = await ask(SYSTEM, UpstreamChangesRequest(item="finance", words="since the newer release"))
    assert [term.value for row in silent.suspects for term in row.terms if term.name == "words"] in (
        [],
        [0.0, 0.0],
    )
    values = {
        row.change.key: term.value for row in spoken.suspects for term in row.terms if term.name == "words"
    }
    assert values["NEWER"] > values["PATCH"]


async def test_a_target_that_no_longer_exists_is_no_suspect() -> None:
    bench = await furnished()
    await bench.assert_records(item("printsrv", "server", retired=True))
    answer = await bench.application.upstream_changes(SYSTEM, UpstreamChangesRequest(item="print"))
    assert answer.suspects == ()
