"""Tries a loader on an input, one document at a time, and finds out which loader an input is for."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath

import jq
from pydantic_core import from_json, to_json

from cmdb.errors import InvalidInput, Place
from cmdb.ingest.completeness import KIND as COVERAGE
from cmdb.ingest.document import Document
from cmdb.ingest.formats import READERS, Format
from cmdb.ingest.http_source import is_http
from cmdb.ingest.inputs import GRAPHS, STDIN, Reading, open_inputs
from cmdb.ingest.loaders import Asked, Loader, Loaders, read_documents
from cmdb.ingest.mapping import unusable
from cmdb.ingest.records import parse_located
from cmdb.ingest.redaction import redact, scrub
from cmdb.model.records import EntryRecord

_SPELT = {
    ".json": Format.JSON,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".yaml": Format.YAML,
    ".yml": Format.YAML,
    ".xml": Format.XML,
    ".csv": Format.CSV,
}

_LOOKED_AT = 5
"""Documents of an input that are shown to the `recognise` expressions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One value that a program made: the record, or why it is none; a remark or a claim of coverage is neither."""

    value: object
    place: Place
    record: EntryRecord | None = None
    fault: InvalidInput | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One document, without its secrets, and what the program made of it; `fault` if the program failed on it."""

    document: object
    place: Place
    made: tuple[Made, ...] = ()
    fault: InvalidInput | None = None


def try_loader(loaders: Loaders, loader: Loader, paths: Sequence[str], asked: Asked) -> Iterator[Tried]:
    """Yield document after document; a fault of one does not end the rest, one of the format does (InvalidInput)."""
    mapping = loaders.mapping(loader, asked.arguments)
    for source, document in mapping.gather(read_documents(loader, paths, asked)):
        place = Place(source, document.line)
        try:
            outputs = tuple(_made(line, where) for where, line in mapping.outputs(document, source))
        except InvalidInput as error:
            yield Tried(document=redact(document.value), place=place, fault=error)
        else:
            yield Tried(document=redact(document.value), place=place, made=outputs)


def recognise(loaders: Loaders, path: str) -> list[str]:
    """Return the loaders whose `recognise` expression is true for one of the first documents."""
    if path == STDIN or is_http(path) or path.startswith(GRAPHS):
        return []
    able = [loader for loader in loaders.list_loaders() if loader.recognise is not None]
    found: dict[Format, list[str]] = {}
    for loader in able:
        if loader.format not in found:
            found[loader.format] = _first_documents(path, loader.format)
    return [loader.name for loader in able if any(_is_true(loader, text) for text in found[loader.format])]


def fault_of(path: str) -> InvalidInput | None:
    """Return what is wrong with a file in the format that its name says: who is recognised by nobody may be broken."""
    input_format = _SPELT.get(PurePath(path).suffix.lower())
    if input_format is None or "://" in path:
        return None
    try:
        list(_documents(path, input_format))
    except InvalidInput as fault:
        return fault
    return None


def _first_documents(path: str, input_format: Format) -> list[str]:
    """Decode the beginning of the first file as this format; nothing if it is not of this format."""
    found: list[Document] = []
    with suppress(InvalidInput):
        found.extend(_documents(path, input_format))
    return [to_json(document.value).decode() for document in found]


def _documents(path: str, input_format: Format) -> Iterator[Document]:
    for source, stream in islice(open_inputs(path, Reading(format=input_format, remark=_nobody)), 1):
        yield from islice(READERS[input_format](stream, source, _nobody), _LOOKED_AT)


def _is_true(loader: Loader, text: str) -> bool:
    try:
        program = jq.compile(loader.recognise)
    except ValueError as error:
        raise unusable(loader.name, loader.folder / "loader.yaml", error) from error
    try:
        return any(program.input_text(text).all())
    except ValueError:
        return False


def _made(line: str, place: Place) -> Made:
    value: object = from_json(line)
    if isinstance(value, dict) and value.get("kind") in ("remark", COVERAGE):
        return Made(value=value, place=place)
    try:
        records = [located.record for located in parse_located([(place, line.encode())])]
    except InvalidInput as error:
        return Made(value=redact(value), place=place, fault=error)
    if isinstance(value, dict):
        scrub(value, line.encode())
    return Made(value=value, place=place, record=records[0])


def _nobody(_text: str) -> None:
    """Remarks on a guess are for nobody."""
