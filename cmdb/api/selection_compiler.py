"""Turns the selection below an object into Python functions that build its JSON-ready dict.

The functions know the sound case alone. Whatever they are not written for (a null where none may be, a value of
another class, an error of a resolver) raises, and graphql-core answers instead: errors are its alone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from inspect import isfunction
from keyword import iskeyword
from types import GeneratorType, NoneType
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList
from graphql.pyutils import is_awaitable
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

Collect = Callable[[GraphQLObjectType, FieldDetailsList], CollectedFields]
Built = dict[str, Any]
Completer = Callable[[Any, "Reading"], Any]

_DEFINITION = "strawberry-definition"
"""Where a type or field of the schema keeps what it was declared from."""

_OWN_JSON = {
    GraphQLString: "type({0}) is str",
    GraphQLID: "type({0}) is str",
    GraphQLBoolean: "type({0}) is bool",
    GraphQLInt: "type({0}) is int and -2147483648 <= {0} <= 2147483647",
    GraphQLFloat: "type({0}) is float and {0} - {0} == 0.0",
}
"""When a value of a built-in scalar is its own JSON; for infinities and NaN the difference is NaN."""


class Declined(Exception):
    """The selection or the value is not one that compiled functions are written for."""


@dataclass(slots=True)
class Reading:
    """One run of compiled functions: what their resolvers may see of the request, and what they wait for."""

    context: object
    awaited: list[tuple[Awaitable[object], Built, str, Completer]] = field(default_factory=list)

    def later(self, value: Awaitable[object], into: Built, name: str, complete: Completer) -> None:
        """Note a value that is still to come, and where it belongs."""
        self.awaited.append((value, into, name, complete))


Compiled = Callable[[object, Reading], Built]


def compile_selection(collect: Collect, kind: GraphQLObjectType, details: FieldDetailsList) -> Compiled:
    """Return the function for objects of this type under these nodes; Declined when a part is not understood."""
    compiler = _Compiler(collect)
    return compiler.build(compiler.write(kind, details))


_PLAIN: set[type] = set()
"""Classes whose values are neither errors nor awaitable; as many as the model has."""


def _admit(value: object) -> None:
    """Let a class in when its values can be read as objects, once for all."""
    kind = type(value)
    if issubclass(kind, Exception | NoneType | GeneratorType) or value is Undefined or is_awaitable(value):
        raise Declined
    _PLAIN.add(kind)


def _decline() -> Any:  # noqa: ANN401  stands where any value may stand
    raise Declined


def _careful(coerce: Callable[[object], object]) -> Callable[[object], object]:
    """Return the coercion of a leaf for values that are not seen to be sound at a glance."""

    def careful(value: object) -> object:
        if value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value):
            raise Declined
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise Declined
        return coerced

    return careful


class _Compiler:
    """Writes functions; those with the same text are one function."""

    def __init__(self, collect: Collect) -> None:
        self._collect = collect
        self._functions: dict[str, str] = {}
        self._constants: dict[tuple[str, ...], str] = {}
        self._space: dict[str, Any] = {
            "plain": _PLAIN,
            "admit": _admit,
            "decline": _decline,
            "awaitable": is_awaitable,
            "sequences": frozenset((tuple, list)),
        }

    def build(self, name: str) -> Compiled:
        source = "".join(f"def {function}{text}" for text, function in self._functions.items())
        # Only names that the schema or graphql-core's lexer has checked get into the text, quoted.
        exec(compile(source, "<selection>", "exec"), self._space)  # noqa: S102
        built: Compiled = self._space[name]
        return built

    def write(self, kind: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Write the function that builds an object of this type, and return its name."""
        lines = ["if type(s) not in plain: admit(s)"]
        if kind.is_type_of is not None:
            told = self._constant(("is_type_of", kind.name), kind.is_type_of)
            lines.append(f"if {told}(s, q) is not True: decline()")
        entries, waits = [], []
        for name, found in self._collect(kind, details).grouped_field_set.items():
            field_name = found[0].node.name.value
            if field_name == "__typename":
                entries.append(f"{name!r}: {kind.name!r}")
                continue
            declared, value = kind.fields[field_name], f"v{len(entries)}"
            lines.append(f"{value} = {self._read(kind.name, field_name, declared)}")
            completed = self._complete(declared.type, value, found)
            if _may_wait(declared):
                complete = self._function(f"(v, q):\n return {self._complete(declared.type, 'v', found)}\n")
                lines.append(f"w{value} = awaitable({value})")
                waits.append(f"if w{value}: q.later({value}, d, {name!r}, {complete})")
                completed = f"(None if w{value} else {complete}({value}, q))"
            entries.append(f"{name!r}: {completed}")
        lines += ["d = {" + ", ".join(entries) + "}", *waits, "return d"]
        return self._function("(s, q):\n" + "".join(f" {line}\n" for line in lines))

    def _function(self, text: str) -> str:
        return self._functions.setdefault(text, f"f{len(self._functions)}")

    def _constant(self, label: tuple[str, ...], value: object) -> str:
        name = self._constants.setdefault(label, f"k{len(self._constants)}")
        self._space[name] = value
        return name

    def _read(self, parent: str, name: str, declared: GraphQLField) -> str:
        """Return the expression that resolves a field of `s`."""
        source = _source(declared)
        resolver = source.base_resolver
        if resolver is None:
            if not source.python_name.isidentifier() or iskeyword(source.python_name):
                raise Declined
            return f"s.{source.python_name}"
        if not isfunction(resolver.wrapped_func) or resolver.self_parameter:
            raise Declined
        given = {"s": resolver.parent_parameter, "q": resolver.info_parameter}
        named = (f"{parameter.name}={value}" for value, parameter in given.items() if parameter)
        return f"{self._constant(('resolve', parent, name), resolver.wrapped_func)}({', '.join(named)})"

    def _complete(self, kind: GraphQLOutputType, value: str, details: FieldDetailsList) -> str:
        """Return the expression that completes the value in this variable."""
        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, value, details)
        return f"(None if {value} is None else {self._present(kind, value, details)})"

    def _present(self, kind: GraphQLOutputType, value: str, details: FieldDetailsList) -> str:
        if isinstance(kind, GraphQLList):
            part = f"{value}_"
            each = self._complete(kind.of_type, part, details)
            return f"([{each} for {part} in {value}] if type({value}) in sequences else decline())"
        if isinstance(kind, GraphQLObjectType):
            return f"{self.write(kind, details)}({value}, q)"
        if is_leaf_type(kind):
            return self._leaf(kind, value)
        raise Declined

    def _leaf(self, kind: GraphQLLeafType, value: str) -> str:
        careful = self._constant(("careful", kind.name), _careful(kind.coerce_output_value))
        if kind in _OWN_JSON:
            return f"({value} if {_OWN_JSON[kind].format(value)} else {careful}({value}))"
        if isinstance(kind, GraphQLEnumType):
            definition: StrawberryEnumDefinition = kind.extensions[_DEFINITION]
            members = cast("type[Enum]", definition.wrapped_cls)
            names = {member: kind.coerce_output_value(member) for member in members}
            told = self._constant(("names", kind.name), names)
            return (
                f"({told}[{value}] if type({value}) is {self._constant(('enum', kind.name), members)} "
                f"else {careful}({value}))"
            )
        if kind.coerce_output_value is datetime.isoformat:
            moment = self._constant(("datetime",), datetime)
            return f"({value}.isoformat() if type({value}) is {moment} else {careful}({value}))"
        return f"{careful}({value})"


def _source(declared: GraphQLField) -> StrawberryField:
    """Return what the field was declared from; Declined when more than a resolver stands between it and a value."""
    source = declared.extensions.get(_DEFINITION)
    if type(source) is not StrawberryField or source.extensions or declared.args:
        raise Declined
    return source


def _may_wait(declared: GraphQLField) -> bool:
    """Whether the field can give an awaitable; a leaf from a plain function that does is declined."""
    resolver = _source(declared).base_resolver
    return resolver is not None and (resolver.is_async or not is_leaf_type(get_nullable_type(declared.type)))
