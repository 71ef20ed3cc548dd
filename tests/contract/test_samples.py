"""Real files of real tools: each maps to at least what the table says, or is refused for the reason that it names."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from cmdb.desk.conformance import problems_of
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.trial import recognise
from cmdb.metamodel import read_metamodel
from cmdb.model.records import EntryRecord, Item
from cmdb.resources import folder
from tests.support.loader_answers import bundled_loaders

SAMPLES = Path(os.environ.get("CMDB_SAMPLES_DIR", "../shared/samples"))
TABLE: dict[str, dict[str, str | int]] = json.loads(
    Path(__file__).with_name("samples_table.json").read_text(encoding="utf-8")
)
LOADERS = bundled_loaders()
METAMODEL = read_metamodel(folder("schema"))
NO_SAMPLES = {"README.md", "LICENSES"}

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(),
    reason=f"NOT CHECKED: {len(TABLE)} real files; there is no folder {SAMPLES}, set CMDB_SAMPLES_DIR",
)


def counts_of(records: list[EntryRecord]) -> Counter[str]:
    """Count by kind as the table names them; what is only mentioned counts apart."""
    return Counter(
        "mention" if isinstance(record, Item) and record.mention else _kind(record) for record in records
    )


def _kind(record: EntryRecord) -> str:
    return type(record).__name__.lower().removesuffix("transition")


def load(name: str) -> list[EntryRecord]:
    row = TABLE[name]
    located = LOADERS.records(str(row["loader"]), [str(SAMPLES / name)])
    return [one.record for one in located]


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if "refused" not in row])
def test_a_real_file_maps_to_sound_records(name: str) -> None:
    if not (SAMPLES / name).is_file():
        pytest.skip(f"NOT CHECKED: {name} is not there")
    records = load(name)
    counts = counts_of(records)
    least = {kind: least for kind, least in TABLE[name].items() if isinstance(least, int)}
    assert {kind: counts[kind] for kind, least in least.items() if counts[kind] < least} == {}
    items = {item.key: item for item in sorted(records, key=_is_mention) if isinstance(item, Item)}

    def class_of(key: str) -> str | None:
        return items[key].ci_class if key in items else None

    def groups_of(key: str) -> frozenset[str]:
        return frozenset(group.name for group in items[key].groups) if key in items else frozenset()

    found = [
        (record, problem)
        for record in records
        for problem in problems_of(record, METAMODEL, class_of, groups_of)
    ]
    assert found == [], "and each file stands alone: nothing may dangle"


def _is_mention(record: EntryRecord) -> bool:
    return not (isinstance(record, Item) and record.mention)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if "refused" not in row])
def test_a_real_file_is_recognised_as_its_source_alone(name: str) -> None:
    if not (SAMPLES / name).is_file():
        pytest.skip(f"NOT CHECKED: {name} is not there")
    assert recognise(LOADERS, str(SAMPLES / name)) == [TABLE[name]["loader"]]


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if "refused" in row])
def test_a_faulty_file_is_refused_for_its_named_reason(name: str) -> None:
    if not (SAMPLES / name).is_file():
        pytest.skip(f"NOT CHECKED: {name} is not there")
    with pytest.raises(InvalidInput) as caught:
        load(name)
    assert caught.value.code is ErrorCode[str(TABLE[name]["refused"])]
    assert caught.value.hint


def test_every_real_file_stands_in_the_table() -> None:
    files = (path.relative_to(SAMPLES) for path in SAMPLES.rglob("*") if path.is_file())
    missing = sorted(
        str(path) for path in files if path.parts[0] not in NO_SAMPLES and str(path) not in TABLE
    )
    if missing:
        sources = Counter(name.split("/")[0] for name in missing)
        pytest.skip(f"NOT CHECKED: {len(missing)} files that the table does not name: {dict(sources)}")
