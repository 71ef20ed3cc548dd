"""Measures what a GraphQL document asks for, in time linear to its length, before anything else looks at it.

Each fragment is measured once, relative to where it is spread; doubling fragments costs additions, not walks.
"""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.utilities import get_default_value_ast

from cmdb.errors import ErrorCode, InvalidInput, Place

SIZES = {"first": 100, "limit": 2_000, "best": 10}
"""Arguments that say how many rows a field returns, and the most that it grants."""

QUESTION = 5_000
"""Cost of each root field: a question may walk the whole graph before it answers its first row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a document, or a part of it, asks for; `cost` counts each field once a row that it may appear in."""

    depth: int = 0
    nesting: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0


LIMITS = Measure(depth=20, nesting=50, fields=2_000, aliases=50, directives=50, cost=100_000)
NOTHING = Measure()
_NAMES = {
    "depth": "levels of fields",
    "nesting": "levels of fields and fragments",
    "fields": "fields, fragments expanded",
    "aliases": "aliases, fragments expanded",
    "directives": "directives, fragments expanded",
    "cost": f"units of cost: {QUESTION} a question and 1 a field and row",
}


def check_cost(schema: GraphQLSchema, document: DocumentNode, limits: Measure = LIMITS) -> Measure:
    """Return the largest measure of the document's operations; TOO_COSTLY names the limit and the value found."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    meter = _Meter(schema, fragments, limits)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return max((meter.operation(node) for node in operations), key=lambda found: found.cost, default=NOTHING)


class _Meter:
    def __init__(
        self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode], limits: Measure
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._limits = limits
        self._known: dict[str, Measure] = {}
        self._open: set[str] = set()
        self._level = 0

    def operation(self, node: OperationDefinitionNode) -> Measure:
        root = self._schema.get_root_type(node.operation)
        own = Measure(directives=len(node.directives or ()))
        return self._sum(own, self._set(node.selection_set, root))

    def _set(self, node: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        total = NOTHING
        if node is None:
            return total
        self._level += 1
        if self._level > self._limits.nesting:
            raise _too_costly("nesting", self._level, self._limits.nesting)
        for selection in node.selections:
            total = self._sum(total, self._selection(selection, parent))
        self._level -= 1
        return total

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType | None) -> Measure:
        own = Measure(directives=len(node.directives or ()))
        if isinstance(node, FieldNode):
            return self._sum(own, self._field(node, parent))
        if isinstance(node, FragmentSpreadNode):
            return self._sum(own, self._spread(node.name.value))
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            inner = self._schema.get_type(condition.name.value) if condition else parent
            return self._sum(own, _deeper(self._set(node.selection_set, inner)))
        return own

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        declared = getattr(parent, "fields", {}).get(node.name.value)
        inner = self._set(node.selection_set, get_named_type(declared.type) if declared else None)
        return self._checked(
            Measure(
                depth=inner.depth + 1,
                nesting=inner.nesting + 1,
                fields=inner.fields + 1,
                aliases=inner.aliases + (node.alias is not None),
                directives=inner.directives,
                cost=self._price(declared, parent) + _rows(node, declared) * inner.cost,
            )
        )

    def _price(self, declared: GraphQLField | None, parent: GraphQLNamedType | None) -> int:
        # Introspection fields and unknown ones are declared on no type; the latter fail validation.
        schema = self._schema
        roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
        return QUESTION if declared is not None and parent in roots else 1

    def _spread(self, name: str) -> Measure:
        if name in self._open:
            raise InvalidInput(
                ErrorCode.HOSTILE_DOCUMENT,
                f"Fragment '{name}' spreads itself.",
                hint="Remove the circle of fragments.",
                place=Place("document"),
            )
        fragment = self._fragments.get(name)
        if fragment is None:
            return NOTHING
        if name not in self._known:
            self._open.add(name)
            inner = self._set(
                fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value)
            )
            self._open.remove(name)
            own = Measure(directives=len(fragment.directives or ()))
            self._known[name] = self._sum(own, _deeper(inner))
        return self._known[name]

    def _sum(self, one: Measure, other: Measure) -> Measure:
        return self._checked(
            Measure(
                depth=max(one.depth, other.depth),
                nesting=max(one.nesting, other.nesting),
                fields=one.fields + other.fields,
                aliases=one.aliases + other.aliases,
                directives=one.directives + other.directives,
                cost=one.cost + other.cost,
            )
        )

    def _checked(self, found: Measure) -> Measure:
        # Every part is reached from an operation, so one that is over a limit settles it at once.
        for name in _NAMES:
            value, limit = getattr(found, name), getattr(self._limits, name)
            if value > limit:
                raise _too_costly(name, value, limit)
        return found


def _deeper(found: Measure) -> Measure:
    return Measure(
        depth=found.depth,
        nesting=found.nesting + 1,
        fields=found.fields,
        aliases=found.aliases,
        directives=found.directives,
        cost=found.cost,
    )


def _rows(node: FieldNode, declared: GraphQLField | None) -> int:
    """Return how many rows the field may answer; a variable counts as the most, so that a verdict can be kept."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    for name, most in SIZES.items():
        if declared is None or name not in declared.args:
            continue
        value = given.get(name) or get_default_value_ast(declared.args[name])
        if isinstance(value, IntValueNode):
            return max(1, min(int(value.value), most))
        return most
    return 1


def _too_costly(name: str, found: int, limit: int) -> InvalidInput:
    return InvalidInput(
        ErrorCode.TOO_COSTLY,
        f"The document has {found} {_NAMES[name]}; the limit is {limit}.",
        hint="Ask for less, or in several requests.",
        place=Place("document", field=name),
    )
