"""Publishes a closed set of the model in GraphQL, each value described."""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition


def publish(closed_set: type[Enum], name: str, description: str, values: Mapping[Enum, str]) -> None:
    """Publish it under that name; a value without a description is a KeyError."""
    strawberry.enum(closed_set, name=name, description=description)
    definition: StrawberryEnumDefinition = getattr(closed_set, "__strawberry_definition__")  # noqa: B009
    for value in definition.values:
        value.description = values[closed_set[value.name]]
