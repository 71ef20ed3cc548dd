"""What becomes of parties, assignments and changes that a complete run no longer names."""

import pytest

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.kinds import RecordKind
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
from tests.support.feeds import DAY, named, run, seen
from tests.support.moments import NOON
from tests.support.small_estate import Bench

OLD, NEW = (
    Party(key=key, party_kind=PartyKind.SUPPORT_GROUP, name=key.title()) for key in ("old-team", "new-team")
)
TILL = seen("till", "application_component")
STOCK = seen("stock", "application_component")
DEPLOYED = Change(
    key="deploy 7",
    title="deploy 7",
    change_kind=ChangeKind.NORMAL,
    state=ChangeState.COMPLETED,
    targets=("till",),
    actual_end=NOON,
)


def owns(party: str, item: str = "till") -> Assignment:
    """Return that a party owns an item."""
    return Assignment(party=party, role=Role.OWNS, item=item)


OTHERS: tuple[EntryRecord, ...] = tuple(
    seen(f"other{number}", "application_component") for number in range(8)
)
"""As many as keep the guard from taking one missing component for a broken feed."""

FULL: tuple[EntryRecord, ...] = (
    *OTHERS,
    TILL,
    STOCK,
    OLD,
    owns("old-team"),
    owns("old-team", "stock"),
    DEPLOYED,
)


async def owners(bench: Bench, item: str = "till") -> list[str]:
    """Return who owns an item now."""
    return sorted(row.party for row in (await bench.snapshot()).assignments if row.item == item)


async def loaded(*more: EntryRecord, source: str = "backstage") -> Bench:
    """Return an estate that a source told in full."""
    bench = Bench()
    await run(bench, source, *FULL, *more)
    bench.clock.moment += DAY
    return bench


async def test_a_new_owner_takes_the_place_of_the_old_one_at_once() -> None:
    bench = await loaded()
    fresh: tuple[EntryRecord, ...] = (
        *OTHERS,
        TILL,
        STOCK,
        OLD,
        NEW,
        owns("new-team"),
        owns("old-team", "stock"),
        DEPLOYED,
    )
    report = await run(bench, "backstage", *fresh)
    assert report.counts["assignments.ended"] == 1
    assert (await owners(bench), await owners(bench, "stock")) == (["new-team"], ["old-team"])
    ended = bench.graph.rows[RecordKind.ASSIGNMENT, owns("old-team").key]
    assert ended.valid_to == NOON + DAY, "and the past still knows the old one"
    head = bench.graph.revision
    again = await run(bench, "backstage", *fresh)
    assert ("assignments.ended" in again.counts, bench.graph.revision) == (False, head)
    await run(bench, "backstage", *FULL)
    assert await owners(bench) == ["old-team"]


async def test_parties_and_changes_stay_as_history() -> None:
    bench = await loaded()
    head = bench.graph.revision
    report = await run(
        bench, "backstage", *OTHERS, TILL, STOCK, OLD, owns("old-team"), owns("old-team", "stock")
    )
    assert (report.problems, bench.graph.revision) == ((), head)
    snapshot = await bench.snapshot()
    assert "deploy 7" in snapshot.changes
    await run(bench, "backstage", *OTHERS, TILL, STOCK)
    assert "old-team" in (await bench.snapshot()).parties


async def test_a_partial_run_ends_nothing() -> None:
    bench = await loaded()
    await run(bench, "backstage", TILL, complete=False)
    assert await owners(bench) == ["old-team"]


@pytest.mark.parametrize("left", [named("till", "application_component"), STOCK], ids=["named", "missed"])
async def test_what_a_run_does_not_describe_keeps_its_owner(left: EntryRecord) -> None:
    bench = await loaded()
    await run(bench, "backstage", *OTHERS, STOCK, left, OLD, owns("old-team", "stock"))
    assert await owners(bench) == ["old-team"]


async def test_what_is_retired_is_owned_no_more() -> None:
    bench = await loaded()
    fewer: tuple[EntryRecord, ...] = (*OTHERS, STOCK, OLD, owns("old-team", "stock"))
    for days in (1, 2):
        bench.clock.moment = NOON + days * DAY
        await run(bench, "backstage", *fewer)
    bench.clock.moment = NOON + 9 * DAY
    report = await run(bench, "backstage", *fewer)
    assert (report.counts["items.retired"], report.counts["assignments.ended"]) == (1, 1)
    assert bench.graph.rows[RecordKind.ASSIGNMENT, owns("old-team").key].valid_to == NOON + 9 * DAY
    assert await owners(bench, "stock") == ["old-team"]


async def test_only_what_the_source_itself_and_this_scope_asserted_ends() -> None:
    bench = await loaded()
    await bench.assert_records(NEW, owns("new-team"))
    await run(bench, "backstage", *OTHERS, TILL, STOCK, OLD, owns("old-team", "stock"))
    assert await owners(bench) == ["new-team"], "people said so"
    other = await loaded()
    await run(other, "backstage", TILL, scope="other")
    assert await owners(other) == ["old-team"]


async def test_the_guard_halts_the_loss_of_many_owners() -> None:
    bench = Bench()
    items = [seen(f"c{number}", "application_component") for number in range(30)]
    await run(bench, "backstage", *items, OLD, *(owns("old-team", item.key) for item in items))
    bench.clock.moment += DAY
    with pytest.raises(Conflict) as caught:
        await run(bench, "backstage", *items)
    assert caught.value.code is ErrorCode.PLAN_REFUSED
    assert "30 assignments would end" in caught.value.message
    dry = await run(bench, "backstage", *items, dry_run=True)
    await run(bench, "backstage", *items, approve=dry.plan_hash)
    assert await owners(bench, "c7") == []
