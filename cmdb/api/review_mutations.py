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

ReviewKey = Annotated[str, strawberry.argument(description="The key of the review.")]


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
        self,
        info: Info,
        key: ReviewKey,
        candidate: Annotated[str, strawberry.argument(description="The key of the candidate.")],
    ) -> ReviewPayload:
        """Bind to a candidate."""
        context = info.context
        return await _settle(context, context.application.reviews.accept(context.principal, key, candidate))

    @answered(ReviewPayload, "It is none of the candidates, and no run shall take it for one of them.")
    async def reject_review(self, info: Info, key: ReviewKey) -> ReviewPayload:
        """Rule the candidates out."""
        context = info.context
        return await _settle(context, context.application.reviews.reject(context.principal, key))

    @answered(ReviewPayload, "Undo a binding: what the source says becomes an item of its own, for ever.")
    async def split_sighting(
        self,
        info: Info,
        item: Annotated[str, strawberry.argument(description="The key of the item.")],
        source: Annotated[str, strawberry.argument(description="The source whose sighting leaves it.")],
        native: Annotated[str, strawberry.argument(description="The source's own key.")],
    ) -> ReviewPayload:
        """Split a sighting off."""
        context = info.context
        reviews = context.application.reviews
        return await _settle(context, reviews.split(context.principal, item, source, native))


async def _settle(context: RequestContext, step: Awaitable[Decision]) -> ReviewPayload:
    try:
        decision = await step
    except EXPECTED as error:
        revision = await context.application.refresh()
        return ReviewPayload(review=None, revision=revision, user_errors=[describe(error)])
    context.forget()
    return ReviewPayload(review=decision.review, revision=decision.revision, user_errors=[])
