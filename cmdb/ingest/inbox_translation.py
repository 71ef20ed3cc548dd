"""Makes records of deliveries, one fault at a time: a bad record must not hold up the sound ones beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from urllib.parse import parse_qsl

from pydantic_core import from_json, to_json

from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Document, log_remark
from cmdb.ingest.formats import READERS, Format
from cmdb.ingest.loaders import Loader, Loaders
from cmdb.ingest.mapping import Mapping
from cmdb.ingest.records import encode, parse_located
from cmdb.model.records import EventTransition
from cmdb.ports.intake import Delivery, Rejected, Waiting
from cmdb.ports.records import LocatedRecord

RECORDS = "records"
"""The loader of our own record stream."""

PROGRAMS = 256
"""Compiled programs that are kept, one for each loader and arguments: whoever sends must not fill the memory."""

_JSON = frozenset({Format.JSON, Format.NDJSON})
Part = Document | tuple[bytes, CmdbError]
"""A document, or the text of one that cannot be read, and why."""


@dataclass(frozen=True, slots=True)
class _Program:
    loader: Loader
    mapping: Mapping


class DeliveryTranslator:
    """Implements `cmdb.ports.intake.Translator` with the loader folders; each program is compiled once."""

    def __init__(self, loaders: Loaders) -> None:
        """Read folders when they are first asked for."""
        self._loaders = loaders
        self._known: dict[str, _Program] = {}

    def check(self, delivery: Delivery) -> None:
        """Refuse what nobody could read."""
        program = self._program(delivery.loader)
        if not delivery.body.strip():
            raise _unreadable("The body is empty", delivery)
        if program.loader.format not in _JSON:
            return
        # Several values may follow one another; what is wrong behind the first is set aside when it is applied.
        first = delivery.body.lstrip().partition(b"\n")[0]
        if not _is_json(first) and not _is_json(delivery.body):
            raise _unreadable("The body is not JSON", delivery)

    def encode(self, events: Sequence[EventTransition]) -> tuple[str, bytes]:
        """Return the steps as lines of our stream."""
        return RECORDS, b"\n".join(to_json(encode(event)) for event in events)

    def translate(self, waiting: Waiting) -> Iterator[LocatedRecord | Rejected]:
        """Yield records and what is none."""
        delivery = waiting.delivery
        try:
            program = self._program(delivery.loader)
        except CmdbError as error:
            yield _rejected(waiting, delivery.body, error)
            return
        program.mapping.forget()
        for part in _parts(program.loader.format, waiting):
            if isinstance(part, Document):
                # Not the time of applying: that comes later, and another one each time it is tried again.
                received = replace(part, received_at=delivery.received_at)
                yield from self._records(program, received, waiting)
            else:
                yield _rejected(waiting, *part)

    def reject(self, number: int, row: LocatedRecord, error: CmdbError) -> Rejected:
        """Return a record that could not be applied in the form of our own stream."""
        return Rejected(delivery=number, loader=RECORDS, text=to_line(row), error=error)

    def _program(self, asked: str) -> _Program:
        if asked not in self._known:
            name, _, arguments = asked.partition("?")
            loader = self._loaders.loader(name)
            mapping = self._loaders.mapping(loader, dict(parse_qsl(arguments, keep_blank_values=True)))
            if len(self._known) >= PROGRAMS:
                self._known.clear()
            self._known[asked] = _Program(loader, mapping)
        return self._known[asked]

    def _records(
        self, program: _Program, document: Document, waiting: Waiting
    ) -> Iterator[LocatedRecord | Rejected]:
        try:
            lines = list(program.mapping.lines([(_name(waiting), document)], log_remark))
        except CmdbError as error:
            yield _rejected(waiting, to_json_text(document), error)
            return
        for place, line in lines:
            try:
                yield from (_received(row, waiting.delivery) for row in parse_located([(place, line)]))
            except CmdbError as error:
                yield Rejected(delivery=waiting.number, loader=RECORDS, text=line, error=error)


def _received(row: LocatedRecord, delivery: Delivery) -> LocatedRecord:
    """Say of a step of an event when it was received: its source's clock may run ahead."""
    if not isinstance(row.record, EventTransition):
        return row
    return replace(row, record=replace(row.record, received_at=delivery.received_at))


def to_line(row: LocatedRecord) -> bytes:
    """Return the record as a line of our stream."""
    return to_json_text(Document(encode(row.record)))


def to_json_text(document: Document) -> bytes:
    """Return the value of a document as JSON."""
    return to_json(document.value)


def _parts(wanted: Format, waiting: Waiting) -> Iterator[Part]:
    if wanted is Format.NDJSON:
        yield from _lines(waiting)
        return
    try:
        yield from READERS[wanted](BytesIO(waiting.delivery.body), _name(waiting), log_remark)
    except CmdbError as error:
        yield waiting.delivery.body, error


def _lines(waiting: Waiting) -> Iterator[Part]:
    """Read each line by itself; a body that is one JSON value is taken too, a list as its members."""
    body = waiting.delivery.body
    try:
        whole = from_json(body, allow_inf_nan=False)
    except ValueError:
        pass
    else:
        yield from (Document(value) for value in (whole if isinstance(whole, list) else [whole]))
        return
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            try:
                yield Document(from_json(line, allow_inf_nan=False), number)
            except ValueError as error:
                place = Place(_name(waiting), number)
                yield (
                    line,
                    InvalidInput(
                        ErrorCode.SYNTAX, f"This is not JSON: {error}.", hint="Send it mended.", place=place
                    ),
                )


def _name(waiting: Waiting) -> str:
    return f"{waiting.delivery.source}#{waiting.number}"


def _rejected(waiting: Waiting, text: bytes, error: CmdbError) -> Rejected:
    return Rejected(delivery=waiting.number, loader=waiting.delivery.loader, text=text, error=error)


def _is_json(text: bytes) -> bool:
    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def _unreadable(what: str, delivery: Delivery) -> InvalidInput:
    return InvalidInput(
        ErrorCode.SYNTAX,
        f"{what}.",
        hint=f"Send what `cmdb loader try FILE {delivery.loader.partition('?')[0]}` can read.",
        place=Place("request", field="body"),
    )
