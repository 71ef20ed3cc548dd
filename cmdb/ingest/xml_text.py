"""Feeds XML to a target without ever resolving what the document declares."""

from collections.abc import Callable
from typing import Protocol
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, too_large

XML_LIMIT = 1 << 28
DEPTH_LIMIT = 64
_CHUNK = 1 << 16


class Target(Protocol):
    """Takes elements as they open and close; texts too if it has a method `data`."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""

    def end(self, tag: str) -> None:
        """Take a closing tag."""


class Truncated(InvalidInput):
    """The document ends before its last element is closed; everything before was fed."""


class _Parser(DefusedXMLParser):
    """Lets a bare `<!DOCTYPE name>` pass, which nmap writes, and no other document type."""

    def defused_start_doctype_decl(
        self, name: str, sysid: str | None, pubid: str | None, has_internal_subset: int
    ) -> None:
        """Refuse what could declare or fetch something."""
        if sysid or pubid or has_internal_subset:
            raise DTDForbidden(name, sysid, pubid)


class _Bounded:
    """Passes on to the target and bounds the nesting."""

    def __init__(self, target: Target, source: str) -> None:
        self._target = target
        self._source = source
        self._depth = 0
        self._data: Callable[[str], None] = getattr(target, "data", _ignore)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise _hostile(f"The elements nest deeper than {DEPTH_LIMIT}.", Place(self._source))
        self._target.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._target.end(tag)

    def data(self, text: str) -> None:
        self._data(text)

    def close(self) -> None:
        """Nothing is built here."""


def _ignore(_text: str) -> None:
    """Most targets read attributes only."""


def feed_xml(stream: Bytes, source: str, target: Target) -> None:
    """Feed the document; HOSTILE_DOCUMENT for declarations, Truncated or SYNTAX with the line, TOO_LARGE."""
    parser = _Parser(target=_Bounded(target, source), forbid_dtd=True)
    total = 0
    try:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > XML_LIMIT:
                raise too_large(Place(source), "file", XML_LIMIT)
            parser.feed(chunk)
    except DefusedXmlException as error:
        message = f"The document declares entities or a document type: {type(error).__name__}."
        raise _hostile(message, Place(source)) from error
    except ParseError as error:
        raise _malformed(InvalidInput, error, source) from error
    try:
        parser.close()
    except ParseError as error:
        raise _malformed(Truncated, error, source) from error


def _malformed(made: type[InvalidInput], error: ParseError, source: str) -> InvalidInput:
    line = error.position[0]
    return made(
        ErrorCode.SYNTAX,
        f"The XML is wrong: {error}.",
        hint="Make the file again.",
        place=Place(source, line),
    )


def _hostile(message: str, place: Place) -> InvalidInput:
    return InvalidInput(
        ErrorCode.HOSTILE_DOCUMENT, message, hint="Send the plain output of the tool.", place=place
    )
