"""An inbox with everything around it, over a store in memory."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cmdb.application.application import Application
from cmdb.application.intake import Applier, Patience
from cmdb.application.reception import Reception
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.ingest.inbox import Inbox
from cmdb.ingest.inbox_translation import DeliveryTranslator
from cmdb.ingest.loaders import Loaders
from cmdb.metamodel import read_metamodel
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Event
from cmdb.ports.graph import WriteOutcome
from cmdb.ports.intake import Delivery
from cmdb.resources import folder
from tests.fakes.graph import FakeGraph
from tests.fakes.runs import FakeRunLog
from tests.support.moments import NOON, StandingClock, minutes
from tests.support.small_estate import ESTATE

METAMODEL = read_metamodel(folder("schema"))


def event(condition: str = "down", item: str = "r1", second: int = 0, **fields: object) -> dict[str, object]:
    """Return a step of an event in our record stream."""
    at = (NOON + minutes(second / 60)).isoformat()
    return {"kind": "event", "item": item, "condition": condition, "severity": "major", "at": at, **fields}


def lines(*records: object) -> bytes:
    """Return records as a body."""
    return b"\n".join(json.dumps(record).encode() for record in records)


def delivery(body: bytes = b"{}", source: str = "test", key: str = "", at: datetime = NOON) -> Delivery:
    """Return a delivery of our record stream."""
    return Delivery(loader="records", source=source, body=body, received_at=at, key=key, role="admin")


@dataclass
class Desk:
    """All parts; `fails` is asked before each write and may raise."""

    inbox: Inbox
    graph: FakeGraph
    application: Application
    translator: DeliveryTranslator
    clock: StandingClock
    fails: Callable[[RecordBatch], None] = lambda _batch: None
    probe: Callable[[], Awaitable[object]] | None = None
    writes: list[RecordBatch] = field(default_factory=list)

    @property
    def reception(self) -> Reception:
        """The use cases."""
        return self.application.reception

    def applier(self) -> Applier:
        """Return one that writes through `fails`."""
        probe = self.probe or self.graph.head
        patience = Patience(first=0.001, longest=0.001)
        return Applier(self.inbox, self.translator, self._record, probe, self.clock, patience)

    async def _record(self, principal: Principal, batch: RecordBatch) -> WriteOutcome:
        self.fails(batch)
        self.writes.append(batch)
        return await self.application.record(principal, batch)

    async def send(self, *records: object, source: str = "test") -> int:
        """Take records in as one delivery and return its receipt."""
        return (await self.inbox.accept(delivery(lines(*records), source))).number

    def events(self) -> dict[str, Event]:
        """Return the events of the graph by key."""
        rows = (row.record for (kind, _), row in self.graph.rows.items() if kind is RecordKind.EVENT)
        return {row.key: row for row in rows if isinstance(row, Event)}


@asynccontextmanager
async def open_desk(
    path: Path, graph: FakeGraph | None = None, limits: Mapping[str, int] | None = None
) -> AsyncIterator[Desk]:
    """Open an inbox below `path` beside the small estate."""
    clock = StandingClock()
    inbox = Inbox(path, clock, **(limits or {}))
    await inbox.open()
    translator = DeliveryTranslator(Loaders(folder("loaders"), METAMODEL))
    graph = graph or FakeGraph()
    application = Application(
        graph, graph, METAMODEL, clock, FakeRunLog(graph), Reception(inbox, translator, clock)
    )
    await application.record(SYSTEM, RecordBatch(source="estate", records=ESTATE))
    try:
        yield Desk(inbox, graph, application, translator, clock)
    finally:
        await inbox.close()


def numbers(rows: Sequence[object]) -> list[int]:
    """Return the numbers of letters or waiting deliveries."""
    return [int(getattr(row, "number")) for row in rows]  # noqa: B009
