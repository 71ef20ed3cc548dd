"""The mutations that decide which records of sources are one item."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from cmdb.api.context import Info, RequestContext
from cmdb.api.declaring import answered
from cmdb.api.run_questions import Review
from cmdb.api.user_errors import EXPECTED, UserError, describe
from cmdb.application.reviewing import Decision
from cmdb.model import runs


@strawberry.input(description="Which review, and which of its candidates.")
class AcceptReviewInput:
    """Names a candidate."""

    key: str = strawberry.field(description="The key of the review.")
    candidate: str = strawberry.field(description="The key of the candidate.")


@strawberry.input(description="Which review.")
class RejectReviewInput:
    """Names a review."""

    key: str = strawberry.field(description="The key of the review.")


@strawberry.input(description="Which sighting leaves which item.")
class SplitSightingInput:
    """Names a sighting."""

    item: str = strawberry.field(description="The key of the item.")
    source: str = strawberry.field(description="The source whose sighting leaves it.")
    native: str = strawberry.field(description="The source's own key.")


@strawberry.type(description="A decided review.")
class ReviewPayload:
    """A `Decision` with its review."""

    review: runs.Review | None = strawberry.field(
        graphql_type=Review | None, description="The review; null when nothing was decided."
    )
    revision: int = strawberry.field(description="The revision after it; ask with `atLeastRevision`.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was decided, when nothing was.")


@strawberry.type
class ReviewMutations:
    """Root fields that decide."""

    @answered(ReviewPayload, "It is this candidate: bind it, with the dependencies that its source asserts.")
    async def accept_review(
        self, info: Info, input: Annotated[AcceptReviewInput, strawberry.argument(description="Which one.")]
    ) -> ReviewPayload:
        """Bind to a candidate."""
        context = info.context
        application = context.application
        step = application.accept_review(context.principal, input.key, input.candidate)
        return await _settle(context, step)

    @answered(ReviewPayload, "It is none of the candidates, and no run shall take it for one of them.")
    async def reject_review(
        self, info: Info, input: Annotated[RejectReviewInput, strawberry.argument(description="Which one.")]
    ) -> ReviewPayload:
        """Rule the candidates out."""
        context = info.context
        return await _settle(context, context.application.reject_review(context.principal, input.key))

    @answered(ReviewPayload, "Undo a binding: what the source says becomes an item of its own, for ever.")
    async def split_sighting(
        self, info: Info, input: Annotated[SplitSightingInput, strawberry.argument(description="Which one.")]
    ) -> ReviewPayload:
        """Split a sighting off."""
        context = info.context
        application = context.application
        step = application.split_sighting(context.principal, input.item, input.source, input.native)
        return await _settle(context, step)


async def _settle(context: RequestContext, step: Awaitable[Decision]) -> ReviewPayload:
    try:
        decision = await step
    except EXPECTED as error:
        revision = await context.application.refresh()
        return ReviewPayload(review=None, revision=revision, user_errors=[describe(error)])
    context.forget()
    return ReviewPayload(review=decision.review, revision=decision.revision, user_errors=[])
