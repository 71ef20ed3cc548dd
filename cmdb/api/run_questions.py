"""The questions about loaders: what ran, how fresh each source is, what waits for a decision."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from cmdb.api.arguments import PageSize, check_size
from cmdb.api.context import Fetched, Info
from cmdb.api.declaring import answered, derived
from cmdb.api.state_types import ItemRef
from cmdb.api.vocabulary import ReviewState, RunState
from cmdb.application.runs import SourceState
from cmdb.model import runs as model
from cmdb.model.answers import CiRef


@strawberry.type(description="How many records of a run had one outcome.")
class OutcomeCount:
    """One entry of a run's counts."""

    kind: str = strawberry.field(description="Items, dependencies, reviews, changes or others.")
    outcome: str = strawberry.field(description="What became of them, such as created or missed.")
    count: int = strawberry.field(description="How many.")


def _counts(root: strawberry.Parent[model.Run]) -> list[OutcomeCount]:
    rows = sorted(root.counts.items())
    return [OutcomeCount(kind=n.partition(".")[0], outcome=n.partition(".")[2], count=c) for n, c in rows]


@strawberry.type(description="One import of a source.")
class Run:
    """Mirrors `cmdb.model.model.Run`."""

    key: str = strawberry.field(description="Its key.")
    source: str = strawberry.field(description="The tool that it imports from.")
    scope: str = strawberry.field(description="The part of the source that it covers.")
    state: RunState = strawberry.field(description="How it ended.")
    complete: bool = strawberry.field(description="Whether what it does not name counts as missed.")
    started_at: datetime = strawberry.field(description="When it started.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    counts: list[OutcomeCount] = derived(_counts, "What became of its records.")
    problems: list[str] = strawberry.field(description="Why it failed, and its first faulty records.")
    documents: list[str] = strawberry.field(description="The documents that it was read from.")
    plan_hash: str = strawberry.field(description="The plan that was approved; empty when none had to be.")
    approved_by: str = strawberry.field(description="Who approved it.")
    revision: int = strawberry.field(description="The revision after it.")


def _age(root: strawberry.Parent[SourceState]) -> int | None:
    return None if root.age is None else root.age // timedelta(seconds=1)


@strawberry.type(description="How fresh one scope of one source is.")
class SourceFreshness:
    """Mirrors `cmdb.application.runs.SourceState`."""

    source: str = strawberry.field(description="The tool.")
    scope: str = strawberry.field(description="The part of it that one run covers.")
    last_good_run_at: datetime | None = strawberry.field(description="When its last good run started.")
    age_seconds: int | None = derived(_age, "How long ago that was.")
    items: int = strawberry.field(description="Items that it sees.")
    stale_items: int = strawberry.field(description="Items that it has missed and not yet given up.")
    running: bool = strawberry.field(description="Whether a run is under way.")


def _review_item(root: strawberry.Parent[model.Review], info: Info) -> Fetched[CiRef]:
    return info.context.refs.one(root.item)


async def _candidates(root: strawberry.Parent[model.Review], info: Info) -> list[CiRef]:
    return await info.context.refs.many(root.candidates)


@strawberry.type(description="A doubtful identity that waits for people, or that they have decided.")
class Review:
    """Mirrors `cmdb.model.model.Review`."""

    key: str = strawberry.field(description="Its key.")
    source: str = strawberry.field(description="The tool whose record it is about.")
    native: str = strawberry.field(description="The tool's own key of the thing.")
    name: str = strawberry.field(description="The tool's name for it.")
    item: ItemRef | None = derived(_review_item, "The item that it stands for meanwhile; null when none.")
    candidates: list[ItemRef] = derived(_candidates, "What it may be.")
    reason: str = strawberry.field(description="Why nobody but people can tell.")
    state: ReviewState = strawberry.field(description="What was decided.")
    opened_at: datetime = strawberry.field(description="When it was opened.")
    decided_by: str = strawberry.field(description="Who decided.")


@strawberry.type
class RunQuestions:
    """Root fields about loaders."""

    @answered(list[Run] | None, "The latest runs of loaders, newest first.")
    async def runs(
        self,
        info: Info,
        source: Annotated[str | None, strawberry.argument(description="Only of this source.")] = None,
        first: PageSize = 20,
    ) -> list[model.Run]:
        """List runs."""
        context = info.context
        return await context.application.runs.history(context.principal, source, check_size(first))

    @answered(list[SourceFreshness] | None, "Every source that was loaded, and how fresh it is.")
    async def sources(self, info: Info) -> list[SourceState]:
        """List sources."""
        return await info.context.application.runs.sources(info.context.principal)

    @answered(list[Review] | None, "What waits for people to say whether it is one item, oldest first.")
    async def reviews(self, info: Info) -> list[model.Review]:
        """List open reviews."""
        return await info.context.application.reviews.list_open(info.context.principal)
