"""Reads the text that Prometheus scrapes: one document a sample."""

from collections.abc import Iterator

from prometheus_client.parser import text_fd_to_metric_families

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark
from cmdb.ingest.json_reader import lines_of
from cmdb.ingest.json_values import not_utf8


def read_prometheus(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield `{"name", "type", "labels": {...}, "value"}` for each sample; a value that is no number is a text."""
    try:
        lines = _lines(stream, source)
        for family in text_fd_to_metric_families(lines):  # type: ignore[arg-type] # it only iterates
            for sample in family.samples:
                finite = sample.value - sample.value == 0
                yield Document(
                    {
                        "name": sample.name,
                        "type": family.type,
                        "labels": dict(sample.labels),
                        "value": sample.value if finite else str(sample.value),
                    }
                )
    except (ValueError, IndexError, KeyError, AttributeError) as error:
        raise InvalidInput(
            ErrorCode.SYNTAX,
            f"This is no text for Prometheus: {error}.",
            hint="Save the answer of a /metrics address.",
            place=Place(source),
        ) from error


def _lines(stream: Bytes, source: str) -> Iterator[str]:
    for number, line in enumerate(lines_of(stream, source), start=1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise not_utf8(Place(source, number)) from error
