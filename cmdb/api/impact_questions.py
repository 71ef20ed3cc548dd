"""The questions `impact` and `whatIf`."""

from typing import Annotated

import strawberry
from strawberry import Maybe

from cmdb.api.arguments import AtLeast, PageSize, ServicesOnly, check_size, check_skip
from cmdb.api.context import Info
from cmdb.api.declaring import asked
from cmdb.api.item_types import Proof
from cmdb.api.record_types import Party, Ticket
from cmdb.api.state_types import Basis, Health, ItemRef, Margin, PathStep
from cmdb.api.vocabulary import Severity
from cmdb.application.requests import ImpactRequest, WhatIfRequest
from cmdb.model.answers import ImpactAnswer, WhatIfAnswer


@strawberry.input(one_of=True, description="Where impact starts: exactly one of these.")
class ImpactOrigin:
    """The three forms of an origin."""

    event: Maybe[str] = strawberry.field(description="Key of an event.")
    item: Maybe[str] = strawberry.field(description="Key or unique name of an item.")
    change: Maybe[str] = strawberry.field(description="Key of a change; its targets are assumed to fail.")


@strawberry.type(description="One item that the origin harms or endangers.")
class ImpactRow:
    """Mirrors `cmdb.model.answers.ImpactRow`."""

    item: ItemRef = strawberry.field(description="The item.")
    health: Health = strawberry.field(description="Its state now.")
    severity: Severity = strawberry.field(
        description="Its severity with the origin failing on top of everything else that fails now."
    )
    alone: Severity = strawberry.field(description="Its severity if the origin were the only failure.")
    without: Severity = strawberry.field(description="Its severity if the origin were healthy.")
    impacted: bool = strawberry.field(description="Whether the origin harms it; false: redundancy holds.")
    proof: Proof = strawberry.field(description="Why it is in its state.")
    margin: Margin = strawberry.field(description="How many further failures it survives.")
    tickets: list[Ticket] = strawberry.field(description="Open tickets on it or on its causes.")
    owners: list[Party] = strawberry.field(description="Who answers for it.")


@strawberry.type(description="What an event, item or change impacts.")
class ImpactReport:
    """Mirrors `cmdb.model.answers.ImpactAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    origins: list[ItemRef] = strawberry.field(description="The items where it starts.")
    reached: int = strawberry.field(description="How many items depend on the origins, directly or not.")
    impacted: int = strawberry.field(description="How many of the asked kind are harmed.")
    holding: int = strawberry.field(description="How many of the asked kind stand on redundancy.")
    restricted: int = strawberry.field(description="How many more the caller may not see.")
    rows: list[ImpactRow] = strawberry.field(
        description="The asked page: impacted ones first, by severity, then by name."
    )
    has_more: bool = strawberry.field(description="Whether rows follow this page.")


@strawberry.type(description="An item whose severity or margin an assumed failure alters.")
class WhatIfRow:
    """Mirrors `cmdb.model.answers.WhatIfRow`."""

    item: ItemRef = strawberry.field(description="The item.")
    before: Severity = strawberry.field(description="Its severity now.")
    after: Severity = strawberry.field(description="Its severity under the assumption.")
    margin_before: int | None = strawberry.field(description="Further failures it survives now.")
    margin_after: int | None = strawberry.field(description="Further failures it would survive then.")
    path: list[PathStep] = strawberry.field(
        description="A shortest chain of dependencies to an assumed item."
    )
    owners: list[Party] = strawberry.field(description="Who answers for it.")


@strawberry.type(description="What would happen if the assumed items failed.")
class WhatIfReport:
    """Mirrors `cmdb.model.answers.WhatIfAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    assumed: list[ItemRef] = strawberry.field(description="The items assumed to fail.")
    worse: int = strawberry.field(description="How many would get worse.")
    margin_lost: int = strawberry.field(description="How many would only lose margin.")
    rows: list[WhatIfRow] = strawberry.field(
        description="Those that worsen first, then those that only lose margin."
    )
    has_more: bool = strawberry.field(description="Whether rows follow this page.")


@strawberry.type
class ImpactQuestions:
    """Root fields about impact."""

    @asked(
        ImpactReport | None,
        "Which services (or items) does an event, item or change impact, and what still holds?",
    )
    async def impact(  # noqa: PLR0913  GraphQL arguments are given by name
        self,
        info: Info,
        *,
        origin: Annotated[ImpactOrigin, strawberry.argument(description="Where impact starts.")],
        as_if: Annotated[
            Severity,
            strawberry.argument(description="Assumed for an item without events, or a change's targets."),
        ] = Severity.CRITICAL,
        services_only: ServicesOnly = True,
        include_holding: Annotated[
            bool, strawberry.argument(description="Whether rows that redundancy protects are listed too.")
        ] = True,
        first: PageSize = 20,
        skip: Annotated[int, strawberry.argument(description="Rows to leave out, for the next page.")] = 0,
        at_least_revision: AtLeast = None,
    ) -> ImpactAnswer:
        """Evaluate the origin against the present."""
        request = ImpactRequest(
            event=origin.event.value if origin.event else None,
            item=origin.item.value if origin.item else None,
            change=origin.change.value if origin.change else None,
            as_if=as_if,
            services_only=services_only,
            include_holding=include_holding,
            first=check_size(first),
            skip=check_skip(skip),
        )
        context = info.context
        return await context.questions.impact(context.principal, request, at_least_revision or 0)

    @asked(WhatIfReport | None, "What would happen if these items were at that severity?")
    async def what_if(
        self,
        info: Info,
        *,
        items: Annotated[list[str], strawberry.argument(description="Keys or unique names of items.")],
        severity: Annotated[
            Severity, strawberry.argument(description="The severity assumed for them.")
        ] = Severity.CRITICAL,
        services_only: ServicesOnly = True,
        first: PageSize = 20,
        at_least_revision: AtLeast = None,
    ) -> WhatIfAnswer:
        """Evaluate the assumption against the present."""
        request = WhatIfRequest(
            items=tuple(items), severity=severity, services_only=services_only, first=check_size(first)
        )
        context = info.context
        return await context.questions.what_if(context.principal, request, at_least_revision or 0)
