"""Root fields over the model's own answers, and questions that can be asked of the past."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import pytest
import strawberry

from cmdb.api.context import Info
from cmdb.api.declaring import answered, asked, derived, subscribed


@dataclass
class Plain:
    """What the model answers with."""

    number: int


@strawberry.type(name="Number", description="A number.")
class Published:
    number: int = strawberry.field(description="It.")


def _double(root: strawberry.Parent[Plain]) -> int:
    return root.number * 2


@strawberry.type(description="A number and its double.")
class Doubled:
    number: int = strawberry.field(description="It.")
    double: int = derived(_double, "Twice as much.")
    twice: int = derived(_double, "The same.", "again")

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        return isinstance(source, Plain)


@dataclass
class Moments:
    """Stands for a request: keeps the moments it was bound to, or refuses them."""

    entered: list[tuple[datetime | None, datetime | None]] = field(default_factory=list)
    refuses: bool = False

    async def enter(self, as_of: datetime | None, known_at: datetime | None) -> None:
        if self.refuses:
            raise ValueError("another moment")
        self.entered.append((as_of, known_at))


CALLED: list[int] = []


@strawberry.type
class Query:
    @answered(Published, "The number.")
    async def plain(self, number: Annotated[int, strawberry.argument(description="Which.")] = 1) -> Plain:
        return Plain(number)

    @asked(Doubled, "The number at a time.")
    async def past(
        self, info: Info, number: Annotated[int, strawberry.argument(description="Which.")] = 1
    ) -> Plain:
        assert isinstance(info.context, Moments)
        CALLED.append(len(info.context.entered))
        return Plain(number)


@strawberry.type
class Subscription:
    @subscribed(Published, "Numbers.")
    async def count(self, to: int) -> AsyncGenerator[Plain, None]:
        for number in range(to):
            yield Plain(number)


SCHEMA = strawberry.Schema(Query, subscription=Subscription)
AS_OF, KNOWN_AT = "2026-03-02T11:00:00+00:00", "2026-03-02T12:00:00+00:00"


def test_fields_are_published_with_their_types_arguments_and_descriptions() -> None:
    text = str(SCHEMA)
    assert '"""The number."""\n  plain(\n    """Which."""\n    number: Int! = 1\n  ): Number!' in text
    assert '"""Twice as much."""\n  double: Int!' in text
    assert '"""The same."""\n  again: Int!' in text
    assert "count(to: Int!): Number!" in text


def test_only_questions_take_a_time() -> None:
    plain, _, past = str(SCHEMA).partition("past(")
    past = past.partition("): Doubled!")[0]
    assert "asOf: DateTime = null" in past
    assert "knownAt: DateTime = null" in past
    assert "asOf" not in plain


async def test_the_models_answer_is_read_by_its_own_fields() -> None:
    answer = await SCHEMA.execute("{ plain(number: 3) { number } }")
    assert (answer.errors, answer.data) == (None, {"plain": {"number": 3}})


async def test_a_question_is_bound_to_its_moment_before_it_is_answered() -> None:
    CALLED.clear()
    moments = Moments()
    text = (
        "query($a: DateTime, $k: DateTime) { past(number: 4, asOf: $a, knownAt: $k) { number double again } }"
    )
    answer = await SCHEMA.execute(text, {"a": AS_OF, "k": KNOWN_AT}, context_value=moments)
    assert (answer.errors, answer.data) == (None, {"past": {"number": 4, "double": 8, "again": 8}})
    assert moments.entered == [(datetime.fromisoformat(AS_OF), datetime.fromisoformat(KNOWN_AT))]
    assert CALLED == [1]


async def test_a_question_without_a_time_is_about_the_present() -> None:
    moments = Moments()
    await SCHEMA.execute("{ past { number } }", context_value=moments)
    assert moments.entered == [(None, None)]


async def test_a_moment_that_is_refused_is_not_answered() -> None:
    CALLED.clear()
    answer = await SCHEMA.execute("{ past { number } }", context_value=Moments(refuses=True))
    assert [error.message for error in answer.errors or ()] == ["another moment"]
    assert CALLED == []


async def test_news_come_one_by_one() -> None:
    told = await SCHEMA.subscribe("subscription { count(to: 3) { number } }")
    assert hasattr(told, "__aiter__")
    assert [row.data async for row in told] == [{"count": {"number": number}} for number in range(3)]


@pytest.mark.parametrize("text", ["{ past(asOf: 5) { number } }", "{ plain(asOf: null) { number } }"])
async def test_what_is_no_time_or_takes_none_is_refused(text: str) -> None:
    answer = await SCHEMA.execute(text, context_value=Moments())
    assert answer.errors
    assert answer.data is None
