"""Closed sets of the model in GraphQL."""

from enum import StrEnum

import pytest
import strawberry

from cmdb.api.publishing import publish


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


class Odd(StrEnum):
    ONE = "one"
    TWO = "two"


def test_each_value_is_described_under_the_given_name() -> None:
    publish(Light, "TrafficLight", "A light.", {Light.RED: "Stop.", Light.GREEN: "Go."})

    @strawberry.type
    class Query:
        @strawberry.field
        def light(self) -> Light:
            return Light.GREEN

    schema = strawberry.Schema(Query)
    text = str(schema)
    assert '"""A light."""\nenum TrafficLight {' in text
    assert '"""Stop."""\n  RED' in text
    assert '"""Go."""\n  GREEN' in text
    answer = schema.execute_sync("{ light }")
    assert (answer.errors, answer.data) == (None, {"light": "GREEN"})


def test_a_value_without_a_description_is_not_published() -> None:
    with pytest.raises(KeyError):
        publish(Odd, "Odd", "Odd ones.", {Odd.ONE: "One."})
