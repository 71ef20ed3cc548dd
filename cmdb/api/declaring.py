"""Declares fields whose source is a plain dataclass of the model, in terms that the type checker follows."""

import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from typing import Annotated, Any, TypeVar, cast

import strawberry

from cmdb.api.context import Info

Resolver = TypeVar("Resolver", bound=Callable[..., object])


def answered(graphql_type: object, description: str) -> Callable[[Resolver], Resolver]:
    """Declare a root field: its resolver returns the model's answer, published as `graphql_type`."""

    def declare(resolver: Resolver) -> Resolver:
        field: object = strawberry.field(
            resolver=resolver, graphql_type=graphql_type, description=description
        )
        return cast("Resolver", field)

    return declare


def subscribed(graphql_type: object, description: str) -> Callable[[Resolver], Resolver]:
    """Declare a root field that lasts: its resolver yields the model's news, published as `graphql_type`."""

    def declare(resolver: Resolver) -> Resolver:
        field: object = strawberry.subscription(
            resolver=resolver, graphql_type=graphql_type, description=description
        )
        return cast("Resolver", field)

    return declare


AsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="The past time that the answer is about; one document asks about one moment."
    ),
]
KnownAt = Annotated[
    datetime | None,
    strawberry.argument(
        description="Use only what had been recorded by this past time; alone it is also the time asked about."
    ),
]


def asked(graphql_type: object, description: str) -> Callable[[Resolver], Resolver]:
    """Declare a root field of a question: as `answered`, and it can be asked of the past."""

    def declare(resolver: Resolver) -> Resolver:
        return answered(graphql_type, description)(_of_any_moment(resolver))

    return declare


def _of_any_moment(resolver: Resolver) -> Resolver:
    """Add `asOf` and `knownAt` to a resolver and bind the request to that moment before it runs."""

    @wraps(resolver)
    async def bound(
        source: object, info: Info, *, as_of: AsOf = None, known_at: KnownAt = None, **arguments: object
    ) -> object:
        await info.context.enter(as_of, known_at)
        return await cast("Awaitable[object]", resolver(source, info, **arguments))

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in (("as_of", AsOf), ("known_at", KnownAt))
    ]
    plain = inspect.signature(resolver)
    bound.__signature__ = plain.replace(parameters=[*plain.parameters.values(), *added])  # type: ignore[attr-defined]
    bound.__annotations__ = {**resolver.__annotations__, "as_of": AsOf, "known_at": KnownAt}
    return cast("Resolver", bound)


def derived(resolver: Callable[..., object], description: str, name: str | None = None) -> Any:  # noqa: ANN401
    """Declare a field that is computed from its source; its annotation gives the GraphQL type."""
    return strawberry.field(resolver=resolver, description=description, name=name)
