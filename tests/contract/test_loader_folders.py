"""Every loader folder is tested by existing: each sample must yield what expected.json says."""

import json
from pathlib import Path

import pytest

from cmdb.desk.conformance import problems_of
from cmdb.errors import ErrorCode
from cmdb.ingest.records import JsonRecordParser
from cmdb.ingest.samples import answer, expected, samples_of
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Item
from cmdb.resources import folder
from tests.support.loader_answers import bundled_loaders

LOADERS = bundled_loaders()
METAMODEL = read_metamodel(folder("schema"))
NAMES = [loader.name for loader in LOADERS.list_loaders()]
SAMPLES = [(name, sample) for name in NAMES for sample in samples_of(LOADERS.loader(name))]


def test_every_folder_is_a_loader() -> None:
    folders = sorted(path.name for path in folder("loaders").iterdir() if path.is_dir())
    assert folders == NAMES
    assert {"records", "csv", "nmap"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_explains_itself_and_covers_its_samples(name: str) -> None:
    assert (folder("loaders") / name / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert sorted(expected(LOADERS.loader(name))) == [
        sample.name for sample in samples_of(LOADERS.loader(name))
    ]
    assert any("records" in answered for answered in expected(LOADERS.loader(name)).values())


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[f"{name}-{path.name}" for name, path in SAMPLES])
def test_a_sample_yields_what_is_expected(name: str, sample: Path) -> None:
    assert answer(LOADERS, name, sample) == expected(LOADERS.loader(name))[sample.name]


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[f"{name}-{path.name}" for name, path in SAMPLES])
def test_what_a_sample_yields_fits_the_schema(name: str, sample: Path) -> None:
    written = expected(LOADERS.loader(name))[sample.name].get("records", [])
    assert isinstance(written, list)
    lines = [json.dumps(record).encode() for record in written]
    records = [located.record for located in JsonRecordParser().parse(lines, sample.name)]
    every = [record for record in records if isinstance(record, Item)]
    # A description wins over a mention of the same key.
    items = {item.key: item for item in sorted(every, key=lambda item: not item.mention)}
    described = [item.key for item in every if not item.mention]
    assert len(described) == len(set(described))

    def class_of(key: str) -> str | None:
        return items[key].ci_class if key in items else None

    def groups_of(key: str) -> frozenset[str]:
        return frozenset(group.name for group in items[key].groups) if key in items else frozenset()

    problems = [
        (record, problem)
        for record in records
        for problem in problems_of(record, METAMODEL, class_of, groups_of)
        # A source of events or of one part of an estate refers to CIs that another source brings.
        if problem.code is not ErrorCode.DANGLING_END
    ]
    assert problems == []


def test_a_bill_of_material_says_the_same_in_both_of_its_formats() -> None:
    samples = folder("loaders") / "cyclonedx" / "samples"
    (one, other) = (answer(LOADERS, "cyclonedx", samples / f"shop.{end}") for end in ("json", "xml"))
    assert one["records"] == other["records"]
