"""Runs a jq program on documents and validates what comes out as the record stream."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import jq
from pydantic_core import to_json

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Document
from cmdb.ingest.records import parse_located
from cmdb.model.metamodel import Metamodel
from cmdb.ports.records import LocatedRecord


class Mapping:
    """One jq program; it sees each document as `.` and `$attribute_types`, class -> attribute -> type."""

    def __init__(self, name: str, path: Path, metamodel: Metamodel) -> None:
        """Compile the program at `path`; DeclarationError MAPPING_FAILED with jq's own message."""
        self._name = name
        types = {
            ci_class.name: {
                attribute.name: attribute.type.value for attribute in ci_class.attributes.values()
            }
            for ci_class in metamodel.classes.values()
        }
        try:
            self._program = jq.compile(path.read_text(encoding="utf-8"), args={"attribute_types": types})
        except (OSError, ValueError) as error:
            raise DeclarationError(
                ErrorCode.MAPPING_FAILED,
                f"The jq program of '{name}' cannot be used: {error}.",
                hint="Try it with the jq command.",
                place=Place(f"{path.parent.name}/{path.name}"),
            ) from error

    def records(self, documents: Iterable[Document], source: str) -> list[LocatedRecord]:
        """Return the records of all documents; InvalidInput MAPPING_FAILED or the record stream's own faults."""
        return parse_located(self._texts(documents, source))

    def _texts(self, documents: Iterable[Document], source: str) -> Iterator[tuple[Place, bytes]]:
        for number, document in enumerate(documents, start=1):
            place = Place(source, document.line)
            try:
                text = self._program.input_text(to_json(document.value).decode()).text()
            except ValueError as error:
                raise InvalidInput(
                    ErrorCode.MAPPING_FAILED,
                    f"The loader '{self._name}' failed on document {number}: {error}.",
                    hint="Check that the document is what this loader expects.",
                    place=place,
                ) from error
            yield from ((place, line.encode()) for line in text.splitlines())
