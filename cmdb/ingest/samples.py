"""The samples of a loader folder: what each yields, and whether that is what its `expected.json` keeps."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput, Place
from cmdb.ingest.loaders import Loader, Loaders
from cmdb.ingest.records import encode

Answer = dict[str, object]
EXPECTED = "expected.json"

RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When the samples came in, so that they yield the same on every day."""


def samples_of(loader: Loader) -> list[Path]:
    """Return a loader's sample files, sorted by name."""
    return sorted(path for path in (loader.folder / "samples").glob("*") if path.is_file())


def answer(loaders: Loaders, name: str, sample: Path) -> Answer:
    """Return the records and remarks, or code and place of the refusal."""
    remarks: list[str] = []
    try:
        with sample.open("rb") as stream:
            located = loaders.load_stream(name, stream, sample.name, remarks.append, RECEIVED_AT)
    except InvalidInput as error:
        return {"error": error.code.value, "place": str(error.place)}
    records: Answer = {"records": [encode(row.record) for row in located]}
    return records | ({"remarks": remarks} if remarks else {})


def answers(loaders: Loaders, loader: Loader) -> dict[str, Answer]:
    """Return the answer of every sample by its file name."""
    return {sample.name: answer(loaders, loader.name, sample) for sample in samples_of(loader)}


def expected(loader: Loader) -> Mapping[str, Answer]:
    """Return what `expected.json` keeps; DeclarationError if it cannot be read."""
    path = loader.folder / EXPECTED
    try:
        content: dict[str, Answer] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"The file cannot be read: {error}.",
            hint="Write it with 'cmdb loader test NAME --accept' and review it.",
            place=Place(f"loaders/{loader.name}/{EXPECTED}"),
        ) from error
    return content


def accept(loaders: Loaders, loader: Loader) -> None:
    """Write what the samples yield now as what is expected; a person reviews it."""
    rows = {name: _written(found) for name, found in answers(loaders, loader).items()}
    body = ",\n".join(f" {json.dumps(name)}: {row}" for name, row in rows.items())
    (loader.folder / EXPECTED).write_text(f"{{\n{body}\n}}\n", encoding="utf-8")


def _written(found: Answer) -> str:
    """Write a record per line, so that a changed record shows as a changed line."""
    records = found.get("records")
    if not isinstance(records, list):
        return json.dumps(found, ensure_ascii=False)
    lines = ",\n".join(f"  {json.dumps(record, ensure_ascii=False)}" for record in records)
    rest = "".join(
        f",\n  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in found.items()
        if name != "records"
    )
    return f'{{"records": [\n{lines}]{rest}}}'
