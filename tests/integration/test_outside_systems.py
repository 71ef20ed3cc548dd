"""A ticket goes out through the outbox of a real store, and what is done to it elsewhere comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest_asyncio

from cmdb.application.application import Application
from cmdb.application.incident_rule import RuleSettings
from cmdb.application.requests import OpenTicketRequest, RecordBatch, UpdateTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Ticket, TicketState
from cmdb.model.severity import Severity
from cmdb.outbound.calling import open_http
from cmdb.outbound.servicenow import ServiceNow
from cmdb.resources import folder
from cmdb.store.connection import StoreAddress
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.moments import StandingClock
from tests.support.outside_systems import PASSWORD, USER, ServiceNowServer, served
from tests.support.small_estate import ESTATE, raised

LOOKS = 400
RULES = RuleSettings(Severity.CRITICAL, timedelta(0))


@dataclass
class Site:
    store: Store
    application: Application
    clock: StandingClock
    server: ServiceNowServer
    channel: ServiceNow

    @asynccontextmanager
    async def owner(self, name: str, rules: RuleSettings | None = None) -> AsyncIterator[None]:
        """Let a server of that name do the background duties meanwhile."""
        duties = self.application.duties(self.store.lease, name, rules, [self.channel])
        running = asyncio.create_task(duties.run())
        try:
            yield
        finally:
            await duties.stop(running)

    async def until(self, reached: Callable[[], object], minutes: float = 0) -> None:
        """Wait until it is so, the clock moved on at each look."""
        for _ in range(LOOKS):
            if reached():
                return
            self.clock.advance(minutes)
            await asyncio.sleep(0.05)
        raise AssertionError(self.server.calls)

    async def ticket(self, key: str) -> Ticket:
        (found,) = await self.application.tickets_by_key(SYSTEM, [key])
        assert found is not None
        return found


@pytest_asyncio.fixture
async def site(store_address: StoreAddress) -> AsyncIterator[Site]:
    await wipe(store_address)
    server, clock, metamodel = ServiceNowServer(), StandingClock(), read_metamodel(folder("schema"))
    async with (
        open_store(store_address, VERBS, MIGRATIONS, ("snow",)) as store,
        served(server.app()) as url,
        open_http(url, (USER, PASSWORD)) as http,
    ):
        application = Application(store, store, metamodel, clock, store.run_log, outbox_log=store.outbox)
        await application.record(SYSTEM, RecordBatch(source="test", records=(*ESTATE, raised("r1"))))
        yield Site(store, application, clock, server, ServiceNow("snow", http))
        await application.close()


async def test_an_incident_goes_out_once_and_its_resolution_comes_back(site: Site) -> None:
    site.server.lost = 1
    key = (await site.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    async with site.owner("one"):
        await site.until(lambda: len(site.server.calls) >= 2)
    assert len(site.server.rows) == 1, "the deed was done, its answer lost"
    async with site.owner("two"):
        site.clock.advance(1)
        await site.until(lambda: len(site.server.calls) >= 4)
        step = UpdateTicketRequest(ticket=key, state=TicketState.IN_PROGRESS, note="on our way")
        await site.application.update_ticket(SYSTEM, step)
        (row,) = site.server.rows.values()
        await site.until(lambda: next(iter(site.server.rows.values()))["state"] == "2")
        (row,) = site.server.rows.values()
        assert row["work_notes"].count("on our way") == 1
        assert row["work_notes"].count("Probable cause") == 1
        row |= {"state": "6", "close_code": "Solved", "close_notes": "rebooted"}
        for _ in range(LOOKS):
            site.clock.advance(0.5)
            await asyncio.sleep(0.05)
            if (await site.ticket(key)).state is TicketState.RESOLVED:
                break
        resolved = await site.ticket(key)
    assert resolved.state is TicketState.RESOLVED
    assert any("INC0000001 at snow is resolved" in note.text for note in resolved.notes)
    assert len(site.server.rows) == 1


async def test_a_target_at_risk_is_told_outside_once_whoever_owns_the_duties(site: Site) -> None:
    def told(what: str) -> int:
        return sum(str(row.get("work_notes", "")).count(what) for row in site.server.rows.values())

    async with site.owner("one", RULES):
        await site.until(lambda: site.server.rows)
        site.clock.advance(12)
        await site.until(lambda: told("target at risk"))
    async with site.owner("two", RULES):
        site.clock.advance(4)
        await site.until(lambda: told("target missed"))
    async with site.owner("three", RULES):
        site.clock.advance(10)
        await asyncio.sleep(2)
    assert (told("target at risk"), told("target missed")) == (1, 1)
    assert len(site.server.rows) == 1
