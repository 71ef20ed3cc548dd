"""What the inbox keeps, counts and refuses."""

import asyncio
from pathlib import Path

import pytest

from cmdb.errors import CmdbError, Conflict, ErrorCode, NotFound, Overloaded
from cmdb.ingest.inbox import STORM, Inbox
from cmdb.ingest.inbox_tables import REPEAT_SECONDS
from cmdb.ports.intake import LetterState, Rejected
from tests.support.inbox import delivery, numbers, open_desk
from tests.support.moments import NOON, StandingClock, minutes


async def test_what_was_accepted_is_there_after_the_process_has_ended(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        receipts = [await desk.inbox.accept(delivery(str(n).encode(), source="ab"[n % 2])) for n in range(5)]
        assert [receipt.number for receipt in receipts] == [1, 2, 3, 4, 5]
    async with open_desk(tmp_path) as desk:
        assert await desk.inbox.sources() == ("a", "b")
        assert [row.delivery.body for row in await desk.inbox.waiting("a", 10, 100)] == [b"0", b"2", b"4"]
        assert (await desk.inbox.state()).waiting == 5


async def test_a_repetition_gets_the_first_receipt_and_is_counted(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        first = await desk.inbox.accept(delivery(b"{}", key="k"))
        again = await desk.inbox.accept(delivery(b"{}", key="k"))
        other = await desk.inbox.accept(delivery(b"{}", key="k", source="other"))
        assert (again.number, again.is_duplicate) == (first.number, True)
        assert not other.is_duplicate
        state = await desk.inbox.state()
        assert (state.accepted, state.duplicates, state.waiting, state.size) == (2, 1, 2, 4)


async def test_another_body_under_a_known_key_is_kept_too(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        sent = [await desk.inbox.accept(delivery(body, key="k")) for body in (b"1", b"2", b"2", b"1")]
        assert [receipt.is_duplicate for receipt in sent] == [False, False, True, True]
        assert sent[1].number == sent[2].number != sent[0].number == sent[3].number


async def test_the_same_body_without_a_key_is_a_repetition_for_a_while(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        later = NOON + minutes(REPEAT_SECONDS / 60)
        sent = [await desk.inbox.accept(delivery(b"x", at=at)) for at in (NOON, NOON + minutes(1), later)]
        assert [receipt.is_duplicate for receipt in sent] == [False, True, False]


async def test_deliveries_that_come_together_are_all_kept(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        bodies = [str(n).encode() for n in range(3000)]
        receipts = await asyncio.gather(*(desk.inbox.accept(delivery(body)) for body in bodies))
        assert sorted(receipt.number for receipt in receipts) == list(range(1, 3001))
        assert [row.delivery.body for row in await desk.inbox.waiting("test", 5000, 1 << 20)] == bodies


@pytest.mark.parametrize("limits", [{"room": 10}, {"most": 2}])
async def test_above_the_high_water_mark_senders_are_told_to_come_back(
    tmp_path: Path, limits: dict[str, int]
) -> None:
    async with open_desk(tmp_path, limits=limits) as desk:
        await desk.inbox.accept(delivery(b"12345"))
        second = await desk.inbox.accept(delivery(b"23456"))
        with pytest.raises(Overloaded) as caught:
            await desk.inbox.accept(delivery(b"3"))
        assert caught.value.retry_after > 0
        await desk.inbox.settle(await desk.inbox.waiting("test", 1, 100), [], 7)
        assert (await desk.inbox.accept(delivery(b"3"))).number > second.number


async def test_who_waits_hears_of_the_revision_and_not_for_ever(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        receipt = await desk.inbox.accept(delivery())
        assert await desk.inbox.applied(receipt.number, 0) is None
        hearing = asyncio.create_task(desk.inbox.applied(receipt.number, 30))
        await asyncio.sleep(0)
        await desk.inbox.settle(await desk.inbox.waiting("test", 1, 100), [], 7)
        assert await hearing == 7
        assert await desk.inbox.applied(receipt.number, 0) == 7
        assert (await desk.inbox.accept(delivery())).revision == 7


async def test_what_is_settled_waits_no_more_and_keeps_its_key_for_days(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.inbox.accept(delivery(key="k"))
        await desk.inbox.settle(await desk.inbox.waiting("test", 1, 100), [], 7)
        assert (await desk.inbox.sources(), (await desk.inbox.state()).size) == ((), 0)
        assert await desk.inbox.tidy(NOON) == 0
        assert (await desk.inbox.accept(delivery(key="k"))).is_duplicate
        assert await desk.inbox.tidy(NOON + minutes(1)) == 1
        assert not (await desk.inbox.accept(delivery(key="k"))).is_duplicate


async def test_a_turn_ends_at_its_size_and_holds_one_delivery_at_least(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for body in (b"1" * 50, b"2" * 50, b"3" * 50):
            await desk.inbox.accept(delivery(body))
        assert numbers(await desk.inbox.waiting("test", 10, 60)) == [1, 2]
        assert numbers(await desk.inbox.waiting("test", 10, 1)) == [1]


def rejected(number: int) -> Rejected:
    error = CmdbError(ErrorCode.SYNTAX, "It is wrong.", hint="Mend it.")
    return Rejected(delivery=number, loader="records", text=b"bad", error=error)


async def test_a_dead_letter_waits_for_a_decision_and_takes_one(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        number = (await desk.inbox.accept(delivery(b"raw", source="s"))).number
        await desk.inbox.settle(await desk.inbox.waiting("s", 1, 9), [rejected(number), rejected(number)], 7)
        first, second = await desk.inbox.letters(LetterState.DEAD, 0, 10)
        assert (first.code, first.message, first.hint, first.text) == (
            "SYNTAX",
            "It is wrong.",
            "Mend it.",
            b"bad",
        )
        assert (first.source, first.delivery, (await desk.inbox.state()).dead) == ("s", number, 2)
        assert numbers(await desk.inbox.letters(LetterState.DEAD, first.number, 10)) == [second.number]
        await desk.inbox.replay(first.number, b"good")
        await desk.inbox.discard(second.number)
        assert [row.delivery.body for row in await desk.inbox.waiting("s", 9, 99)] == [b"good"]
        for decide in (desk.inbox.replay, desk.inbox.discard):
            for letter in (first, second):
                with pytest.raises(Conflict):
                    await decide(letter.number)
        assert (await desk.inbox.state()).dead == 0


async def test_a_letter_that_nobody_wrote_is_not_found(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for ask in (desk.inbox.letter, desk.inbox.replay, desk.inbox.discard):
            with pytest.raises(NotFound):
                await ask(5)


async def test_settling_twice_buries_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.inbox.accept(delivery())
        rows = await desk.inbox.waiting("test", 1, 9)
        await desk.inbox.settle(rows, [rejected(1)], 7)
        await desk.inbox.settle(rows, [rejected(1)], 8)
        assert (await desk.inbox.state()).dead == 1


async def test_a_second_process_may_not_open_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.inbox.accept(delivery())
        with pytest.raises(Conflict):
            Inbox(tmp_path, StandingClock())


async def test_a_delivery_that_could_not_be_kept_takes_no_room(tmp_path: Path) -> None:
    async with open_desk(tmp_path, limits={"most": 2}) as desk:
        await desk.inbox.close()
        for _ in range(5):
            with pytest.raises(CmdbError) as caught:
                await desk.inbox.accept(delivery())
            assert caught.value.code is ErrorCode.INBOX_BROKEN
        assert desk.inbox.full == 0


async def _storm(inbox: Inbox, stop: asyncio.Event) -> None:
    """Post without waiting for answers until told to stop, more in each turn of the loop than a storm needs."""
    sent, number = [], 0
    while not stop.is_set():
        for _ in range(STORM):
            number += 1
            sent.append(asyncio.create_task(inbox.accept(delivery(str(number).encode()))))
        await asyncio.sleep(0)
    await asyncio.gather(*sent)


async def test_while_many_senders_post_there_is_no_lull(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await asyncio.gather(*(desk.inbox.accept(delivery(b"x", key=str(n))) for n in range(10 * STORM)))
        stop = asyncio.Event()
        storm = asyncio.create_task(_storm(desk.inbox, stop))
        before = desk.inbox.full
        await desk.inbox.lull(0.05)
        after = desk.inbox.full
        stop.set()
        await storm
        assert after > before


async def test_the_lull_has_come_when_nobody_posts(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await asyncio.gather(*(desk.inbox.accept(delivery(b"x", key=str(n))) for n in range(10 * STORM)))
        async with asyncio.timeout(60):
            await desk.inbox.lull(3600)


@pytest.mark.parametrize("why", ["little waits", "somebody waits", "room is short"])
async def test_senders_are_not_spared_when(tmp_path: Path, why: str) -> None:
    waiting = STORM if why == "little waits" else 10 * STORM
    limits = {"most": 20 * STORM} if why == "room is short" else {}
    async with open_desk(tmp_path, limits=limits) as desk:
        await asyncio.gather(*(desk.inbox.accept(delivery(b"x", key=str(n))) for n in range(waiting)))
        asked = desk.inbox.applied(1, 3600) if why == "somebody waits" else asyncio.sleep(0)
        asking = asyncio.create_task(asked)
        await asyncio.sleep(0)
        before = desk.inbox.full
        lull = asyncio.create_task(desk.inbox.lull(3600))
        await asyncio.sleep(0)
        assert lull.done()
        assert desk.inbox.full == before
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
