"""The facade over all use cases: every call names who asks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime

from cmdb.application.correlating import Correlation
from cmdb.application.courier import Courier
from cmdb.application.duties import Duties, Duty
from cmdb.application.event_handling import EventHandling
from cmdb.application.feed import Feed
from cmdb.application.history_question import HistoryQuestion
from cmdb.application.incident_joining import IncidentJoining
from cmdb.application.incident_rule import IncidentRule, RuleSettings
from cmdb.application.intake import Applier
from cmdb.application.live import LiveTopology
from cmdb.application.news import LiveNews
from cmdb.application.outbox import NO_OUTBOX, Outbox
from cmdb.application.owner_role import OwnerRole
from cmdb.application.past import Archive
from cmdb.application.questions import Questions
from cmdb.application.reception import Reception
from cmdb.application.recording import LoadReport, Recorder
from cmdb.application.requests import (
    AttachReportRequest,
    DetachTicketRequest,
    MergeTicketsRequest,
    OpenTicketRequest,
    RecordBatch,
    TicketReceipt,
    UpdateTicketRequest,
)
from cmdb.application.reviewing import Decision, Reviewing
from cmdb.application.runs import RunReport, RunRequest, Runs
from cmdb.application.service_level_watch import ServiceLevelWatch
from cmdb.application.snapshot import Snapshot
from cmdb.application.tenure import TenureWriter
from cmdb.application.ticket_upkeep import TicketUpkeep
from cmdb.application.ticketing import Ticketing
from cmdb.application.verifying import Verification, verify
from cmdb.application.write_gate import WriteGate
from cmdb.application.writing_order import writing_order
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.model.access import Principal
from cmdb.model.answers import HistoryAnswer
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Ticket
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader, GraphWriter, Moment, WriteOutcome
from cmdb.ports.intake import Spool, Translator
from cmdb.ports.leasing import OwnerLease
from cmdb.ports.outbox import Channel, OutboxLog
from cmdb.ports.records import LocatedRecord, RecordHolder, hold_in_memory
from cmdb.ports.runs import RunLog


class Application(Questions):
    """What adapters call: the questions of the present, the way to those of the past, and every write."""

    def __init__(  # noqa: PLR0913 - the one place where all collaborators meet
        self,
        reader: GraphReader,
        writer: GraphWriter,
        metamodel: Metamodel,
        clock: Clock,
        run_log: RunLog,
        reception: Reception | None = None,
        *,
        outbox_log: OutboxLog = NO_OUTBOX,
        hold: RecordHolder = hold_in_memory,
    ) -> None:
        """Wire the use cases to one live projection; only a server has a `reception`."""
        self._reception = reception
        self._live = LiveTopology(reader, clock, metamodel.service_classes())
        super().__init__(self._live.current, reader, metamodel)
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._outbox_log = outbox_log
        self.outbox = Outbox(outbox_log)
        self._hold = hold
        self._gate = WriteGate()
        self._archive = Archive(reader, metamodel.service_classes())
        self._history = HistoryQuestion(reader, metamodel)
        self._feed = Feed(self._live)
        self.news = LiveNews(self._feed)
        self._recorder = Recorder(self._live, reader, writer, metamodel, clock, run_log)
        self._handling = EventHandling(self._live, reader, self._recorder, clock)
        self.runs = Runs(self._live, reader, self._recorder, run_log, metamodel, clock)
        self.reviews = Reviewing(self._live, reader, self._recorder, run_log, metamodel, clock)
        self._ticketing = self._desk(writer)

    async def head(self) -> int:
        """Return the store's last revision; fails when the store does not answer."""
        return await self._reader.head()

    async def refresh(self, at_least: int = 0) -> int:
        """Bring the projection up to date and return its revision."""
        return (await self._live.current(at_least)).revision

    async def at(self, as_of: datetime | None, known_at: datetime | None) -> Questions:
        """Return the questions of a past moment; without both times those of the present.

        `known_at` alone asks what was thought then of then; `as_of` alone uses all that is known now.
        """
        if as_of is None and known_at is None:
            return self
        now = self._clock.now()
        moment = Moment(as_of or known_at or now, known_at or now)
        _require_past(moment, now)
        snapshot, graph = await self._archive.at(moment, await self._reader.head())

        async def source(at_least: int) -> Snapshot:
            await self._live.current(at_least)
            return snapshot

        return Questions(source, graph, self.metamodel)

    async def history(
        self, principal: Principal, kind: RecordKind, key: str, at_least: int = 0
    ) -> HistoryAnswer:
        """Return every recorded version of one record, oldest first: who said what, when it was so and known."""
        snapshot = await self._live.current(at_least)
        return await self._history.answer(snapshot, principal, kind, key)

    async def verify(self, principal: Principal) -> Verification:
        """Compare the live projection with the whole store."""
        return await verify(self._live, self._reader, principal)

    async def close(self) -> None:
        """End what still runs, before the store is closed."""
        await self._feed.close()
        await self._live.close()

    @property
    def reception(self) -> Reception:
        """The inbox of this process; INBOX_BROKEN where there is none."""
        if self._reception is None:
            raise CmdbError(
                ErrorCode.INBOX_BROKEN,
                "This process has no inbox; only a server has one.",
                hint="Start `cmdb serve`, or name a running server in CMDB_URL.",
            )
        return self._reception

    def applier(
        self, spool: Spool, translator: Translator, probe: Callable[[], Awaitable[object]]
    ) -> Applier:
        """Return the background work that brings what waits in the inbox into the graph; `probe` tries a write."""
        return Applier(spool, translator, self._recorder.record, probe, self._clock)

    def require_room(self) -> None:
        """Refuse a write that would not be taken, before anything of it is read."""
        self._gate.require_room()

    def duties(
        self, lease: OwnerLease, name: str, rules: RuleSettings | None, channels: Sequence[Channel] = ()
    ) -> Duties:
        """Return the background work of a server of that name; without rules no ticket is touched by itself.

        What waits in the outbox is delivered to `channels`.
        """
        duties: list[Duty] = [self._recorder.rebinding, Correlation(self._live, self._writer, self._clock)]
        if rules is not None:
            duties += [
                IncidentJoining(self._in_tenure),
                IncidentRule(self._in_tenure, rules),
                TicketUpkeep(self._in_tenure),
                ServiceLevelWatch(self._in_tenure, self.metamodel.service_levels),
            ]
        workers = [
            Courier(channel, self._outbox_log, self._clock, self._tickets, self._in_tenure)
            for channel in channels
        ]
        return Duties(self._live, OwnerRole(lease, name), duties, workers)

    async def _tickets(self) -> Mapping[str, Ticket]:
        return (await self._live.current()).tickets

    def _in_tenure(self, fence: int) -> Ticketing:
        return self._desk(TenureWriter(self._writer, fence))

    def _desk(self, writer: GraphWriter) -> Ticketing:
        return Ticketing(self._live, self._reader, writer, self._clock, self.metamodel.service_levels)

    async def record(self, principal: Principal, batch: RecordBatch) -> WriteOutcome:
        """Write one batch of records in one transaction."""
        with self._gate.passage():
            return await self._recorder.record(principal, batch)

    async def acknowledge_event(self, principal: Principal, key: str, *, undo: bool = False) -> int:
        """Take note of the present episode of an open event, or take that note back, and return the revision."""
        with self._gate.passage():
            return await self._handling.acknowledge(principal, key, undo=undo)

    async def shelve_event(self, principal: Principal, key: str, until: datetime | None) -> int:
        """Leave an open event out until then, or take it back, and return the revision."""
        with self._gate.passage():
            return await self._handling.shelve(principal, key, until)

    async def load(
        self, principal: Principal, source: str, located: Iterable[LocatedRecord], *, dry_run: bool = False
    ) -> LoadReport:
        """Check a whole load, then write it; with problems nothing is written."""
        with self._gate.passage(), ExitStack() as stack:
            # Parsing and sorting many takes minutes, which other requests need not wait for.
            rows = await asyncio.to_thread(stack.enter_context, self._hold(located, writing_order))
            return await self._recorder.load(principal, source, rows, dry_run=dry_run)

    async def load_run(self, principal: Principal, request: RunRequest) -> RunReport:
        """Make one run of a loader."""
        with self._gate.passage():
            return await self.runs.load(principal, request)

    async def accept_review(self, principal: Principal, key: str, candidate: str) -> Decision:
        """Bind what a review is about to one of its candidates."""
        with self._gate.passage():
            return await self.reviews.accept(principal, key, candidate)

    async def reject_review(self, principal: Principal, key: str) -> Decision:
        """Rule the candidates of a review out for ever."""
        with self._gate.passage():
            return await self.reviews.reject(principal, key)

    async def split_sighting(self, principal: Principal, item: str, source: str, native: str) -> Decision:
        """Undo the binding of what a source says to a CI."""
        with self._gate.passage():
            return await self.reviews.split(principal, item, source, native)

    async def open_ticket(self, principal: Principal, request: OpenTicketRequest) -> TicketReceipt:
        """Open an incident or report, or let an open incident take it in."""
        with self._gate.passage():
            return await self._ticketing.open(principal, request)

    async def update_ticket(self, principal: Principal, request: UpdateTicketRequest) -> TicketReceipt:
        """Move a ticket one step."""
        with self._gate.passage():
            return await self._ticketing.update(principal, request)

    async def attach_report(self, principal: Principal, request: AttachReportRequest) -> TicketReceipt:
        """Attach a caller's report to an open incident."""
        with self._gate.passage():
            return await self._ticketing.attach_report(principal, request)

    async def merge_tickets(self, principal: Principal, request: MergeTicketsRequest) -> TicketReceipt:
        """Let an open incident take others in."""
        with self._gate.passage():
            return await self._ticketing.merge(principal, request)

    async def detach_ticket(self, principal: Principal, request: DetachTicketRequest) -> TicketReceipt:
        """Let a report or a merged incident stand on its own again."""
        with self._gate.passage():
            return await self._ticketing.detach(principal, request)


def _require_past(moment: Moment, now: datetime) -> None:
    # Without `asOf` the question is about the time of `knownAt`, so that one is looked at first.
    for name, at in (("knownAt", moment.known_at), ("asOf", moment.as_of)):
        if at > now:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"'{name}' lies in the future: {at.isoformat()}.",
                hint="Ask about the present or the past; `whatIf` asks about what may come.",
                place=Place("request", field=name),
            )
