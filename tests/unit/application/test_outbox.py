"""What people do with the outbox."""

from dataclasses import replace

import pytest

from cmdb.application.outbox import NO_OUTBOX, Outbox
from cmdb.desk.access import SYSTEM
from cmdb.errors import Forbidden, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.outgoing import Outgoing, OutgoingState
from tests.fakes.outbox import FakeOutboxLog
from tests.support.graph_records import incident
from tests.support.moments import NOON, minutes

DEAD = Outgoing(
    key="dead", channel="c", ticket=incident("INC1"), opened=True, revision=9, at=NOON, attempts=5,
    due_at=NOON + minutes(9), state=OutgoingState.DEAD, problem="refused",
)  # fmt: skip
WAITING = replace(DEAD, key="waiting", revision=1, state=OutgoingState.WAITING)


@pytest.fixture
def log() -> FakeOutboxLog:
    log = FakeOutboxLog()
    log.put(DEAD, WAITING)
    return log


async def test_dead_entries_are_shown_first_and_can_be_tried_again_at_once(log: FakeOutboxLog) -> None:
    outbox = Outbox(log)
    assert [entry.key for entry in await outbox.entries(SYSTEM)] == ["dead", "waiting"]
    await outbox.retry(SYSTEM, "dead")
    again = log.held["dead"]
    assert (again.state, again.attempts, again.problem) == (OutgoingState.WAITING, 0, "refused")
    assert again.due_at == NOON


async def test_a_discarded_entry_is_gone(log: FakeOutboxLog) -> None:
    await Outbox(log).discard(SYSTEM, "dead")
    assert list(log.held) == ["waiting"]
    with pytest.raises(NotFound):
        await Outbox(log).discard(SYSTEM, "dead")


@pytest.mark.parametrize("role", [PrincipalRole.SUBSCRIBER, PrincipalRole.DESK, PrincipalRole.AUDITOR])
async def test_others_neither_see_nor_settle_it(log: FakeOutboxLog, role: PrincipalRole) -> None:
    who = Principal(name="n", role=role, party="p")
    for step in (
        Outbox(log).entries(who),
        Outbox(log).retry(who, "dead"),
        Outbox(log).discard(who, "dead"),
    ):
        with pytest.raises(Forbidden):
            await step
    assert log.held["dead"] == DEAD


async def test_a_service_that_tells_nobody_has_nothing_waiting() -> None:
    assert await Outbox(NO_OUTBOX).entries(SYSTEM) == []
    assert (await NO_OUTBOX.waiting("c", 1), await NO_OUTBOX.remotes("c")) == ([], {})
