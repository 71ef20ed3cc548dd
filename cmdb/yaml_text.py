"""Safe YAML: plain values only, no repeated keys, bounded aliases; declarations keep their line numbers."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput, Place

NODE_LIMIT = 2_000_000
"""Values that one text may unfold to; aliases make a small text arbitrarily large."""

Choice = TypeVar("Choice", bound=StrEnum)


class _Loader(yaml.SafeLoader):
    """Pure Python on purpose: libyaml's composer overruns the C stack on deep nesting."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Refuse repeated keys, of which YAML itself would silently keep the last."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key '{key.value}' stands twice in one mapping", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# Times stay text, as in JSON: only a field's own type decides what a value means.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:timestamp"]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One mapping of a declaration file; every access is checked and names file, line, entry and field."""

    source: str
    name: str
    values: Mapping[str, object]
    lines: Mapping[tuple[str, ...], int] = field(repr=False)
    path: tuple[str, ...] = ()

    def fault(
        self, message: str, hint: str, field: str | None = None, code: ErrorCode = ErrorCode.DECLARATION
    ) -> DeclarationError:
        """Return the error to raise, placed at the field when it is written down, else at the entry."""
        line = self.lines.get((*self.path, field)) if field else None
        place = Place(self.source, line or self.lines.get(self.path), self.name or None, field)
        return DeclarationError(code, message, hint=hint, place=place)

    def allow(self, *fields: str) -> None:
        """Refuse every field that is not named."""
        for found in self.values:
            if found not in fields:
                known = ", ".join(fields)
                raise self.fault(f"There is no field '{found}'.", f"Known fields: {known}.", found)

    def text(self, field: str, default: str | None = None) -> str:
        """Return a non-empty text; required unless a default is given."""
        value = self.values.get(field, default)
        if isinstance(value, str) and (value.strip() or field not in self.values):
            return value
        raise self._wrong(field, "a text")

    def flag(self, field: str) -> bool:
        """Return true or false; false when absent."""
        value = self.values.get(field, False)
        if isinstance(value, bool):
            return value
        raise self._wrong(field, "true or false")

    def names(self, field: str) -> tuple[str, ...]:
        """Return a list of distinct texts; empty when absent."""
        return self.distinct(field, self.values.get(field, []))

    def rows(self, field: str) -> tuple[tuple[str, ...], ...]:
        """Return a list of lists of distinct texts; empty when absent."""
        value = self.values.get(field, [])
        if not isinstance(value, list):
            raise self._wrong(field, "a list of lists of texts")
        return tuple(self.distinct(field, row) for row in value)

    def choice(self, field: str, choices: type[Choice]) -> Choice:
        """Return a member of a closed set."""
        value = self.values.get(field)
        if isinstance(value, str) and value in choices._value2member_map_:
            return choices(value)
        raise self._wrong(field, "one of " + ", ".join(member.value for member in choices))

    def entries(self, field: str) -> Iterator["Entry"]:
        """Yield the named mappings under a field; none when absent."""
        value = self.values.get(field, {})
        if not isinstance(value, dict):
            raise self._wrong(field, "a mapping of names to fields")
        for name, values in value.items():
            inner = Entry(self.source, str(name), values, self.lines, (*self.path, field, str(name)))
            if not isinstance(name, str) or not isinstance(values, dict):
                raise inner.fault(f"'{name}' is not a name with fields.", "Write a mapping under it.")
            yield inner

    def distinct(self, field: str, value: object) -> tuple[str, ...]:
        """Check that a value is a list of distinct, non-empty texts."""
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise self._wrong(field, "a list of texts")
        if len(set(value)) != len(value):
            raise self.fault(f"'{field}' names something twice.", "Name each once.", field)
        return tuple(value)

    def _wrong(self, field: str, expected: str) -> DeclarationError:
        if field not in self.values:
            return self.fault(f"The field '{field}' is missing.", f"Give {expected}.", field)
        return self.fault(f"'{field}' is {self.values[field]!r}.", f"Give {expected}.", field)


def read_entry(path: Path, source: str) -> Entry:
    """Read a declaration file that holds one mapping; `source` is how errors call it."""
    try:
        text = path.read_text(encoding="utf-8")
        nodes = _compose(text, source)
        values = _construct(nodes[0], source) if nodes else None
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"The file cannot be read: {error}.",
            hint="Write a readable UTF-8 file there.",
            place=Place(source),
        ) from error
    except InvalidInput as error:
        raise DeclarationError(error.code, error.message, hint=error.hint, place=error.place) from error
    if len(nodes) != 1 or not isinstance(values, dict):
        raise DeclarationError(
            ErrorCode.DECLARATION,
            "The file does not hold exactly one YAML mapping.",
            hint="Start it with field names at the left margin.",
            place=Place(source, 1),
        )
    return Entry(source, "", values, dict(_lines(nodes[0], ())))


def read_documents(text: str, source: str) -> list[object]:
    """Return every document of a YAML text; InvalidInput SYNTAX or HOSTILE_DOCUMENT."""
    return [_construct(node, source) for node in _compose(text, source)]


def _compose(text: str, source: str) -> list[yaml.Node]:
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
        sizes: dict[int, int] = {}
        total = sum(_size(node, sizes) for node in nodes)
    except yaml.YAMLError as error:
        raise _syntax(error, source) from error
    except RecursionError as error:
        raise _hostile("The YAML text is nested too deeply or refers to itself.", source) from error
    if total > NODE_LIMIT:
        raise _hostile(f"The YAML text unfolds to {total} values; {NODE_LIMIT} are allowed.", source)
    return nodes


def _construct(node: yaml.Node, source: str) -> object:
    loader = _Loader("")
    try:
        value: object = loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        raise _syntax(error, source) from error
    finally:
        loader.dispose()
    return value


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Count the values that a node unfolds to; a node inside itself recurses until Python stops it."""
    if id(node) not in sizes:
        if isinstance(node, yaml.MappingNode):
            inner = sum(_size(key, sizes) + _size(value, sizes) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            inner = sum(_size(value, sizes) for value in node.value)
        else:
            inner = 0
        sizes[id(node)] = inner + 1
    return sizes[id(node)]


def _lines(node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _lines(value, inner)


def _syntax(error: Exception, source: str) -> InvalidInput:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = Place(source, mark.line + 1 if mark else None)
    return InvalidInput(
        ErrorCode.SYNTAX, f"The YAML is wrong: {problem}.", hint="Correct that line.", place=place
    )


def _hostile(message: str, source: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.HOSTILE_DOCUMENT, message, hint="Write the values out without aliases.", place=Place(source)
    )
