"""The questions `upstreamChanges`, `probableCauses`, `symptomIntake` and `situations`."""

from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.arguments import AtLeast, ItemReference, PageSize, check_hours, check_size
from cmdb.api.context import Info, Listed
from cmdb.api.declaring import asked
from cmdb.api.record_types import Change, Event, Party, Ticket
from cmdb.api.state_types import Basis, Health, ItemRef, PathStep, Term
from cmdb.api.vocabulary import Severity
from cmdb.application.requests import IntakeRequest, UpstreamChangesRequest
from cmdb.model import answers


@strawberry.type(description="A change upstream, scored as the cause of a symptom.")
class SuspectChange:
    """Mirrors `cmdb.model.answers.SuspectChange`."""

    change: Change = strawberry.field(description="The change.")
    target: ItemRef = strawberry.field(description="Its target nearest to the symptom.")
    hops: int = strawberry.field(description="Dependencies between the symptom and the target.")
    path: list[PathStep] = strawberry.field(description="Those dependencies.")
    score: float = strawberry.field(description="The sum of its terms; higher is more likely.")
    terms: list[Term] = strawberry.field(description="Every term of the score.")
    excluded: str | None = strawberry.field(description="Why it cannot be the cause; null when it can.")


@strawberry.type(description="What changed upstream of an item before its symptom.")
class UpstreamChangesReport:
    """Mirrors `cmdb.model.answers.UpstreamChangesAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    item: ItemRef = strawberry.field(description="The item asked about.")
    onset: datetime = strawberry.field(description="When the symptom began.")
    since: datetime = strawberry.field(description="How far back the search went.")
    upstream: int = strawberry.field(description="How many items lie upstream.")
    suspects: list[SuspectChange] = strawberry.field(description="The changes, most likely cause first.")
    excluded: list[SuspectChange] = strawberry.field(description="Changes that cannot be the cause, and why.")
    has_more: bool = strawberry.field(description="Whether there are more suspects.")


@strawberry.type(description="An item that can explain the symptoms.")
class ProbableCause:
    """Mirrors `cmdb.model.answers.ProbableCause`."""

    item: ItemRef = strawberry.field(description="The item.")
    score: float = strawberry.field(description="The sum of its terms; higher is more likely.")
    terms: list[Term] = strawberry.field(description="Every term of the score.")
    events: list[Event] = strawberry.field(description="Its own events; none for a silent cause.")
    explains: list[Event] = strawberry.field(description="The symptoms that it explains.")
    path: list[PathStep] = strawberry.field(description="The dependencies from the symptom to it.")


@strawberry.type(description="Why an item is in its state.")
class ProbableCausesReport:
    """Mirrors `cmdb.model.answers.ProbableCausesAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    item: ItemRef = strawberry.field(description="The item asked about.")
    health: Health = strawberry.field(description="Its state.")
    causes: list[ProbableCause] = strawberry.field(description="Items, most probable cause first.")
    suspects: list[SuspectChange] = strawberry.field(description="Changes, most likely cause first.")


@strawberry.type(description="A service that a caller may mean.")
class IntakeCandidate:
    """Mirrors `cmdb.model.answers.IntakeCandidate`."""

    service: ItemRef = strawberry.field(description="The service.")
    health: Health = strawberry.field(description="Its state.")
    score: float = strawberry.field(description="How well it fits words, caller and state.")
    terms: list[Term] = strawberry.field(description="Every term of the score.")
    causes: list[ProbableCause] = strawberry.field(description="What can explain the words.")
    tickets: list[Ticket] = strawberry.field(description="Tickets already open on it or on its causes.")


@strawberry.type(description="Which service, events and tickets fit a caller's words.")
class IntakeReport:
    """Mirrors `cmdb.model.answers.IntakeAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    words: str = strawberry.field(description="The caller's words, as given.")
    caller: Party | None = strawberry.field(description="The caller, when known.")
    candidates: list[IntakeCandidate] = strawberry.field(description="Services, best first.")


@strawberry.type(description="An event of a situation.")
class SituationMember:
    """Mirrors `cmdb.model.answers.SituationMember`."""

    event: Event = strawberry.field(description="The event.")
    item: ItemRef = strawberry.field(description="The item it is on.")
    role: str = strawberry.field(description="What it is in the situation: cause or symptom.")
    reason: str = strawberry.field(description="Why it belongs there.")
    path: list[PathStep] = strawberry.field(description="The dependencies from its item to the cause.")


@strawberry.type(description="Open events that share one probable cause.")
class Situation:
    """Mirrors `cmdb.model.answers.Situation`."""

    key: str = strawberry.field(description="The key of its cause.")
    number: str | None = strawberry.field(
        description="Its number, which stays while causes change; null until a server has given one."
    )
    cause: ItemRef = strawberry.field(description="The probable cause.")
    severity: Severity = strawberry.field(description="The worst severity among its events.")
    since: datetime = strawberry.field(description="When its first event began.")
    members: list[SituationMember] = strawberry.field(description="Its events, the cause's own first.")
    ticket: Ticket | None = strawberry.field(description="The open incident on it.")


@strawberry.type(description="The situations of the moment.")
class SituationsReport:
    """A `Listed` of `cmdb.model.answers.Situation`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    rows: list[Situation] = strawberry.field(name="situations", description="The situations, worst first.")


@strawberry.type
class CauseQuestions:
    """Root fields about causes."""

    @asked(
        UpstreamChangesReport | None,
        "What changed upstream of an item before its symptom, and which change is the likely cause?",
    )
    async def upstream_changes(  # noqa: PLR0913  GraphQL arguments are given by name
        self,
        info: Info,
        *,
        item: ItemReference,
        onset: Annotated[
            datetime | None,
            strawberry.argument(
                description="When the symptom began; default: its oldest open event, else now."
            ),
        ] = None,
        hours: Annotated[int, strawberry.argument(description="How far to look back from the onset.")] = 168,
        words: Annotated[str, strawberry.argument(description="Words of the symptom, to compare with.")] = "",
        first: PageSize = 10,
        at_least_revision: AtLeast = None,
    ) -> answers.UpstreamChangesAnswer:
        """Rank the changes upstream."""
        request = UpstreamChangesRequest(
            item=item, onset=onset, hours=check_hours(hours), words=words, first=check_size(first)
        )
        context = info.context
        return await context.questions.upstream_changes(context.principal, request, at_least_revision or 0)

    @asked(
        ProbableCausesReport | None, "Why is this item in its state: which items and changes explain it best?"
    )
    async def probable_causes(
        self, info: Info, item: ItemReference, first: PageSize = 5, at_least_revision: AtLeast = None
    ) -> answers.ProbableCausesAnswer:
        """Rank the items upstream."""
        context = info.context
        return await context.questions.probable_causes(
            context.principal, item, check_size(first), at_least_revision or 0
        )

    @asked(
        IntakeReport | None,
        "Which service does a caller mean, and which events and tickets explain the words?",
    )
    async def symptom_intake(
        self,
        info: Info,
        words: Annotated[str, strawberry.argument(description="What the caller said.")],
        caller: Annotated[str | None, strawberry.argument(description="Key of the calling party.")] = None,
        first: PageSize = 5,
        at_least_revision: AtLeast = None,
    ) -> answers.IntakeAnswer:
        """Rank the services that fit."""
        request = IntakeRequest(words=words, caller=caller, first=check_size(first))
        context = info.context
        return await context.questions.symptom_intake(context.principal, request, at_least_revision or 0)

    @asked(SituationsReport | None, "Which open events belong together, and what is their probable cause?")
    async def situations(
        self,
        info: Info,
        number: Annotated[
            str | None,
            strawberry.argument(
                description="Only the one of this number, or the one that it has joined since."
            ),
        ] = None,
        first: PageSize = 20,
        at_least_revision: AtLeast = None,
    ) -> Listed[answers.Situation]:
        """Group the open events."""
        context = info.context
        basis = await context.questions.basis(at_least_revision or 0)
        rows = await context.questions.situations(context.principal, basis.revision, number)
        return Listed(basis, rows[: check_size(first)])
