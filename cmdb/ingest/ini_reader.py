"""Reads INI as Ansible writes inventories: sections with lines, each line a name and its values."""

import re
from collections.abc import Iterator
from shlex import shlex

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark
from cmdb.ingest.json_reader import lines_of
from cmdb.ingest.json_values import not_utf8

Section = dict[str, object]
_QUOTES = ("'", '"')
_COMMENT = re.compile(r"(^|\s+)#.*")


def read_ini(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield one document `{"sections": [{"name", "line", "entries": [{"name", "line", "values": {...}}]}]}`.

    Lines before the first section stand in one without a name. `name key=value key="two words"` gives the name and
    its values, `key = value` a value whose name is empty and which goes to the end of the line; `#` and `;` begin
    comments.
    """
    sections: list[Section] = [{"name": "", "line": 1, "entries": []}]
    for number, line in enumerate(lines_of(stream, source), start=1):
        text = _text(line, Place(source, number))
        if not text or text[0] in "#;":
            continue
        if text.startswith("["):
            sections.append({"name": _section(text, Place(source, number)), "line": number, "entries": []})
        else:
            entries = sections[-1]["entries"]
            if isinstance(entries, list):
                entries.append(_entry(text, Place(source, number)))
    yield Document({"sections": [row for row in sections if row["name"] or row["entries"]]}, 1)


def _text(line: bytes, place: Place) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(place) from error
    if "\0" in text:
        raise _wrong("The line holds a NUL character.", place)
    return text.strip()


def _section(text: str, place: Place) -> str:
    name, closing, rest = text[1:].partition("]")
    if not closing or not name.strip() or (rest.strip() and rest.strip()[0] not in "#;"):
        raise _wrong("The section is not written [name].", place)
    return name.strip()


def _entry(text: str, place: Place) -> dict[str, object]:
    before, equals, after = text.partition("=")
    if equals and len(before.split()) == 1:
        return {"name": "", "line": place.line, "values": {before.strip(): _value(after.strip(), place)}}
    name, *words = _words(text, place)
    if not name or (equals and not before):
        raise _wrong("The line names nothing.", place)
    pairs = [word.partition("=") for word in words]
    values = {key: value for key, equals, value in pairs if key and equals}
    return {"name": name, "line": place.line, "values": values}


def _value(text: str, place: Place) -> str:
    if text[:1] in _QUOTES and len(words := _words(text, place)) == 1:
        return words[0]
    return _COMMENT.sub("", text)


def _words(text: str, place: Place) -> list[str]:
    lexer = shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        return list(lexer) or [""]
    except ValueError as error:
        raise _wrong(f"The line cannot be read: {error}.", place) from error


def _wrong(message: str, place: Place) -> InvalidInput:
    return InvalidInput(ErrorCode.SYNTAX, message, hint="Correct that line.", place=place)
