"""Runs a jq program on documents and validates what comes out as the record stream."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from pathlib import Path

import jq
from pydantic_core import from_json, to_json

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput, Place
from cmdb.ingest.document import DOCUMENT_LIMIT, Document, Remark, log_remark
from cmdb.ingest.records import parse_located
from cmdb.model.metamodel import Metamodel
from cmdb.ports.records import LocatedRecord

_MENTION = '"mention": true'
_REMARK = '"kind": "remark"'
_REMEMBERED = 200_000
"""Mentions that are recognised when they come again; a source names its big things in every document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A jq program: the text at `path` after the `prelude`, with the `arguments` of this load as `$arguments`.

    `together` hands all documents of a load over as one list, as far as they fit, because they refer to one another.
    """

    name: str
    path: Path
    prelude: str = ""
    arguments: AbstractMapping[str, str] = field(default_factory=dict)
    together: bool = False


class Mapping:
    """One compiled program; it sees each document as `.` and `$attribute_types`, class -> attribute -> type."""

    def __init__(self, program: Program, metamodel: Metamodel) -> None:
        """Compile the program; DeclarationError MAPPING_FAILED with jq's own message."""
        self._declared = program
        self._name = program.name
        types = {
            ci_class.name: {
                attribute.name: attribute.type.value for attribute in ci_class.attributes.values()
            }
            for ci_class in metamodel.classes.values()
        }
        given = {"attribute_types": types, "arguments": dict(program.arguments)}
        try:
            text = program.path.read_text(encoding="utf-8")
            self._program = jq.compile(f"{_one_line(program.prelude)} {text}", args=given)
        except (OSError, ValueError) as error:
            raise unusable(program.name, program.path, error) from error

    def records(
        self, documents: Iterable[Document], source: str, remark: Remark = log_remark
    ) -> Iterator[LocatedRecord]:
        """Yield the records as documents come; InvalidInput MAPPING_FAILED or the record stream's own faults."""
        seen: set[int] = set()
        for_people = _Remarks(remark, source)
        lines = (
            (place, line.encode())
            for document in documents_for(documents, together=self._declared.together)
            for place, line in self.outputs(document, source)
            if not for_people.takes(line) and not _is_known_mention(line, seen)
        )
        return parse_located(lines)

    def outputs(self, document: Document, source: str) -> Iterator[tuple[Place, str]]:
        """Yield what the program makes of one document, each as a line of JSON; InvalidInput MAPPING_FAILED."""
        place = Place(source, document.line)
        try:
            text = self._program.input_text(to_json(document.value).decode()).text()
        except ValueError as error:
            raise InvalidInput(
                ErrorCode.MAPPING_FAILED,
                f"The loader '{self._name}' failed on a document: {error}.",
                hint="Check that the document is what this loader expects.",
                place=place,
            ) from error
        # Only line feeds end a value: other line separators stand unescaped inside texts.
        yield from ((place, line) for line in text.split("\n") if line)


def documents_for(documents: Iterable[Document], *, together: bool) -> Iterator[Document]:
    """Yield the documents, or lists of them that are near the limit in size."""
    if not together:
        yield from documents
        return
    gathered: list[object] = []
    first: int | None = None
    size = 0
    for document in documents:
        first = first if gathered else document.line
        gathered.append(document.value)
        size += len(to_json(document.value))
        if size > DOCUMENT_LIMIT:
            yield Document(gathered, first)
            gathered, size = [], 0
    if gathered:
        yield Document(gathered, first)


def unusable(name: str, path: Path, error: Exception) -> DeclarationError:
    """Return the error for a program that jq does not take."""
    return DeclarationError(
        ErrorCode.MAPPING_FAILED,
        f"The jq program of '{name}' cannot be used: {error}.",
        hint="Try it with the jq command.",
        place=Place(f"{path.parent.name}/{path.name}"),
    )


@dataclass(slots=True)
class _Remarks:
    """Passes on what a program has to say to people, each sentence once."""

    remark: Remark
    source: str
    said: set[str] = field(default_factory=set)

    def takes(self, line: str) -> bool:
        if _REMARK not in line:
            return False
        value = from_json(line)
        if not isinstance(value, dict) or value.get("kind") != "remark":
            return False
        text = str(value.get("text"))
        if text not in self.said:
            self.said.add(text)
            self.remark(f"{self.source}: {text}")
        return True


def _is_known_mention(line: str, seen: set[int]) -> bool:
    if _MENTION not in line:
        return False
    mark = hash(line)
    if mark in seen:
        return True
    if len(seen) >= _REMEMBERED:
        seen.clear()
    seen.add(mark)
    return False


def _one_line(prelude: str) -> str:
    """Join the prelude to one line, so that jq's messages count the lines of the program itself."""
    return " ".join(line for line in prelude.splitlines() if not line.startswith("#"))
