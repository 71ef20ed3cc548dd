"""The GraphQL schema: every question and mutation joined to two roots."""

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from cmdb.api.cause_questions import CauseQuestions
from cmdb.api.event_mutations import EventMutations
from cmdb.api.find_questions import FindQuestions
from cmdb.api.history_questions import HistoryQuestions
from cmdb.api.impact_questions import ImpactQuestions
from cmdb.api.inbox_questions import InboxMutations, InboxQuestions
from cmdb.api.list_questions import ListQuestions, ReferenceQuestions
from cmdb.api.live_subscriptions import LiveSubscriptions
from cmdb.api.metamodel_questions import MetamodelQuestions
from cmdb.api.outbox_fields import OutboxMutations, OutboxQuestions
from cmdb.api.record_mutations import RecordMutations
from cmdb.api.record_types import Party
from cmdb.api.review_mutations import ReviewMutations
from cmdb.api.run_questions import RunQuestions
from cmdb.api.ticket_mutations import TicketMutations
from cmdb.api.vocabulary import SCALARS


@strawberry.type(
    description="All questions. Each is nullable, so that one that fails leaves the others answered."
)
class Query(
    ImpactQuestions,
    CauseQuestions,
    HistoryQuestions,
    FindQuestions,
    ListQuestions,
    ReferenceQuestions,
    MetamodelQuestions,
    RunQuestions,
    InboxQuestions,
    OutboxQuestions,
):
    """The root of all questions."""


@strawberry.type(
    description="All that writes. Expected failures come back as rows and userErrors, not as errors."
)
class Mutation(
    RecordMutations, TicketMutations, EventMutations, ReviewMutations, InboxMutations, OutboxMutations
):
    """The root of all that writes."""


@strawberry.type(
    description="All that tells of changes as they happen, over a WebSocket with graphql-transport-ws."
)
class Subscription(LiveSubscriptions):
    """The root of all that lasts."""


SCHEMA = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Party],
    config=StrawberryConfig(scalar_map=dict(SCALARS), disable_field_suggestions=True),
)


def executable() -> GraphQLSchema:
    """Return the schema that graphql-core validates against and executes."""
    return SCHEMA._schema  # noqa: SLF001  strawberry has no public name for it, and its own views use this one


def print_sdl() -> str:
    """Return the schema in the schema definition language, ending with a newline."""
    return SCHEMA.as_str() + "\n"
