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
from cmdb.ingest.completeness import KIND as COVERAGE
from cmdb.ingest.completeness import Completeness
from cmdb.ingest.document import DOCUMENT_LIMIT, Document, Faulty, Remark, log_remark
from cmdb.ingest.faulty_parts import parts_of, without
from cmdb.ingest.records import parse_located
from cmdb.ingest.redaction import hush
from cmdb.model.metamodel import Metamodel
from cmdb.ports.records import LocatedRecord

SourcedDocument = tuple[str, Document]
"""What errors call the input, and a document of it."""

_REPEATED = re.compile(r'"kind": "(?:dependency|party|assignment)"|"mention": true')
_COLUMN = re.compile(r"\bline 1, column (\d+)")
_SHOWN = 200
"""Characters of a line that jq shows; more is the prelude."""

_REMARK = "remark"
_ASIDES = tuple(f'"kind": "{kind}"' for kind in (_REMARK, COVERAGE))
"""What programs say beside records."""

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

    def __init__(
        self, program: Program, metamodel: Metamodel, completeness: Completeness | None = None
    ) -> None:
        """Compile the program; DeclarationError MAPPING_FAILED with jq's own message. `completeness` hears claims."""
        self._declared = program
        self._completeness = completeness or Completeness()
        self._name = program.name
        self._seen: set[int] = set()
        types = {
            ci_class.name: {
                attribute.name: attribute.type.value for attribute in ci_class.attributes.values()
            }
            for ci_class in metamodel.classes.values()
        }
        given = {"attribute_types": types, "arguments": dict(program.arguments)}
        prelude = f"{_one_line(program.prelude)} "
        try:
            text = program.path.read_text(encoding="utf-8")
            self._program = jq.compile(f"{prelude}{text}", args=given)
        except (OSError, ValueError) as error:
            raise unusable(program.name, program.path, error, len(prelude)) from error

    def records(
        self,
        documents: Iterable[SourcedDocument],
        remark: Remark = log_remark,
        faulty: Faulty | None = None,
    ) -> Iterator[LocatedRecord]:
        """Yield the records as documents come; InvalidInput MAPPING_FAILED or the record stream's own faults.

        With `faulty` faults are told there, and what is sound stands.
        """
        return parse_located(self.lines(documents, remark, faulty), faulty)

    def lines(
        self,
        documents: Iterable[SourcedDocument],
        remark: Remark = log_remark,
        faulty: Faulty | None = None,
    ) -> Iterator[tuple[Place, bytes]]:
        """Yield what the program makes of the documents as lines of the record stream, not validated yet."""
        aside = _Asides(remark, self._completeness)
        return (
            (place, line.encode())
            for part in self._parts(documents)
            for source, document in self._joined(self._sound(part, faulty) if faulty else part)
            for place, line in self.outputs(document, source)
            if not aside.takes(line, source)
        )

    def forget(self) -> None:
        """Begin another load: what was said before counts anew when it is said again."""
        self._seen.clear()

    def gather(self, documents: Iterable[SourcedDocument]) -> Iterator[SourcedDocument]:
        """Yield the documents, or lists of them that are near the limit in size if the program wants them together."""
        return (one for part in self._parts(documents) for one in self._joined(part))

    def _parts(self, documents: Iterable[SourcedDocument]) -> Iterator[list[SourcedDocument]]:
        if self._declared.named:
            documents = ((source, _named(document, source)) for source, document in documents)
        return _gathered(documents) if self._declared.together else ([one] for one in documents)

    def _joined(self, part: list[SourcedDocument]) -> list[SourcedDocument]:
        return [_as_one(part)] if part and self._declared.together else part

    def _sound(self, part: list[SourcedDocument], faulty: Faulty) -> list[SourcedDocument]:
        """Leave out what the program fails on: documents, or entries of their lists; tell each."""
        fault = self._fault_of(part)
        if fault is None:
            return part
        sound = [kept for one in part for kept in self._sound_part(one, faulty)]
        if sound == part or (fault := self._fault_of(sound)):
            # Each is sound by itself, all together are not: nobody can say which one to leave out.
            faulty(fault)
            return []
        return sound

    def _sound_part(self, one: SourcedDocument, faulty: Faulty) -> list[SourcedDocument]:
        fault = self._fault_of([one])
        if fault is None:
            return [one]
        source, document = one
        left_out = []
        for number, part in parts_of(document):
            found = self._fault_of([(source, part)])
            if found is not None:
                place = Place(source, document.line, record=f"entry {number}")
                faulty(InvalidInput(found.code, found.message, hint=found.hint, place=place))
                left_out.append(number)
        kept = without(document, left_out)
        if left_out and kept is not None and self._fault_of([(source, kept)]) is None:
            return [(source, kept)]
        if not left_out:
            faulty(fault)
        return []

    def _fault_of(self, part: list[SourcedDocument]) -> InvalidInput | None:
        try:
            for source, document in self._joined(part):
                self._run(document, source)
        except InvalidInput as error:
            return error
        return None

    def outputs(self, document: Document, source: str) -> Iterator[tuple[Place, str]]:
        """Yield what the program makes of one document, each as a line of JSON; InvalidInput MAPPING_FAILED.

        What was said before word for word is left out: sources name their big things again and again.
        """
        place = Place(source, document.line)
        text = self._run(document, source)
        if RECEIVED in text:
            received = document.received_at or datetime.now(UTC)
            text = text.replace(RECEIVED, f'"{received.isoformat()}"')
        # Only line feeds end a value: other line separators stand unescaped inside texts.
        lines = (line for line in text.split("\n") if line)
        yield from ((place, line) for line in lines if not self._is_repeated(line))

    def _run(self, document: Document, source: str) -> str:
        try:
            return str(self._program.input_text(to_json(document.value).decode()).text())
        except ValueError as error:
            raise InvalidInput(
                ErrorCode.MAPPING_FAILED,
                f"The loader '{self._name}' failed on a document: {hush(str(error), document)}.",
                hint="Check that the document is what this loader expects.",
                place=Place(source, document.line),
            ) from error

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


def _gathered(documents: Iterable[SourcedDocument]) -> Iterator[list[SourcedDocument]]:
    part: list[SourcedDocument] = []
    size = 0
    for source, document in documents:
        part.append((source, document))
        size += len(to_json(document.value))
        if size > DOCUMENT_LIMIT:
            yield part
            part, size = [], 0
    if part:
        yield part


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


def unusable(name: str, path: Path, error: Exception, before: int = 0) -> DeclarationError:
    """Return the error for a program that jq does not take; `before` it stand so many characters of ours."""
    return DeclarationError(
        ErrorCode.MAPPING_FAILED,
        f"The jq program of '{name}' cannot be used: {_in_words(error, before)}.",
        hint="Try it with the jq command.",
        place=Place(f"{path.parent.name}/{path.name}"),
    )


def _in_words(error: Exception, before: int) -> str:
    """Count columns of line 1 from where the program begins, and do not show the prelude that stands before it."""
    told = _COLUMN.sub(lambda found: f"line 1, column {int(found[1]) - before}", str(error))
    return "\n".join(line for line in told.splitlines() if len(line) <= _SHOWN).rstrip(":")


@dataclass(slots=True)
class _Asides:
    """Takes what is no record: what a program has to say to people, each sentence once, and what documents cover."""

    remark: Remark
    completeness: Completeness
    said: set[str] = field(default_factory=set)

    def takes(self, line: str, source: str) -> bool:
        if not any(aside in line for aside in _ASIDES):
            return False
        value = from_json(line)
        if not isinstance(value, dict) or value.get("kind") not in (_REMARK, COVERAGE):
            return False
        if value["kind"] == COVERAGE:
            self.completeness.add(value, Place(source))
            return True
        text = str(value.get("text"))
        if text not in self.said:
            self.said.add(text)
            self.remark(f"{source}: {text}")
        return True


def _one_line(prelude: str) -> str:
    """Join the prelude to one line, so that jq's messages count the lines of the program itself."""
    return " ".join(line for line in prelude.splitlines() if not line.startswith("#"))
