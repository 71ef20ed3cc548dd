from datetime import UTC, datetime

import pytest
from graphql import GraphQLError

from cmdb.api.vocabulary import parse_attribute, parse_time


def test_times_carry_an_offset() -> None:
    assert parse_time("2030-01-31T12:00:00Z") == datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert parse_time("2030-01-31T14:00:00+02:00") == datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2030-01-31T12:00:00", "2030-01-31", "noon", 7, None, ""])
def test_other_times_are_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        parse_time(value)


@pytest.mark.parametrize("value", ["a", 1, 1.5, True])
def test_plain_attribute_values_pass_as_they_are(value: object) -> None:
    assert parse_attribute(value) is value


def test_lists_of_text_become_tuples() -> None:
    assert parse_attribute(["a", "b"]) == ("a", "b")


@pytest.mark.parametrize("value", [None, {}, [1], [["a"]]])
def test_other_attribute_values_are_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        parse_attribute(value)
