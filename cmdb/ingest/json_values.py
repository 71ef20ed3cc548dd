"""Cuts a stream of JSON values into documents of bounded size: a long list comes in parts, never as a whole."""

import codecs
import json
from collections.abc import Iterator
from typing import NoReturn

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import DOCUMENT_LIMIT, Bytes, Document, Remark, too_large

_CHUNK = 1 << 20
_BLANKS = " \t\r\n"

_UNDECIDED = 2
"""Characters behind a number that may still belong to it, as those of `1e+`; Python takes the `1` alone."""


def split_values(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield every value of the stream, however they are separated.

    An object or list above the limit is yielded several times, each time with a part of its one long list: so
    `{"kind": "List", "items": [1, 2, 3]}` may come as `{"kind": "List", "items": [1, 2]}` and
    `{"kind": "List", "items": [3]}`.
    """
    window = _Window(stream, source)
    if not window.peek():
        window.fail("there is no value")
    while first := window.peek():
        line = window.line
        parts = 0
        for value in _cut(window, first):
            parts += 1
            yield Document(value, line)
        if parts > 1:
            remark(
                f"{source}:{line}: a list was read in {parts} parts; entries see only those of their part."
            )


def _cut(window: "_Window", first: str) -> Iterator[object]:
    if first == "[":
        yield from _parts(window)
    elif first == "{":
        yield from _object_parts(window)
    else:
        yield window.value()


def _object_parts(window: "_Window") -> Iterator[object]:
    window.take("{")
    envelope: dict[str, object] = {}
    held = 0
    first = True
    while window.peek() != "}":
        if not first:
            window.take(",")
        first = False
        name = window.name()
        window.take(":")
        window.peek()
        start = window.position
        if window.peek() == "[":
            parts = _parts(window)
            envelope[name] = next(parts)
            for part in parts:
                yield dict(envelope)
                envelope[name] = part
        else:
            envelope[name] = window.value()
        held += min(window.position - start, DOCUMENT_LIMIT)
        if held > 2 * DOCUMENT_LIMIT:
            raise window.too_large("object")
    window.take("}")
    yield envelope


def _parts(window: "_Window") -> Iterator[list[object]]:
    """Yield the entries of a list in parts; an empty list is one part."""
    window.take("[")
    part: list[object] = []
    start = window.position
    first = True
    while window.peek() != "]":
        if not first:
            window.take(",")
        first = False
        part.append(window.value())
        if window.position - start > DOCUMENT_LIMIT:
            yield part
            part, start = [], window.position
    window.take("]")
    yield part


class _Window:
    """The part of a text that is being read; `position` counts characters, `line` lines."""

    def __init__(self, stream: Bytes, source: str) -> None:
        self._stream = stream
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._parse = json.JSONDecoder(parse_constant=self._refuse_constant).raw_decode
        self._text = ""
        self._at = 0
        self._ended = False
        self.position = 0
        self.line = 1

    def peek(self) -> str:
        """Pass over blanks and return the next character, empty at the end."""
        while True:
            rest = len(self._text)
            at = self._at
            while at < rest and self._text[at] in _BLANKS:
                at += 1
            self._pass_to(at)
            if at < rest:
                return self._text[at]
            if self._ended:
                return ""
            self._read(_CHUNK)

    def take(self, expected: str) -> None:
        """Pass over one character, or refuse what stands there."""
        if self.peek() != expected:
            self.fail(f"'{expected}' is missing")
        self._pass_to(self._at + 1)

    def name(self) -> str:
        """Read the name of a field."""
        self.peek()
        name = self.value()
        if not isinstance(name, str):
            self.fail("a field has no name")
        return name

    def value(self) -> object:
        """Read one value."""
        self.peek()
        size = _CHUNK
        while (found := self._parsed()) is None:
            if len(self._text) - self._at > DOCUMENT_LIMIT:
                raise self.too_large("value")
            self._read(size)
            size *= 2
        value, end = found
        self._pass_to(end)
        return value

    def _parsed(self) -> tuple[object, int] | None:
        """Return the value that starts here and where it ends, None if more of the text must be seen to tell."""
        try:
            value, end = self._parse(self._text, self._at)
        except json.JSONDecodeError as error:
            if self._ended:
                self.fail(error.msg)
        except ValueError:
            self.fail("a number has too many digits")
        except RecursionError:
            self._hostile()
        else:
            if self._ended or len(self._text) - end > _UNDECIDED:
                return value, end
        return None

    def too_large(self, what: str) -> InvalidInput:
        """Return the error for a value that cannot be held."""
        return too_large(Place(self._source, self.line), what, DOCUMENT_LIMIT)

    def _pass_to(self, at: int) -> None:
        self.line += self._text.count("\n", self._at, at)
        self.position += at - self._at
        self._at = at

    def _read(self, size: int) -> None:
        chunk = self._stream.read(size)
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise not_utf8(Place(self._source)) from error
        self._ended = not chunk
        self._text = self._text[self._at :] + text
        self._at = 0

    def _refuse_constant(self, name: str) -> NoReturn:
        self.fail(f"{name} is no number of JSON")

    def fail(self, what: str) -> NoReturn:
        """Refuse what stands here."""
        place = Place(self._source, self.line)
        raise InvalidInput(
            ErrorCode.SYNTAX, f"This is not JSON: {what}.", hint="Send well-formed JSON.", place=place
        )

    def _hostile(self) -> NoReturn:
        raise InvalidInput(
            ErrorCode.HOSTILE_DOCUMENT,
            "The values nest too deeply.",
            hint="Send the plain output of the tool.",
            place=Place(self._source, self.line),
        )


def not_utf8(place: Place) -> InvalidInput:
    """Return the error for a text in another encoding."""
    return InvalidInput(
        ErrorCode.SYNTAX, "The text is not UTF-8.", hint="Save it again with the encoding UTF-8.", place=place
    )
