"""Takes a document that a program fails on apart along its list: one bad entry need not take the rest with it."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from cmdb.ingest.document import Document


def parts_of(document: Document) -> Iterator[tuple[int, Document]]:
    """Yield each entry of the document's longest list within its envelope, numbered from 1; nothing without a list."""
    field, rows = _longest(document.value)
    for number, row in enumerate(rows, start=1):
        yield number, replace(document, value=_with(document.value, field, [row]))


def without(document: Document, numbers: Collection[int]) -> Document | None:
    """Return the document without these entries; None when none is left."""
    field, rows = _longest(document.value)
    kept = [row for number, row in enumerate(rows, start=1) if number not in numbers]
    return replace(document, value=_with(document.value, field, kept)) if kept else None


def _longest(value: object) -> tuple[str, list[object]]:
    """Return the longest list, and its field where the value is an object."""
    if isinstance(value, list):
        return "", value
    lists = (
        [(name, rows) for name, rows in value.items() if isinstance(rows, list)]
        if isinstance(value, dict)
        else []
    )
    return max(lists, key=lambda entry: len(entry[1]), default=("", []))


def _with(value: object, field: str, rows: list[object]) -> object:
    return {**value, field: rows} if isinstance(value, dict) else rows
