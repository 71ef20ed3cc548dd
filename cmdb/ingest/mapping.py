"""Runs a jq program on documents and validates what comes out as the record stream."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import jq
from pydantic_core import from_json, to_json

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput, Place
from cmdb.ingest.document import DOCUMENT_LIMIT, Document, Remark, log_remark
from cmdb.ingest.records import parse_located
from cmdb.model.metamodel import Metamodel
from cmdb.ports.records import LocatedRecord

SourcedDocument = tuple[str, Document]
"""What errors call the input, and a document of it."""

_REPEATED = re.compile(r'"kind": "(?:dependency|party|assignment)"|"mention": true')
_REMARK = '"kind": "remark"'
_ENDING = re.compile(r"\.(json|ndjson|jsonl|ya?ml|ini|cfg|inventory|txt|xml)$")
RECEIVED = '"@received"'
"""What a program writes for the time at which its document came in: many sources tell no time of their own."""

_REMEMBERED = 200_000
"""Lines that are recognised when they come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A jq program: the text at `path` after the `prelude`, with the `arguments` of this load as `$arguments`.

    `together` hands all documents of a load over as one list, as far as they fit: they refer to one another. `named`
    hands each over as `{"file": its name without folder and ending, "content"}`.
    """

    name: str
    path: Path
    prelude: str = ""
    arguments: AbstractMapping[str, str] = field(default_factory=dict)
    together: bool = False
    named: bool = False


class Mapping:
    """One program, for one load; it sees a document as `.` and `$attribute_types`: class -> attribute -> type."""

    def __init__(self, program: Program, metamodel: Metamodel) -> None:
        """Compile the program; DeclarationError MAPPING_FAILED with jq's own message."""
        self._declared = program
        self._name = program.name
        self._seen: set[int] = set()
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
        self, documents: Iterable[SourcedDocument], remark: Remark = log_remark
    ) -> Iterator[LocatedRecord]:
        """Yield the records as documents come; InvalidInput MAPPING_FAILED or the record stream's own faults."""
        return parse_located(self.lines(documents, remark))

    def lines(
        self, documents: Iterable[SourcedDocument], remark: Remark = log_remark
    ) -> Iterator[tuple[Place, bytes]]:
        """Yield what the program makes of the documents as lines of the record stream, not validated yet."""
        for_people = _Remarks(remark)
        return (
            (place, line.encode())
            for source, document in self.gather(documents)
            for place, line in self.outputs(document, source)
            if not for_people.takes(line, source)
        )

    def forget(self) -> None:
        """Begin another load: what was said before counts anew when it is said again."""
        self._seen.clear()

    def gather(self, documents: Iterable[SourcedDocument]) -> Iterator[SourcedDocument]:
        """Yield the documents, or lists of them that are near the limit in size if the program wants them together."""
        if self._declared.named:
            documents = ((source, _named(document, source)) for source, document in documents)
        return _gathered(documents) if self._declared.together else iter(documents)

    def outputs(self, document: Document, source: str) -> Iterator[tuple[Place, str]]:
        """Yield what the program makes of one document, each as a line of JSON; InvalidInput MAPPING_FAILED.

        What was said before word for word is left out: sources name their big things again and again.
        """
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
        if RECEIVED in text:
            received = document.received_at or datetime.now(UTC)
            text = text.replace(RECEIVED, f'"{received.isoformat()}"')
        # Only line feeds end a value: other line separators stand unescaped inside texts.
        lines = (line for line in text.split("\n") if line)
        yield from ((place, line) for line in lines if not self._is_repeated(line))

    def _is_repeated(self, line: str) -> bool:
        if not _REPEATED.search(line):
            return False
        mark = hash(line)
        if mark in self._seen:
            return True
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(mark)
        return False


def _gathered(documents: Iterable[SourcedDocument]) -> Iterator[SourcedDocument]:
    part: list[SourcedDocument] = []
    size = 0
    for source, document in documents:
        part.append((source, document))
        size += len(to_json(document.value))
        if size > DOCUMENT_LIMIT:
            yield _as_one(part)
            part, size = [], 0
    if part:
        yield _as_one(part)


def _named(document: Document, source: str) -> Document:
    """Put the name of the file beside the content; only endings of formats are cut off, a host's name has dots too."""
    named = {"file": _ENDING.sub("", Path(source).name), "content": document.value}
    return Document(named, document.line, document.received_at)


def _as_one(part: list[SourcedDocument]) -> SourcedDocument:
    """Join documents to a list, called by its first source and how many more there are."""
    sources = list(dict.fromkeys(source for source, _ in part))
    several = len(sources) > 1
    name = f"{sources[0]} and {len(sources) - 1} more" if several else sources[0]
    return name, Document([document.value for _, document in part], None if several else part[0][1].line)


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
    said: set[str] = field(default_factory=set)

    def takes(self, line: str, source: str) -> bool:
        if _REMARK not in line:
            return False
        value = from_json(line)
        if not isinstance(value, dict) or value.get("kind") != "remark":
            return False
        text = str(value.get("text"))
        if text not in self.said:
            self.said.add(text)
            self.remark(f"{source}: {text}")
        return True


def _one_line(prelude: str) -> str:
    """Join the prelude to one line, so that jq's messages count the lines of the program itself."""
    return " ".join(line for line in prelude.splitlines() if not line.startswith("#"))
