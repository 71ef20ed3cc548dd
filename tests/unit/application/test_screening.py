"""What a batch may not say: against the declarations, the live graph and itself."""

import pytest

from cmdb.application.requests import OnError
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode
from cmdb.model.records import Assignment, Dependency, EntryRecord, Party, PartyKind, Role
from cmdb.model.redundancy import RedundancyGroup
from cmdb.ports.graph import RowStatus, WriteOutcome
from tests.support.small_estate import EITHER, Bench, furnished, item, needs, raised

CAT = Party(key="cat", party_kind=PartyKind.PERSON, name="Cat Example")
CAT_OWNS = Assignment(party="cat", role=Role.OWNS, item="r1")
OTHER = (RedundancyGroup(name="other", need_up=1),)


def ended(consumer: str, provider: str, group: str | None = None) -> Dependency:
    return Dependency(consumer=consumer, verb="DEPENDS_ON", provider=provider, group=group, ended=True)


def problems(outcome: WriteOutcome) -> list[tuple[int, ErrorCode, str | None]]:
    return [(row.index, row.problem.code, row.problem.field) for row in outcome.results if row.problem]


def statuses(outcome: WriteOutcome) -> list[str]:
    return [row.status.value for row in outcome.results]


async def test_contradicting_rows_of_one_batch_are_refused() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(item("y", "server"), item("y", "router"))
    assert (1, ErrorCode.DUPLICATE_KEY, "key") in problems(outcome)


async def test_equal_rows_of_one_batch_are_one_record() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(item("y", "server"), item("y", "server"))
    assert statuses(outcome) == ["created", "created"]


async def test_equal_keys_of_different_kinds_do_not_contradict() -> None:
    party = Party(key="y", party_kind=PartyKind.PERSON, name="Y")
    assert not (await (await furnished()).assert_records(item("y", "server"), party)).refused


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        (needs("r1", "nowhere"), ErrorCode.DANGLING_END, "provider"),
        (needs("nowhere", "r1"), ErrorCode.DANGLING_END, "consumer"),
        (raised("nowhere"), ErrorCode.DANGLING_END, "item"),
        (CAT_OWNS, ErrorCode.DANGLING_END, "party"),
        (needs("mail", "r1", "lan"), ErrorCode.UNKNOWN_GROUP, "group"),
        (item("r1", "no_such_class"), ErrorCode.UNKNOWN_CLASS, "class"),
    ],
)
async def test_what_does_not_fit_names_its_field(bad: EntryRecord, code: ErrorCode, field: str) -> None:
    outcome = await (await furnished()).assert_records(bad)
    assert problems(outcome) == [(0, code, field)]


async def test_a_party_may_come_with_its_assignment_in_any_order() -> None:
    assert not (await (await furnished()).assert_records(CAT_OWNS, CAT)).refused


async def test_an_assignment_of_a_stranger_may_be_ended() -> None:
    gone = Assignment(party="cat", role=Role.OWNS, item="r1", ended=True)
    assert statuses(await (await furnished()).assert_records(gone)) == ["unchanged"]


async def test_a_new_group_may_come_with_its_members() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(
        needs("finance", "mail1", "other"), item("finance", "business_service", groups=OTHER)
    )
    assert not outcome.refused


@pytest.mark.parametrize("groups", [(), OTHER])
async def test_a_group_that_dependencies_count_in_cannot_be_left_out(
    groups: tuple[RedundancyGroup, ...],
) -> None:
    bench = await furnished()
    outcome = await bench.assert_records(item("mail", "business_service", "E-mail", groups=groups))
    assert problems(outcome) == [(0, ErrorCode.UNKNOWN_GROUP, "groups")]
    row = outcome.results[0]
    assert row.problem is not None
    assert "mail|DEPENDS_ON|r1|wan" in row.problem.message
    assert (await bench.application.find_item(SYSTEM, "mail")).item.groups == EITHER


async def test_a_group_may_go_with_its_members() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(
        item("mail", "business_service", "E-mail"), ended("mail", "r1", "wan"), ended("mail", "r2", "wan")
    )
    assert statuses(outcome) == ["updated", "updated", "updated"]


async def test_a_retiring_ci_needs_its_groups_no_longer() -> None:
    bench = await furnished()
    assert not (await bench.assert_records(item("mail", "business_service", retired=True))).refused


async def test_what_refers_to_a_skipped_row_is_skipped_with_it_and_the_rest_is_written() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(
        item("x", "no_such_class"),
        needs("r1", "x"),
        CAT_OWNS,
        item("sound", "server"),
        on_error=OnError.SKIP_ROW,
    )
    assert statuses(outcome) == ["refused", "refused", "refused", "created"]
    assert problems(outcome) == [
        (0, ErrorCode.UNKNOWN_CLASS, "class"),
        (1, ErrorCode.DANGLING_END, "provider"),
        (2, ErrorCode.DANGLING_END, "party"),
    ]


async def test_a_skipped_row_does_not_hide_the_stored_one() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(
        item("r1", "no_such_class"), needs("printsrv", "r1"), on_error=OnError.SKIP_ROW
    )
    assert statuses(outcome) == ["refused", "created"]


async def test_only_the_first_cause_is_told_when_the_batch_is_refused_anyway() -> None:
    bench: Bench = await furnished()
    outcome = await bench.assert_records(item("x", "no_such_class"), needs("r1", "x"))
    assert [row.status for row in outcome.results] == [RowStatus.REFUSED, RowStatus.REFUSED]
    assert problems(outcome)[1][1] is ErrorCode.CONFLICT
