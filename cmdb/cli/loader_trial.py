"""What trying a loader found, gathered for people and as JSON."""

import json
from collections import Counter
from typing import Any

from cmdb.cli.answers import Rendered, table
from cmdb.desk.conformance import problems_of
from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.completeness import KIND as COVERAGE
from cmdb.ingest.completeness import Completeness
from cmdb.ingest.trial import Made, Tried
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import EntryRecord, Item

REFERENCE = ErrorCode.DANGLING_END.value
"""Refers to what this input does not describe: no fault of one file among several."""

_DOCUMENTS = 3
_DOCUMENT_LENGTH = 2_000
_FAULTS = 20


class Trial:
    """Counts everything and keeps the first documents, records and faults."""

    def __init__(self, loader: str, recognised: list[str], limit: int, metamodel: Metamodel) -> None:
        """Keep up to `limit` records to show."""
        self._loader = loader
        self._recognised = recognised
        self._limit = limit
        self._metamodel = metamodel
        self._documents: list[dict[str, object]] = []
        self._records: list[object] = []
        self._faults: list[dict[str, object]] = []
        self._remarks: list[str] = []
        self._completeness = Completeness()
        self._counts: Counter[str] = Counter()
        self._made: list[tuple[Made, EntryRecord]] = []
        self._items: dict[str, Item] = {}

    def add(self, tried: Tried) -> None:
        """Take the next document."""
        self._counts["documents"] += 1
        if len(self._documents) < _DOCUMENTS:
            self._documents.append({"place": str(tried.place), "document": tried.document})
        if tried.fault is not None:
            self._fault(tried.fault, None)
        for made in tried.made:
            self._add_made(made)

    def _add_made(self, made: Made) -> None:
        if made.fault is not None:
            self._fault(made.fault, made.value)
            return
        if made.record is None:
            if isinstance(made.value, dict) and made.value.get("kind") == COVERAGE:
                self._completeness.add(made.value, made.place)
            elif isinstance(made.value, dict):
                self._remarks.append(str(made.value.get("text")))
            return
        self._counts[_kind(made)] += 1
        self._made.append((made, made.record))
        if isinstance(made.record, Item) and not (made.record.mention and made.record.key in self._items):
            self._items[made.record.key] = made.record
        if len(self._records) < self._limit:
            self._records.append(made.value)

    def report(self) -> dict[str, Any]:
        """Check the records against the declarations and against each other, and return everything."""
        for made, record in self._made:
            for problem in problems_of(record, self._metamodel, self._class_of, self._groups_of):
                place = Place(made.place.source, made.place.line, getattr(record, "key", None), problem.field)
                error = InvalidInput(problem.code, problem.message, hint=problem.hint, place=place)
                self._fault(error, made.value)
        told = [self._completeness.sentence()] if self._completeness.wanted else []
        return {
            "loader": self._loader,
            "recognised": self._recognised,
            "counts": dict(self._counts),
            "documents": self._documents,
            "records": self._records,
            "faults": self._faults[:_FAULTS],
            "remarks": list(dict.fromkeys(self._remarks)) + told,
        }

    def _fault(self, error: InvalidInput, value: object) -> None:
        code = error.code.value
        if code == REFERENCE:
            self._counts["references to other inputs"] += 1
            return
        self._counts["faults"] += 1
        self._faults.append(
            {
                "code": code,
                "place": str(error.place),
                "message": error.message,
                "hint": error.hint,
                "record": value,
            }
        )

    def _class_of(self, key: str) -> str | None:
        return self._items[key].ci_class if key in self._items else None

    def _groups_of(self, key: str) -> frozenset[str]:
        return (
            frozenset(group.name for group in self._items[key].groups) if key in self._items else frozenset()
        )


def show_trial(report: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    """Documents, records, faults, remarks, counts."""
    guessed = f", recognised among {', '.join(report['recognised'])}" if report["recognised"] else ""
    yield f"loader {report['loader']}{guessed}"
    for row in report["documents"]:
        yield f"\ndocument at {row['place']}"
        yield _short(json.dumps(row["document"], ensure_ascii=False, indent=1))
    yield "\nrecords"
    for record in report["records"]:
        yield json.dumps(record, ensure_ascii=False)
    for fault in report["faults"]:
        yield f"\nFAULT {fault['code']} at {fault['place']}: {fault['message']}"
        if fault["record"] is not None:
            yield json.dumps(fault["record"], ensure_ascii=False)
    for remark in report["remarks"]:
        yield f"note: {remark}"
    yield table(["kind", "count"], ([kind, str(count)] for kind, count in report["counts"].items()))


def _kind(made: Made) -> str:
    value = made.value if isinstance(made.value, dict) else {}
    return "mention" if value.get("mention") else str(value.get("kind"))


def _short(text: str) -> str:
    return text if len(text) <= _DOCUMENT_LENGTH else f"{text[:_DOCUMENT_LENGTH]}\n… {len(text)} characters"
