"""Declares fields whose source is a plain dataclass of the model, in terms that the type checker follows."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., object])


def answered(graphql_type: object, description: str) -> Callable[[Resolver], Resolver]:
    """Declare a root field: its resolver returns the model's answer, published as `graphql_type`."""

    def declare(resolver: Resolver) -> Resolver:
        field: object = strawberry.field(
            resolver=resolver, graphql_type=graphql_type, description=description
        )
        return cast("Resolver", field)

    return declare


def derived(resolver: Callable[..., object], description: str, name: str | None = None) -> Any:  # noqa: ANN401
    """Declare a field that is computed from its source; its annotation gives the GraphQL type."""
    return strawberry.field(resolver=resolver, description=description, name=name)
