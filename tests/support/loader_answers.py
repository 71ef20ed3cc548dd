"""What a loader makes of a sample, in the form that its expected.json keeps.

After a deliberate change, `python -m tests.support.loader_answers <loader>` prints the new expected.json to review.
"""

import json
import sys
from pathlib import Path

from cmdb.errors import InvalidInput
from cmdb.ingest.loaders import Loaders
from cmdb.ingest.records import encode
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

Answer = dict[str, object]


def bundled_loaders() -> Loaders:
    """Return the loader folders of this checkout."""
    return Loaders(folder("loaders"), read_metamodel(folder("schema")))


def answer(loaders: Loaders, name: str, sample: Path) -> Answer:
    """Return the records and remarks, or code and place of the refusal."""
    remarks: list[str] = []
    try:
        with sample.open("rb") as stream:
            located = loaders.load_stream(name, stream, sample.name, remarks.append)
    except InvalidInput as error:
        return {"error": error.code.value, "place": str(error.place)}
    records: Answer = {"records": [encode(row.record) for row in located]}
    return records | ({"remarks": remarks} if remarks else {})


def samples_of(name: str) -> list[Path]:
    """Return a loader's sample files."""
    return sorted((folder("loaders") / name / "samples").iterdir())


if __name__ == "__main__":
    found = {
        sample.name: answer(bundled_loaders(), sys.argv[1], sample) for sample in samples_of(sys.argv[1])
    }
    print(json.dumps(found, indent=1, ensure_ascii=False))
