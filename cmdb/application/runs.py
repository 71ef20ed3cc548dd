"""Runs of loaders: plan against the present, let the guard judge, apply in batches, close."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cmdb.application.live import LiveTopology
from cmdb.application.recording import LoadProblem, Recorder
from cmdb.application.run_batches import Batch, batches_of
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM, require_approve, require_assert, require_runs
from cmdb.desk.run_claims import read_claims
from cmdb.desk.run_plan import plan_run
from cmdb.desk.run_steps import (
    DependencyStep,
    ItemStep,
    RunFrame,
    RunPlan,
    revise_dependencies,
    revise_item,
)
from cmdb.errors import CmdbError, Conflict, ErrorCode
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Assignment, Item, Record
from cmdb.model.runs import Estate, Feed, Run, RunState
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader, Precondition, RowProblem, WriteOutcome
from cmdb.ports.records import LocatedRecord
from cmdb.ports.runs import RunLog

LEASE = timedelta(minutes=2)
"""How long a run holds its feed without a sign of life; each batch renews it."""

KEPT_PROBLEMS = 50
"""Faulty records that a run's record names."""

SHOWN_LINES = 500
"""Steps that a report spells out."""

DEFAULT_SCOPE = "default"

FeedName = tuple[str, str]
"""Source and scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """All documents of one run, read into records with the source's own keys.

    `complete` says that what the run does not name may be missed. `age` is how long ago the documents were begun to
    be fetched: a span, because clocks of machines differ. `faulty` are records that could not even be read:
    with them the run is not complete. `approve` is the hash of the plan that may pass the
    guard. With `skip_faulty` sound records are loaded although others are faulty; nothing is missed then.
    """

    source: str
    located: Sequence[LocatedRecord]
    complete: bool
    scope: str = DEFAULT_SCOPE
    documents: tuple[str, ...] = ()
    age: timedelta = timedelta(0)
    skip_faulty: bool = False
    dry_run: bool = False
    approve: str | None = None
    faulty: tuple[LoadProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How fresh one feed is: its last good run, how long ago that started, how many CIs it sees and has missed."""

    source: str
    scope: str
    last_good_run_at: datetime | None
    age: timedelta | None
    items: int
    stale_items: int
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did, or would do: counts by kind and outcome, its steps in words, faulty records, objections.

    `run` is its record; None for a dry run.
    """

    revision: int
    plan_hash: str
    run: Run | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    problems: tuple[LoadProblem, ...] = ()
    objections: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan with what it was made from."""

    plan: RunPlan
    problems: tuple[LoadProblem, ...]
    complete: bool


class Runs:
    """The use cases of loader runs."""

    def __init__(
        self,
        live: LiveTopology,
        reader: GraphReader,
        recorder: Recorder,
        run_log: RunLog,
        metamodel: Metamodel,
        clock: Clock,
    ) -> None:
        """Write through the recorder, so that runs, records and events take turns."""
        self._live = live
        self._reader = reader
        self._recorder = recorder
        self._run_log = run_log
        self._metamodel = metamodel
        self._clock = clock

    async def load(self, principal: Principal, request: RunRequest) -> RunReport:
        """Make one run; refused as a whole with problems, or by its guard (Conflict PLAN_REFUSED, PLAN_CHANGED).

        Conflict FEED_BUSY while another run of the feed is under way, RUN_OVERTAKEN when a later one has been closed.
        """
        if request.approve is None:
            require_assert(principal)
        else:
            require_approve(principal)
        started = self._clock.now() - request.age
        if request.dry_run:
            feed = await self._known_feed(request)
            planned = await self._plan(request, feed, started)
            return await self._reported(planned, request)
        feed = await self._run_log.take_feed(
            request.source, request.scope, self._clock.now(), self._clock.now() + LEASE, principal.name
        )
        run = Run(
            key=f"{feed.key}|{feed.token:08d}",
            source=request.source,
            scope=request.scope,
            state=RunState.RUNNING,
            complete=request.complete,
            started_at=started,
            documents=request.documents,
            approved_by=principal.name if request.approve else "",
        )
        try:
            return await self._carry_out(principal, request, feed, run)
        except CmdbError as error:
            await self._fail(feed, run, str(error))
            raise

    async def history(self, principal: Principal, source: str | None, first: int) -> list[Run]:
        """Return the latest runs, newest first."""
        require_runs(principal)
        return await self._run_log.runs(source, first)

    async def sources(self, principal: Principal) -> list[SourceState]:
        """Return every feed with its freshness, by source and scope."""
        require_runs(principal)
        now = self._clock.now()
        seen, missed = await self._sightings()
        return [
            SourceState(
                source=feed.source,
                scope=feed.scope,
                last_good_run_at=feed.last_started,
                age=now - feed.last_started if feed.last_started is not None else None,
                items=seen[feed.source, feed.scope],
                stale_items=missed[feed.source, feed.scope],
                running=feed.held_until is not None and feed.held_until > now,
            )
            for feed in await self._run_log.feeds()
        ]

    async def _sightings(self) -> tuple[Counter[FeedName], Counter[FeedName]]:
        seen: Counter[FeedName] = Counter()
        missed: Counter[FeedName] = Counter()
        for item in (await self._run_log.estate()).items.values():
            for row in item.sightings:
                seen[row.source, row.scope] += not row.retired
                missed[row.source, row.scope] += row.missed_since is not None and not row.retired
        return seen, missed

    async def _carry_out(self, principal: Principal, request: RunRequest, feed: Feed, run: Run) -> RunReport:
        _require_latest(feed, run.started_at)
        planned = await self._plan(request, feed, run.started_at)
        run = replace(run, complete=planned.complete, problems=_told(planned.problems))
        if planned.problems and not request.skip_faulty:
            failed = await self._fail(feed, run, "faulty records")
            return await self._reported(planned, request, failed)
        run = replace(run, plan_hash=self._judge(planned.plan, request))
        revision = await self._apply(principal, feed, run, planned.plan)
        await self._run_log.put_reviews(planned.plan.reviews)
        ended = replace(
            run,
            state=RunState.DONE,
            ended_at=self._clock.now(),
            counts=dict(planned.plan.counts),
            revision=revision,
        )
        await self._run_log.release_feed(feed, ended)
        return await self._reported(planned, request, ended)

    async def _known_feed(self, request: RunRequest) -> Feed:
        wanted = Feed(source=request.source, scope=request.scope)
        return next((feed for feed in await self._run_log.feeds() if feed.key == wanted.key), wanted)

    async def _plan(self, request: RunRequest, feed: Feed, started: datetime) -> _Planned:
        snapshot = await self._live.current()
        estate = await self._run_log.estate()
        reviews = {review.key: review for review in await self._run_log.reviews()}
        assignments = await self._assignments(request.source, estate, snapshot) if request.complete else ()
        entries = [row.record for row in request.located]

        def work() -> _Planned:
            claims = read_claims(entries, request.source, estate, self._metamodel, snapshot.parties)
            complete = request.complete and not claims.faulty and not request.faulty
            frame = RunFrame(
                source=request.source,
                scope=request.scope,
                complete=complete,
                started_at=started,
                complete_starts=feed.complete_starts,
                assignments=assignments,
            )
            plan = plan_run(claims, frame, estate, self._metamodel, reviews, snapshot.changes_at)
            problems = (*request.faulty, *_located(claims.faulty, request.located))
            return _Planned(plan, problems, complete)

        # A plan over a large estate takes seconds, which questions need not wait for.
        return await asyncio.to_thread(work)

    async def _assignments(self, source: str, estate: Estate, snapshot: Snapshot) -> tuple[Assignment, ...]:
        """Return the open assignments of CIs that the source sees, of which it wrote the last state."""
        seen = {
            key for key, item in estate.items.items() if any(row.source == source for row in item.sightings)
        }
        keys = [row.key for row in snapshot.assignments if row.item in seen]
        stored = await self._reader.records(SYSTEM, RecordKind.ASSIGNMENT, keys) if keys else []
        mine = (row.record for row in stored if row.source == source)
        return tuple(row for row in mine if isinstance(row, Assignment) and not row.ended)

    def _judge(self, plan: RunPlan, request: RunRequest) -> str:
        """Return the plan's hash when somebody approved it, or the empty text when nobody need."""
        if request.approve is None and not plan.objections:
            return ""
        found = plan.hash()
        if request.approve is None:
            raise Conflict(
                ErrorCode.PLAN_REFUSED,
                f"The guard halts the run of '{request.source}': {'; '.join(plan.objections)}. Nothing was written.",
                hint=f"Look at --dry-run. If it is right, load again with --approve {found}.",
            )
        if request.approve != found:
            raise Conflict(
                ErrorCode.PLAN_CHANGED,
                f"The plan {request.approve} was approved, the run would now carry out {found}.",
                hint=f"Look at --dry-run again, then load with --approve {found}.",
            )
        return found

    async def _apply(self, principal: Principal, feed: Feed, run: Run, plan: RunPlan) -> int:
        """Carry out the steps in batches, each while the feed is still ours; return the last revision."""
        revision = await self._live.revision()
        for batch in batches_of(plan):
            await self._run_log.renew_feed(feed, run, self._clock.now() + LEASE)
            outcome = await self._write(principal, feed, batch)
            _require_written(outcome)
            revision = max(revision, outcome.revision)
        revision = (await self._live.current(revision)).revision
        return max(revision, await self._recorder.rebinding.bind_waiting())

    async def _write(self, principal: Principal, feed: Feed, batch: Batch) -> WriteOutcome:
        """Write one batch in a transaction that proves that the feed is still ours."""
        held = Precondition(feed=(feed.key, feed.token))
        if batch.others:
            past = replace(held, retired_ends=True)
            return await self._recorder.append(principal, feed.source, batch.others, past)

        async def build() -> list[Record]:
            return [*await self._items(batch.items), *await self._dependencies(batch.dependencies)]

        return await self._recorder.revise(principal, feed.source, build, held)

    async def _items(self, steps: Sequence[ItemStep]) -> list[Record]:
        """Read anew what is there: somebody may have written since the plan was made."""
        stored = await self._reader.records(SYSTEM, RecordKind.ITEM, [step.key for step in steps])
        present = {row.record.key: row.record for row in stored if isinstance(row.record, Item)}
        made = [revise_item(present.get(step.key), step, self._metamodel) for step in steps]
        items: list[Record] = [item for item in made if item is not None]
        return items + [step.change for step in steps if step.change is not None]

    async def _dependencies(self, steps: Sequence[DependencyStep]) -> list[Record]:
        present = await self._run_log.dependencies_between([step.triple for step in steps])
        return [
            row
            for step in steps
            for row in revise_dependencies(present.get(step.triple, []), [step], self._metamodel)
        ]

    async def _fail(self, feed: Feed, run: Run, reason: str) -> Run:
        failed = replace(
            run,
            state=RunState.FAILED,
            ended_at=self._clock.now(),
            problems=(reason, *run.problems)[:KEPT_PROBLEMS],
        )
        # The store, or the feed, may be gone by now: the first error is the one to tell.
        with suppress(CmdbError):
            await self._run_log.release_feed(feed, failed)
        return failed

    async def _reported(self, planned: _Planned, request: RunRequest, run: Run | None = None) -> RunReport:
        plan = planned.plan
        refused = bool(planned.problems) and not request.skip_faulty
        return RunReport(
            revision=await self._live.revision(),
            plan_hash=plan.hash() if request.dry_run or plan.objections else "",
            run=run,
            counts={} if refused else dict(sorted(plan.counts.items())),
            lines=() if refused else tuple(plan.lines[:SHOWN_LINES]),
            problems=planned.problems,
            objections=plan.objections,
            dry_run=request.dry_run,
        )


def _require_latest(feed: Feed, started: datetime) -> None:
    if feed.last_started is not None and started < feed.last_started:
        raise Conflict(
            ErrorCode.RUN_OVERTAKEN,
            f"A run of '{feed.source}' that started at {feed.last_started.isoformat()} is closed already.",
            hint="Fetch the documents again and load those.",
        )


def _require_written(outcome: WriteOutcome) -> None:
    problem = next((row.problem for row in outcome.results if row.problem is not None), None)
    if problem is not None:
        raise Conflict(
            problem.code,
            f"The store refused a step: {problem.message}",
            hint="Somebody has written meanwhile: load again, what was done is not done twice.",
        )


def _located(faulty: Mapping[int, RowProblem], located: Sequence[LocatedRecord]) -> tuple[LoadProblem, ...]:
    return tuple(
        LoadProblem(place=str(located[index].place), problem=faulty[index]) for index in sorted(faulty)
    )


def _told(problems: Sequence[LoadProblem]) -> tuple[str, ...]:
    return tuple(f"{row.place}: {row.problem.message}" for row in problems[:KEPT_PROBLEMS])
