"""What people decide about identity: which records of sources are one CI, and which are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cmdb.application.live import LiveTopology
from cmdb.application.recording import Recorder
from cmdb.desk.access import SYSTEM, require_review
from cmdb.desk.identity import NATIVE_KEY
from cmdb.desk.moving import add_standing, move_dependencies
from cmdb.desk.run_steps import (
    ItemStep,
    revise_dependencies,
    revise_item,
    sighting_key,
    steps_by_triple,
)
from cmdb.errors import Conflict, ErrorCode, InvalidInput, NotFound
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import Sighting
from cmdb.model.records import Item, Record
from cmdb.model.runs import Review, ReviewState, review_key
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader
from cmdb.ports.runs import RunLog


@dataclass(frozen=True, slots=True)
class Decision:
    """A decided review and the revision that it is visible at."""

    review: Review
    revision: int


class Reviewing:
    """The use cases of reviews."""

    def __init__(
        self,
        live: LiveTopology,
        reader: GraphReader,
        recorder: Recorder,
        run_log: RunLog,
        metamodel: Metamodel,
        clock: Clock,
    ) -> None:
        """Write through the recorder, which lets one writer at a time."""
        self._live = live
        self._reader = reader
        self._recorder = recorder
        self._run_log = run_log
        self._metamodel = metamodel
        self._clock = clock

    async def list_open(self, principal: Principal) -> list[Review]:
        """Return the reviews that wait for a decision, oldest first."""
        require_review(principal)
        reviews = [row for row in await self._run_log.reviews() if row.state is ReviewState.OPEN]
        return sorted(reviews, key=lambda row: (row.opened_at, row.key))

    async def accept(self, principal: Principal, key: str, candidate: str) -> Decision:
        """Bind what the review is about to the candidate.

        What is bound to nothing yet will be by the next run, as the only CI that is left for it.
        """
        review = await self._open_review(principal, key)
        if candidate not in review.candidates:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"'{candidate}' is no candidate of this review.",
                hint=f"Choose from {', '.join(review.candidates)}.",
            )
        revision = await self._live.revision()
        if review.item is not None:
            revision = await self._move(principal, review, review.item, candidate)
        others = (row for row in review.candidates if row != candidate)
        decided = self._decided(principal, review, ReviewState.ACCEPTED, others)
        decided = replace(decided, rejected=tuple(row for row in decided.rejected if row != candidate))
        await self._run_log.put_reviews([decided])
        return Decision(decided, revision)

    async def reject(self, principal: Principal, key: str) -> Decision:
        """Say that it is none of the candidates; no run will take it for one of them again."""
        review = await self._open_review(principal, key)
        decided = self._decided(principal, review, ReviewState.REJECTED, review.candidates)
        await self._run_log.put_reviews([decided])
        return Decision(decided, await self._live.revision())

    async def split(self, principal: Principal, item: str, source: str, native: str) -> Decision:
        """Undo a binding: what the source says leaves the CI and becomes one of its own, for ever."""
        require_review(principal)
        held = await self._item(item)
        row = next((row for row in held.sightings if (row.source, row.key) == (source, native)), None)
        if row is None:
            raise NotFound(
                ErrorCode.NOT_FOUND,
                f"'{source}' does not see '{item}' as '{native}'.",
                hint="`cmdb why` lists who sees it as what.",
            )
        if all((other.source, other.key) == (source, native) for other in held.sightings):
            raise Conflict(
                ErrorCode.CONFLICT,
                f"'{native}' is all that '{item}' consists of.",
                hint="Split off a sighting of a CI that several make up.",
            )
        known = {review.key: review for review in await self._run_log.reviews()}
        review = known.get(review_key(source, native)) or Review(
            source=source,
            scope=row.scope,
            native=native,
            name=row.name,
            item=None,
            candidates=(item,),
            reason="split by hand",
            opened_at=self._clock.now(),
        )
        own = await self._own_key(source, native)
        revision = await self._move(principal, review, item, own)
        decided = self._decided(principal, replace(review, item=own), ReviewState.REJECTED, (item,))
        await self._run_log.put_reviews([decided])
        return Decision(decided, revision)

    async def _own_key(self, source: str, native: str) -> str:
        """Return the key that a new CI would get; that of one which was emptied by a merge is free again."""
        number, key = 0, native
        while True:
            found = await self._reader.records(SYSTEM, RecordKind.ITEM, [key])
            items = [row.record for row in found if isinstance(row.record, Item)]
            if all(row.retired and not row.sightings for row in items):
                return key
            number += 1
            key = f"{source}/{native}" + (f"~{number}" if number > 1 else "")

    async def _move(self, principal: Principal, review: Review, start: str, end: str) -> int:
        """Move a sighting with the dependencies that its source asserts; what loses its last one is retired."""
        source, native = review.source, review.native

        async def build() -> Sequence[Record]:
            held = await self._item(start)
            rows = [row for row in held.sightings if (row.source, row.key) == (source, native)]
            if not rows:
                raise Conflict(
                    ErrorCode.CONFLICT,
                    f"'{source}' does not see '{start}' as '{native}' any more.",
                    hint="Let the next run of the source open a new review.",
                )
            return await self._moved(held, rows, end, principal.name)

        outcome = await self._recorder.revise(principal, principal.name, build)
        problem = next((row.problem for row in outcome.results if row.problem is not None), None)
        if problem is not None:
            raise Conflict(problem.code, problem.message, hint="Try again.")
        return (await self._live.current(outcome.revision)).revision

    async def _moved(self, held: Item, rows: Sequence[Sighting], end: str, name: str) -> list[Record]:
        """Move what all scopes of a source say of one thing."""
        stored = await self._reader.records(SYSTEM, RecordKind.ITEM, [end])
        target = next((row.record for row in stored if isinstance(row.record, Item)), None)
        if target is not None and target.retired and not target.sightings:
            target = None
        rule = NATIVE_KEY if target is None else f"decided by {name}"
        put = ItemStep(end, puts=[replace(row, rule=rule, weak=False) for row in rows])
        drop = ItemStep(held.key, drops={sighting_key(row) for row in rows})
        rest = [other for other in held.sightings if other not in rows]
        # What another sighting of the same source may have asserted stays; its next run says what is whose.
        sources = None if not rest else frozenset({rows[0].source} - {other.source for other in rest})
        moving = move_dependencies(await self._run_log.dependencies_of(held.key), held.key, end, sources)
        between = await self._run_log.dependencies_between({step.triple for step in moving})
        standing = [dependency for group in between.values() for dependency in group]
        steps = add_standing(moving, standing, held.key)
        records: list[Record] = [
            item
            for present, step in ((target, put), (held, drop))
            if (item := revise_item(present, step, self._metamodel)) is not None
        ]
        for triple, group in sorted(steps_by_triple(steps).items()):
            records += revise_dependencies(between[triple], group, self._metamodel)
        return records

    async def _item(self, key: str) -> Item:
        stored = await self._reader.records(SYSTEM, RecordKind.ITEM, [key])
        for row in stored:
            if isinstance(row.record, Item):
                return row.record
        raise NotFound(ErrorCode.NOT_FOUND, f"There is no CI '{key}'.", hint="Give its key.")

    async def _open_review(self, principal: Principal, key: str) -> Review:
        require_review(principal)
        found = next((row for row in await self._run_log.reviews() if row.key == key), None)
        if found is None:
            raise NotFound(
                ErrorCode.NOT_FOUND, f"There is no review '{key}'.", hint="`cmdb reviews` lists them."
            )
        if found.state is not ReviewState.OPEN:
            raise Conflict(
                ErrorCode.CONFLICT,
                f"The review is {found.state.value} by {found.decided_by} already.",
                hint="`cmdb split` undoes a binding.",
            )
        return found

    def _decided(
        self, principal: Principal, review: Review, state: ReviewState, ruled_out: Iterable[str]
    ) -> Review:
        rejected = {*review.rejected, *ruled_out}
        return replace(
            review,
            state=state,
            rejected=tuple(sorted(rejected)),
            decided_by=principal.name,
            decided_at=self._clock.now(),
        )
