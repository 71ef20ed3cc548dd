"""What compiled functions read, and what they leave to graphql-core, on a small schema of all kinds of fields."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any, NewType

import pytest
import strawberry
from graphql import ExecutionResult, FieldNode, GraphQLObjectType, Undefined, execute, parse
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.extensions import FieldExtension
from strawberry.schema.config import StrawberryConfig

from cmdb.api.selection_compiler import Reading, compile_selection


class Colour(Enum):
    """A plain enum, with a name of its own for one value."""

    RED = "r"
    BLUE = "b"


strawberry.enum(Colour)
Hidden = NewType("Hidden", str)
HIDDEN = strawberry.scalar(name="Hidden", serialize=lambda text: str(text) or None, parse_value=str)
Source = strawberry.Parent[Any]


def _doubled(root: Source) -> int:
    return 2 * int(root.number)


async def _awaited(root: Source) -> str:
    return f"{root.text}, awaited"


async def _child(root: Source) -> Any:
    await asyncio.sleep(0)
    return root.child


def _maybe(root: Source, info: strawberry.Info[Any, None]) -> Any:
    return info.context(root)


def _placed(info: strawberry.Info[Any, None]) -> str:
    return str(info.path.key)


def _scaled(root: Source, factor: int = 2) -> int:
    return factor * int(root.number)


class Shouting(FieldExtension):
    """Stands between a field and its value."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **given: Any) -> Any:
        """Raise the voice."""
        return next_(source, info, **given).upper()


@strawberry.type
class Thing:
    """Fields of every kind."""

    text: str
    perhaps: str | None
    number: int
    ratio: float
    yes: bool
    id: strawberry.ID
    colour: Colour
    texts: list[str]
    grid: list[list[int | None]] | None
    child: "Thing | None"
    children: list["Thing"]
    doubled: int = strawberry.field(resolver=_doubled)
    awaited: str = strawberry.field(resolver=_awaited)
    late: "Thing | None" = strawberry.field(resolver=_child)
    maybe: "Thing | None" = strawberry.field(resolver=_maybe)
    placed: str = strawberry.field(resolver=_placed)
    shouted: str = strawberry.field(resolver=lambda root: root.text, extensions=[Shouting()])

    scaled: int = strawberry.field(resolver=_scaled)
    hidden: Hidden

    @strawberry.field
    def method(self) -> int:
        """Belong to the type, which sources are not."""
        return 1


@strawberry.type
class Query:
    """One root."""

    thing: Thing | None


SCHEMA = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map={Hidden: HIDDEN}))._schema  # noqa: SLF001


def thing(**other: Any) -> SimpleNamespace:
    """Return a sound source, but for what is given."""
    sound: dict[str, Any] = {
        "text": "a",
        "perhaps": None,
        "number": 3,
        "ratio": 0.5,
        "yes": True,
        "id": "t1",
        "colour": Colour.BLUE,
        "hidden": "h",
        "texts": ("x", "y"),
        "grid": [[1, None], []],
        "child": None,
        "children": (),
    }
    return SimpleNamespace(**sound | other)


@dataclass
class Asked:
    """What both ways gave; `compiled` is None where the function declined."""

    plain: ExecutionResult
    compiled: dict[str, Any] | None

    def agree(self) -> bool:
        """Whether the function gave what graphql-core gives, or left it alone."""
        return self.compiled is None or json.dumps(self.plain.formatted) == json.dumps(
            {"data": {"thing": self.compiled}}
        )


def ask(selection: str, source: object, context: object = None) -> Asked:
    """Complete the source both ways."""
    document = parse(f"{{ thing {selection} }}")
    root = SimpleNamespace(thing=source)

    async def both() -> Asked:
        found = execute(SCHEMA, document, root, context)
        plain = await found if isawaitable(found) else found
        assert isinstance(plain, ExecutionResult)
        executor = Executor.build(SCHEMA, document, root, context)
        assert isinstance(executor, Executor)
        return Asked(plain, await read(executor, source, context))

    return asyncio.run(both())


async def read(executor: Executor[None], source: object, context: object) -> dict[str, Any] | None:
    """Return what the function builds, waiting for what it waits for."""
    kind, node = SCHEMA.type_map["Thing"], executor.operation.selection_set.selections[0]
    assert isinstance(kind, GraphQLObjectType)
    assert isinstance(node, FieldNode)
    reading = Reading(context)
    try:
        built = compile_selection(executor.collect_subfields, kind, [FieldDetails(node, None)])(
            source, reading
        )
        while reading.awaited:
            value, into, name, complete = reading.awaited.pop()
            into[name] = complete(await value, reading)
    except Exception:  # noqa: BLE001  as the executor takes it
        return None
    return built


LEAVES = "{ text perhaps number ratio yes id colour hidden texts grid again: text }"


@pytest.mark.parametrize(
    ("selection", "source"),
    [
        (LEAVES, thing()),
        (LEAVES, thing(perhaps="p", number=-(2**31), grid=None, texts=[])),
        (
            "{ child { text child { __typename } } children { number } }",
            thing(child=thing(), children=[thing()]),
        ),
        ("{ doubled awaited late { text } }", thing(child=thing(text="b"))),
        (
            "{ late { late { awaited } children { awaited } } }",
            thing(child=thing(children=(thing(),), child=thing())),
        ),
    ],
)
def test_sound_values_are_read(selection: str, source: object) -> None:
    asked = ask(selection, source)
    assert asked.compiled is not None
    assert asked.plain == ExecutionResult({"thing": asked.compiled}, None)
    assert list(asked.compiled) == list((asked.plain.data or {})["thing"])


class OwnError(Exception):
    """An error whose text graphql-core would take for a value if it were not an error."""


INFINITE = [float("inf"), float("nan")]
BAD = [None, Undefined, OwnError("x"), *INFINITE, 2**31, True, 1.0, 1, "", "red", (None,), {}, {1}, object()]


@pytest.mark.parametrize("bad", BAD, ids=repr)
@pytest.mark.parametrize("name", LEAVES.strip("{} ").split()[:-2])
def test_other_leaves_are_coerced_alike_or_left(name: str, bad: object) -> None:
    assert ask(f"{{ {name} }}", thing(**{name: bad})).agree()


@pytest.mark.parametrize("name", ["text", "ratio", "number", "yes", "colour", "perhaps"])
def test_errors_in_the_place_of_values_are_left(name: str) -> None:
    assert ask(f"{{ {name} }}", thing(**{name: OwnError("x")})).compiled is None


@pytest.mark.parametrize("bad", [None, Undefined, OwnError("x"), (text for text in "ab")])
def test_what_is_no_object_is_left_though_nothing_of_it_is_read(bad: object) -> None:
    assert ask("{ children { __typename } }", thing(children=[bad])).compiled is None


@pytest.mark.parametrize("field", ["shouted", "scaled", "scaled(factor: 3)", "method"])
def test_fields_with_arguments_or_extensions_are_left(field: str) -> None:
    assert ask(f"{{ text child {{ {field} }} }}", thing(child=None)).compiled is None


def test_a_resolver_may_see_the_context_and_nothing_else() -> None:
    asked = ask("{ maybe { text } }", thing(), lambda root: thing(text=root.text * 2))
    assert asked.compiled == {"maybe": {"text": "aa"}}
    assert asked.agree()
    placed = ask("{ placed }", thing())
    assert placed.compiled is None
    assert placed.plain.data == {"thing": {"placed": "placed"}}


@pytest.mark.parametrize("wait", [False, True])
def test_a_resolver_may_answer_at_once_or_later(wait: bool) -> None:
    async def later(value: object) -> object:
        return value

    asked = ask("{ maybe { text } text }", thing(), lambda root: later(root) if wait else root)
    assert asked.compiled == {"maybe": {"text": "a"}, "text": "a"}
    assert list(asked.compiled) == ["maybe", "text"]


def test_iterators_are_left_whole() -> None:
    parts = iter(["x"])
    executor = Executor.build(SCHEMA, parse("{ thing { texts } }"))
    assert isinstance(executor, Executor)
    assert asyncio.run(read(executor, thing(texts=parts), None)) is None
    assert list(parts) == ["x"]
