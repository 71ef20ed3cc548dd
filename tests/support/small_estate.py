"""A small estate for tests above the store: one router below VPN and finance, e-mail on two WAN paths."""

from datetime import datetime, timedelta

from cmdb.application.application import Application
from cmdb.application.live import LiveTopology
from cmdb.application.requests import OnError, RecordBatch
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.metamodel import read_metamodel
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    Dependency,
    Direction,
    EntryRecord,
    EventState,
    EventTransition,
    Item,
    Party,
    PartyKind,
    Risk,
    Role,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity
from cmdb.ports.graph import WriteOutcome
from cmdb.resources import folder
from tests.fakes.graph import FakeGraph
from tests.fakes.runs import FakeRunLog
from tests.support.moments import NOON, StandingClock, minutes

ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")
METAMODEL = read_metamodel(folder("schema"))
EITHER = (RedundancyGroup(name="wan", need_up=1),)


def item(key: str, ci_class: str, name: str | None = None, **fields: object) -> Item:
    """Return a CI named after its key unless told otherwise."""
    return Item(key=key, ci_class=ci_class, name=name or key, **fields)  # type: ignore[arg-type]


def needs(consumer: str, provider: str, group: str | None = None) -> Dependency:
    """Return a plain dependency."""
    return Dependency(consumer=consumer, verb="DEPENDS_ON", provider=provider, group=group)


def change(key: str, target: str, ended: timedelta, **fields: object) -> Change:
    """Return a completed half-hour change that ended that long before noon."""
    end = NOON - ended
    return Change(
        key=key,
        title=key,
        targets=(target,),
        actual_start=end - timedelta(minutes=30),
        actual_end=end,
        **{"change_kind": ChangeKind.NORMAL, "state": ChangeState.COMPLETED, **fields},  # type: ignore[arg-type]
    )


ESTATE: tuple[EntryRecord, ...] = (
    item("r1", "router", "edge router 1"),
    item("r2", "router", "edge router 2"),
    item("vpnc", "vpn_concentrator"),
    item("mail1", "server"),
    item("vpn", "technical_service", "VPN", attributes={"criticality": "high"}),
    item(
        "finance",
        "business_service",
        "Finance",
        attributes={"criticality": "critical", "aliases": ("ledger",)},
    ),
    item("mail", "business_service", "E-mail", groups=EITHER),
    item("printsrv", "server"),
    item("print", "business_service", "Printing"),
    needs("vpnc", "r1"),
    needs("vpn", "vpnc"),
    needs("finance", "vpn"),
    needs("mail", "r1", "wan"),
    needs("mail", "r2", "wan"),
    needs("print", "printsrv"),
    Party(key="ann", party_kind=PartyKind.PERSON, name="Ann Example"),
    Party(key="bob", party_kind=PartyKind.PERSON, name="Bob Example"),
    Party(key="network", party_kind=PartyKind.SUPPORT_GROUP, name="Network"),
    Assignment(party="ann", role=Role.SUBSCRIBES, item="vpn"),
    Assignment(party="ann", role=Role.SUBSCRIBES, item="mail"),
    Assignment(party="bob", role=Role.SUBSCRIBES, item="finance"),
    Assignment(party="network", role=Role.SUPPORTS, item="r1"),
    Assignment(party="bob", role=Role.OWNS, item="finance"),
    change("PATCH", "r1", timedelta(days=3), risk=Risk.HIGH),
    change("NEWER", "finance", timedelta(hours=1), risk=Risk.LOW),
    change("PRINT", "printsrv", timedelta(hours=2)),
    change("FUTURE", "r1", timedelta(hours=-3)),
)


def raised(
    key: str,
    severity: Severity = Severity.CRITICAL,
    at: datetime = NOON,
    direction: Direction = Direction.ERROR,
) -> EventTransition:
    """Return a raise on the CI."""
    return EventTransition(
        item=key, condition="down", severity=severity, at=at, direction=direction, summary=f"{key} is down"
    )


def cleared(key: str, at: datetime) -> EventTransition:
    """Return the clear of `raised`."""
    return EventTransition(item=key, condition="down", severity=Severity.OK, at=at, state=EventState.CLEARED)


class Bench:
    """An application over a store in memory and a standing clock."""

    def __init__(self, graph: FakeGraph | None = None) -> None:
        """Start over that graph, or an empty one."""
        self.graph = graph or FakeGraph()
        self.clock = StandingClock()
        self.run_log = FakeRunLog(self.graph)
        self.application = Application(self.graph, self.graph, METAMODEL, self.clock, self.run_log)

    async def snapshot(self) -> Snapshot:
        """Return the present as the use cases see it."""
        classes = self.application.metamodel.service_classes()
        return await LiveTopology(self.graph, self.clock, classes).current()

    async def assert_records(
        self, *records: EntryRecord, on_error: OnError = OnError.REFUSE_BATCH
    ) -> WriteOutcome:
        """Write records as the source `test`."""
        batch = RecordBatch(source="test", records=records, on_error=on_error)
        return await self.application.record(SYSTEM, batch)


async def furnished(*more: EntryRecord) -> Bench:
    """Return a bench that holds the estate and more."""
    bench = Bench()
    outcome = await bench.assert_records(*ESTATE, *more)
    refused = [row for row in outcome.results if row.problem]
    if refused:
        raise AssertionError(refused)
    return bench


async def outage() -> Bench:
    """Return the estate with the router down, symptoms downstream and an unrelated event."""
    return await furnished(
        raised("r1"),
        raised("vpnc", Severity.MAJOR, NOON + minutes(1)),
        raised("finance", Severity.MINOR, NOON + minutes(2)),
        raised("printsrv", Severity.MINOR, NOON + minutes(1)),
    )
