"""The questions `search`, `topology`, `myServices` and `head`."""

from typing import Annotated

import strawberry

from cmdb.api.arguments import AtLeast, ItemReference, PageSize, check_depth, check_limit, check_size
from cmdb.api.context import Info, Listed
from cmdb.api.declaring import answered, asked
from cmdb.api.item_types import Proof
from cmdb.api.record_types import Event, Ticket
from cmdb.api.state_types import Basis, Health, ItemRef, Margin, PathStep
from cmdb.api.vocabulary import WalkDirection
from cmdb.application.requests import TopologyRequest
from cmdb.model import answers


@strawberry.type(description="An item that fits the words.")
class SearchHit:
    """Mirrors `cmdb.model.answers.SearchHit`."""

    item: ItemRef = strawberry.field(description="The item.")
    score: float = strawberry.field(description="How well it fits; higher is better.")
    matched: str = strawberry.field(description="What of it fits.")


@strawberry.type(description="The items that fit some words.")
class SearchReport:
    """A `Listed` of `cmdb.model.answers.SearchHit`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    asked: str = strawberry.field(name="words", description="The words, as given.")
    rows: list[SearchHit] = strawberry.field(name="hits", description="The items, best first.")


@strawberry.type(description="The neighbourhood of an item.")
class TopologyReport:
    """Mirrors `cmdb.model.answers.TopologyAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    item: ItemRef = strawberry.field(description="The item that the walk starts from.")
    nodes: list[ItemRef] = strawberry.field(description="The items met, nearest first.")
    steps: list[PathStep] = strawberry.field(description="The dependencies between them.")
    truncated: bool = strawberry.field(description="Whether the limit cut the walk.")


@strawberry.type(description="A service as its subscriber sees it.")
class ServiceStatus:
    """Mirrors `cmdb.model.answers.ServiceStatus`."""

    item: ItemRef = strawberry.field(description="The service.")
    health: Health = strawberry.field(description="Its state.")
    margin: Margin = strawberry.field(description="How many further failures it survives.")
    proof: Proof = strawberry.field(description="Why it is in its state.")
    events: list[Event] = strawberry.field(description="Open events on the service itself, worst first.")
    tickets: list[Ticket] = strawberry.field(description="Open tickets on it or on its causes.")
    summary: str = strawberry.field(description="All of it in one sentence.")


@strawberry.type(description="The services that a party subscribes to.")
class MyServicesReport:
    """A `Listed` of `cmdb.model.answers.ServiceStatus`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    rows: list[ServiceStatus] = strawberry.field(name="services", description="The services, worst first.")


@strawberry.type(description="How far the store has got, and how far answers reach.")
class Head:
    """Two revisions; equal when answers hold the store's present."""

    revision: int = strawberry.field(description="The last committed revision of the store.")
    answered: int = strawberry.field(description="The revision that answers hold for.")


@strawberry.type
class FindQuestions:
    """Root fields that find and walk."""

    @asked(SearchReport | None, "Which items fit these words?")
    async def search(
        self,
        info: Info,
        words: Annotated[str, strawberry.argument(description="Words of a name, key or description.")],
        first: PageSize = 10,
        at_least_revision: AtLeast = None,
    ) -> Listed[answers.SearchHit]:
        """Rank the items that fit."""
        context = info.context
        basis = await context.questions.basis(at_least_revision or 0)
        return Listed(
            basis, await context.questions.search(context.principal, words, check_size(first)), words
        )

    @asked(TopologyReport | None, "What stands around this item?")
    async def topology(
        self,
        info: Info,
        *,
        item: ItemReference,
        direction: Annotated[
            WalkDirection, strawberry.argument(description="Which way to walk.")
        ] = WalkDirection.BOTH,
        depth: Annotated[int, strawberry.argument(description="How many dependencies far.")] = 2,
        limit: Annotated[int, strawberry.argument(description="How many items at most.")] = 200,
        at_least_revision: AtLeast = None,
    ) -> answers.TopologyAnswer:
        """Walk breadth first."""
        request = TopologyRequest(
            item=item, direction=direction.value, depth=check_depth(depth), limit=check_limit(limit)
        )
        context = info.context
        return await context.questions.topology(context.principal, request, at_least_revision or 0)

    @asked(MyServicesReport | None, "How are the services that this party subscribes to?")
    async def my_services(
        self,
        info: Info,
        party: Annotated[str, strawberry.argument(description="Key of the party.")],
        at_least_revision: AtLeast = None,
    ) -> Listed[answers.ServiceStatus]:
        """List them with state and proof."""
        context = info.context
        basis = await context.questions.basis(at_least_revision or 0)
        return Listed(basis, await context.questions.my_services(context.principal, party, basis.revision))

    @answered(Head | None, "How far has the store got, and how far do answers reach?")
    async def head(self, info: Info) -> Head:
        """Ask the store."""
        application = info.context.application
        return Head(revision=await application.head(), answered=await application.refresh())
