"""The applier: order, turns, faults of records and faults of the store."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from cmdb.application.intake import TURN_RECORDS
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.desk.event_life import AHEAD
from cmdb.errors import ErrorCode, StoreError
from cmdb.ports.intake import Delivery, LetterState
from tests.support.inbox import Desk, delivery, event, lines, open_desk
from tests.support.moments import NOON

AWAY = StoreError(ErrorCode.STORE_GONE, "The connection was lost.")


async def drain(desk: Desk) -> None:
    applier = desk.applier()
    while await applier.work_once():
        pass


async def dead(desk: Desk) -> list[tuple[str, bytes]]:
    return [(letter.code, letter.text) for letter in await desk.inbox.letters(LetterState.DEAD, 0, 100)]


async def test_deliveries_become_events_in_one_write(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for second in range(50):
            await desk.send(event(second=second))
        await drain(desk)
        assert [len(batch.records) for batch in desk.writes] == [50]
        assert desk.events()["test:r1:down"].count == 50
        assert (await desk.inbox.state()).waiting == 0


async def test_who_was_killed_before_marking_applies_again_without_doubling(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for second in range(5):
            await desk.send(event(second=second), event("disk", second=second))
        waiting = await desk.inbox.waiting("test", 10, 1 << 20)
        await drain(desk)
        before, revision = desk.events(), desk.graph.revision
        for row in waiting:
            await desk.inbox.accept(
                Delivery(**{name: getattr(row.delivery, name) for name in DELIVERY}, key="again")
            )
        await drain(desk)
        assert (desk.events(), desk.graph.revision) == (before, revision)


DELIVERY = ("loader", "source", "body", "received_at", "role")


async def test_an_event_that_tells_no_time_was_there_when_it_was_received(tmp_path: Path) -> None:
    body = {"host": "r1", "condition": "down", "severity": "major"}
    async with open_desk(tmp_path) as desk:
        sent = Delivery(loader="generic", source="tool", body=lines(body), received_at=NOON, role="admin")
        await desk.inbox.accept(sent)
        desk.clock.advance(60)
        await drain(desk)
        await desk.inbox.accept(replace(sent, key="again"))
        await drain(desk)
        (held,) = desk.events().values()
        assert (held.raised_at, held.last_seen_at, held.count) == (NOON, NOON, 1)


async def test_a_clock_that_runs_ahead_does_not_part_a_symptom_from_its_cause(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.send(event(second=3 * 3600), source="three hours ahead")
        await desk.send(event(item="vpnc", second=60), source="sound")
        await drain(desk)
        desk.clock.advance(1)
        (situation,) = await desk.application.situations(SYSTEM)
        assert (situation.cause.key, len(situation.members)) == ("r1", 2)
        router = desk.events()["three hours ahead:r1:down"]
        assert (router.raised_at, router.clock_ahead) == (NOON + AHEAD, True)


async def test_bad_records_are_set_aside_and_the_sound_ones_beside_them_applied(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        body = (
            lines(event("a"), event("b", item="nowhere"), {"kind": "event"})
            + b"\nno json\n"
            + lines(event("c"))
        )
        await desk.inbox.accept(delivery(body))
        await drain(desk)
        assert sorted(desk.events()) == ["test:r1:a", "test:r1:c"]
        assert sorted(code for code, _ in await dead(desk)) == ["DANGLING_END", "MISSING_FIELD", "SYNTAX"]


async def test_a_mended_letter_is_applied(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.send(event("b", item="nowhere"))
        await drain(desk)
        (letter,) = await desk.inbox.letters(LetterState.DEAD, 0, 100)
        await desk.inbox.replay(letter.number, letter.text.replace(b"nowhere", b"r2"))
        await drain(desk)
        assert list(desk.events()) == ["test:r2:b"]


async def test_one_record_that_breaks_the_write_is_found_among_many(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:

        def fails(batch: RecordBatch) -> None:
            if any(getattr(record, "condition", "") == "c77" for record in batch.records):
                raise ZeroDivisionError

        desk.fails = fails
        await desk.send(*(event(f"c{number}") for number in range(100)))
        await drain(desk)
        assert len(desk.events()) == 99
        ((code, text),) = await dead(desk)
        assert (code, b"c77" in text) == ("INTERNAL", True)


async def test_the_store_being_away_buries_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        tries = 0

        def fails(_batch: RecordBatch) -> None:
            nonlocal tries
            tries += 1
            if tries < 20:
                raise AWAY

        async def probe() -> int:
            raise AWAY

        desk.fails, desk.probe = fails, probe
        await desk.send(event())
        await drain(desk)
        assert (tries, await dead(desk), list(desk.events())) == (20, [], ["test:r1:down"])


@pytest.mark.parametrize("records", [1, 3])
@pytest.mark.parametrize("calls", range(1, 9))
async def test_a_record_is_not_to_blame_for_a_store_that_comes_back(
    tmp_path: Path, calls: int, records: int
) -> None:
    left = calls

    def call() -> None:
        nonlocal left
        if left:
            left -= 1
            raise AWAY

    async def probe() -> None:
        call()

    async with open_desk(tmp_path) as desk:
        desk.fails, desk.probe = lambda _batch: call(), probe
        await desk.send(*(event(f"c{number}") for number in range(records)))
        await drain(desk)
        assert (len(desk.events()), await dead(desk)) == (records, [])


async def test_a_record_that_only_the_store_dislikes_is_set_aside_while_it_answers(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:

        def fails(batch: RecordBatch) -> None:
            if any(getattr(record, "condition", "") == "bad" for record in batch.records):
                raise AWAY

        desk.fails = fails
        await desk.send(event("good"), event("bad"))
        await drain(desk)
        assert (list(desk.events()), [code for code, _ in await dead(desk)]) == (
            ["test:r1:good"],
            ["STORE_GONE"],
        )


async def test_records_wait_while_the_store_keeps_no_writes(tmp_path: Path) -> None:
    full = StoreError(ErrorCode.STORE_UNWRITABLE, "The disk is full.")
    left = 20

    def fails(_batch: RecordBatch) -> None:
        if left:
            raise full

    async def probe() -> None:
        nonlocal left
        if left:
            left -= 1
            raise full

    async with open_desk(tmp_path) as desk:
        desk.fails, desk.probe = fails, probe
        await desk.send(event("one"), event("two"))
        await drain(desk)
        assert (sorted(desk.events()), await dead(desk)) == (["test:r1:one", "test:r1:two"], [])


async def test_a_storm_of_one_source_holds_up_another_for_one_turn(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for part in range(2):
            storm = (
                event(f"c{number % 50}", second=part * TURN_RECORDS + number)
                for number in range(TURN_RECORDS)
            )
            await desk.send(*storm, source="storm")
        await desk.send(event(), source="quiet")
        await desk.applier().work_once()
        assert [(batch.source, len(batch.records)) for batch in desk.writes] == [
            ("storm", TURN_RECORDS),
            ("quiet", 1),
        ]
        assert await desk.inbox.sources() == ("storm",)
        await drain(desk)
        assert len([key for key in desk.events() if key.startswith("storm:")]) == 50


async def test_changes_of_one_key_are_written_one_after_the_other(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        change = {"kind": "change", "key": "C1", "title": "Patch", "change_kind": "normal", "targets": ["r1"]}
        at = NOON.isoformat()
        for state in ("planned", "running", "completed"):
            await desk.send({**change, "state": state, "actual_start": at, "actual_end": at})
        await drain(desk)
        assert [len(batch.records) for batch in desk.writes] == [1, 1, 1]
        assert await dead(desk) == []


async def test_an_ingest_role_may_send_events_alone(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        item = {"kind": "item", "key": "x", "class": "server", "name": "x"}
        sent = Delivery(
            loader="records", source="test", body=lines(event(), item), received_at=NOON, role="ingest"
        )
        await desk.inbox.accept(sent)
        await drain(desk)
        assert (list(desk.events()), [code for code, _ in await dead(desk)]) == (
            ["test:r1:down"],
            ["FORBIDDEN"],
        )


async def test_stopping_amid_an_outage_leaves_everything_for_the_next_process(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:

        def fails(_batch: RecordBatch) -> None:
            raise AWAY

        async def probe() -> int:
            raise AWAY

        desk.fails, desk.probe = fails, probe
        await desk.send(event())
        applier = desk.applier()
        running = asyncio.create_task(applier.run())
        await asyncio.sleep(0.05)
        await applier.stop(running)
        assert (await desk.inbox.state()).waiting == 1
    async with open_desk(tmp_path) as desk:
        await drain(desk)
        assert list(desk.events()) == ["test:r1:down"]
