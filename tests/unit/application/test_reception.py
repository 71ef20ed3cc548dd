"""The use cases around the inbox: who may send and decide, what is refused before it is kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cmdb.application.reception import BIG, Sent
from cmdb.errors import CmdbError, ErrorCode, Forbidden, InvalidInput, NotFound, Overloaded
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.severity import Severity
from cmdb.ports.intake import LetterState
from tests.support.inbox import Desk, event, lines, numbers, open_desk
from tests.support.moments import NOON, minutes
from tests.support.small_estate import raised

MONITOR = Principal(name="mon", role=PrincipalRole.INGEST)
AUDITOR = Principal(name="aud", role=PrincipalRole.AUDITOR)
ENGINEER = Principal(name="eva", role=PrincipalRole.ENGINEER)


def sent(body: bytes = lines(event()), loader: str = "records", key: str = "") -> Sent:
    return Sent(loader=loader, source="mon", body=body, key=key)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def drain(desk: Desk) -> None:
    applier = desk.applier()
    while await applier.work_once():
        pass


async def waiting(desk: Desk) -> int:
    return (await desk.inbox.state()).waiting


async def test_a_delivery_is_kept_as_it_came_under_who_sent_it_and_when(desk: Desk) -> None:
    desk.clock.advance(4)
    receipt = await desk.reception.accept(MONITOR, sent(key="7"))
    (row,) = await desk.inbox.waiting("mon", 10, 1 << 20)
    assert row.number == receipt.number
    kept = row.delivery
    assert (kept.body, kept.role, kept.received_at) == (lines(event()), "ingest", NOON + minutes(4))
    again = await desk.reception.accept(MONITOR, sent(key="7"))
    assert (again.number, again.is_duplicate) == (receipt.number, True)


@pytest.mark.parametrize("padding", [0, BIG], ids=["small", "big"])
async def test_what_cannot_be_read_at_all_is_refused_and_not_kept(desk: Desk, padding: int) -> None:
    for body, loader, kind, code in (
        (lines(event()), "no-such-loader", NotFound, ErrorCode.UNKNOWN_LOADER),
        (b"{" + b" " * padding, "alertmanager", InvalidInput, ErrorCode.SYNTAX),
    ):
        with pytest.raises(kind) as caught:
            await desk.reception.accept(MONITOR, sent(body, loader))
        assert caught.value.code is code
        assert caught.value.hint
    assert await waiting(desk) == 0


async def test_what_is_said_is_looked_at_later_so_a_faulty_record_is_taken_in(desk: Desk) -> None:
    await desk.reception.accept(MONITOR, sent(lines({"kind": "nonsense"})))
    assert await waiting(desk) == 1


async def test_steps_of_events_come_back_as_they_were_sent(desk: Desk) -> None:
    steps = [raised("r1", Severity.MAJOR), raised("vpnc", Severity.MINOR, NOON + minutes(1))]
    receipt = await desk.reception.accept_events(MONITOR, "mon", steps)
    await drain(desk)
    assert await desk.reception.applied(receipt.number, 1.0) == desk.graph.revision
    found = {row.item: (row.severity, row.raised_at, row.summary) for row in desk.events().values()}
    assert found == {step.item: (step.severity, step.at, step.summary) for step in steps}


async def test_who_waits_for_what_is_not_applied_is_told_nothing(desk: Desk) -> None:
    receipt = await desk.reception.accept(MONITOR, sent())
    assert await desk.reception.applied(receipt.number, 0.0) is None


async def test_only_those_who_report_events_send_and_see_how_it_stands(desk: Desk) -> None:
    for attempt in (
        desk.reception.accept(AUDITOR, sent()),
        desk.reception.accept_events(AUDITOR, "mon", [raised("r1")]),
        desk.reception.state(AUDITOR),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert await waiting(desk) == 0
    assert (await desk.reception.state(MONITOR)).waiting == 0


async def dead_letter(desk: Desk) -> int:
    await desk.reception.accept(MONITOR, sent(lines(event(item="nowhere"))))
    await drain(desk)
    (letter,) = await desk.reception.letters(ENGINEER, LetterState.DEAD, 0, 10)
    return letter.number


async def test_letters_are_for_those_who_assert_records(desk: Desk) -> None:
    number = await dead_letter(desk)
    for principal in (MONITOR, AUDITOR):
        for attempt in (
            desk.reception.letters(principal, LetterState.DEAD, 0, 10),
            desk.reception.letter(principal, number),
            desk.reception.replay(principal, number),
            desk.reception.discard(principal, number),
        ):
            with pytest.raises(Forbidden):
                await attempt
    letter = await desk.reception.letter(ENGINEER, number)
    assert (letter.state, letter.code) == (LetterState.DEAD, "DANGLING_END")


async def test_a_letter_is_put_back_as_it_was_or_mended(desk: Desk) -> None:
    number = await dead_letter(desk)
    letter = await desk.reception.letter(ENGINEER, number)
    await desk.reception.replay(ENGINEER, number, letter.text.replace(b"nowhere", b"r1"))
    await drain(desk)
    assert [row.item for row in desk.events().values()] == ["r1"]
    assert (await desk.reception.letter(ENGINEER, number)).state is LetterState.REPLAYED
    with pytest.raises(CmdbError) as caught:
        await desk.reception.replay(ENGINEER, number)
    assert caught.value.code is ErrorCode.CONFLICT


async def test_a_letter_that_was_given_up_is_kept_as_such(desk: Desk) -> None:
    number = await dead_letter(desk)
    await desk.reception.discard(ENGINEER, number)
    assert await desk.reception.letters(ENGINEER, LetterState.DEAD, 0, 10) == []
    assert numbers(await desk.reception.letters(ENGINEER, LetterState.DISCARDED, 0, 10)) == [number]


async def test_a_server_asks_to_be_spared_before_it_must_refuse(tmp_path: Path) -> None:
    async with open_desk(tmp_path, limits={"most": 5}) as desk:
        spared = list[bool]()
        for second in range(5):
            desk.reception.require_room()
            await desk.reception.accept(MONITOR, sent(lines(event(second=second))))
            spared.append(desk.reception.trouble() is not None)
        assert spared == [False, False, False, True, True]
        trouble = desk.reception.trouble()
        assert trouble is not None
        assert (trouble.code, trouble.message) == (ErrorCode.INBOX_FULL, "The inbox is 100% full.")
        assert "cmdb inbox stats" in (trouble.hint or "")
        with pytest.raises(Overloaded):
            desk.reception.require_room()
        with pytest.raises(Overloaded):
            await desk.reception.accept(MONITOR, sent())
        await drain(desk)
        desk.reception.require_room()
        assert desk.reception.trouble() is None
