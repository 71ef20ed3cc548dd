"""Bad input ends in a coded error with its place and a next step, and nothing of it is written."""

import json
from pathlib import Path

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, InvalidInput
from cmdb.ingest.loaders import Loaders
from cmdb.metamodel import read_metamodel
from cmdb.model.access import Principal
from cmdb.resources import folder
from tests.support.small_estate import Bench, furnished

LOADER: Principal = SYSTEM
GOOD = {"kind": "item", "key": "new", "class": "server", "name": "new"}


def loaders() -> Loaders:
    return Loaders(folder("loaders"), read_metamodel(folder("schema")))


def lines(*records: object) -> str:
    return "\n".join(json.dumps(record) for record in records) + "\n"


async def load(bench: Bench, loader: str, path: Path) -> tuple[set[ErrorCode], str]:
    """Load a file as the command line does; return the codes and everything that was said."""
    try:
        located = loaders().load_file(loader, str(path))
    except CmdbError as error:
        return {error.code}, f"{error} {error.hint}"
    report = await bench.application.load(LOADER, "test", located)
    told = " ".join(f"{row.place} {row.problem.message} {row.problem.hint}" for row in report.problems)
    return {row.problem.code for row in report.problems}, told


DEPENDS = {"kind": "dependency", "consumer": "new", "verb": "DEPENDS_ON", "provider": "nowhere"}
CASES = {
    "unknown class": (
        "records",
        "f.jsonl",
        lines(GOOD, {**GOOD, "key": "x", "class": "rooter"}),
        "UNKNOWN_CLASS",
        "rout",
    ),
    "unknown attribute": (
        "records",
        "f.jsonl",
        lines({**GOOD, "attributes": {"sirial": "1"}}),
        "UNKNOWN_ATTRIBUTE",
        "",
    ),
    "dangling end": ("records", "f.jsonl", lines(GOOD, DEPENDS), "DANGLING_END", "nowhere"),
    "unknown verb": (
        "records",
        "f.jsonl",
        lines(GOOD, {**DEPENDS, "provider": "r1", "verb": "LIKES"}),
        "UNKNOWN_VERB",
        "",
    ),
    "unknown group": (
        "records",
        "f.jsonl",
        lines(GOOD, {**DEPENDS, "provider": "r1", "group": "g"}),
        "UNKNOWN_GROUP",
        "",
    ),
    "wrong type": ("records", "f.jsonl", lines(GOOD, {**GOOD, "key": "y", "name": 5}), "WRONG_TYPE", ":2"),
    "unknown kind": ("records", "f.jsonl", lines(GOOD, {"kind": "thing"}), "UNKNOWN_KIND", ":2"),
    "unknown field": ("records", "f.jsonl", lines({**GOOD, "colour": "red"}), "UNKNOWN_FIELD", "colour"),
    "missing field": (
        "records",
        "f.jsonl",
        lines({"kind": "item", "key": "z", "class": "server"}),
        "MISSING_FIELD",
        "name",
    ),
    "broken line": ("records", "f.jsonl", lines(GOOD) + '{"kind": "item", \n', "SYNTAX", ":2"),
    "broken XML": ("nmap", "f.xml", "<nmaprun><host><status state='up'/>", "SYNTAX", "f.xml"),
    "entity bomb": (
        "nmap",
        "f.xml",
        '<!DOCTYPE nmaprun [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><nmaprun>&b;</nmaprun>',
        "HOSTILE_DOCUMENT",
        "f.xml",
    ),
    "ragged CSV line": (
        "csv",
        "f.csv",
        "class,key,name\nserver,a,a\nserver,b,b,more,cells\n",
        "SYNTAX",
        ":3",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_bad_files_are_refused_whole(tmp_path: Path, case: tuple[str, str, str, str, str]) -> None:
    loader, name, text, code, words = case
    bench = await furnished()
    path = tmp_path / name
    path.write_text(text)
    codes, told = await load(bench, loader, path)
    assert codes == {ErrorCode[code]}
    assert words in told
    assert name in told
    assert bench.graph.revision == 1, "nothing may be written, the sound records of the file included"


async def test_a_good_file_is_written(tmp_path: Path) -> None:
    bench = await furnished()
    path = tmp_path / "f.jsonl"
    path.write_text(lines(GOOD, {**DEPENDS, "provider": "r1"}))
    assert await load(bench, "records", path) == (set(), "")
    assert bench.graph.revision == 2


def test_a_huge_line_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"kind": "item", "key": "' + "x" * 20_000_000 + '"}\n')
    with pytest.raises(InvalidInput) as caught:
        loaders().load_file("records", str(path))
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert caught.value.hint


def test_a_circle_of_declarations_names_its_file_and_entry(tmp_path: Path) -> None:
    classes = tmp_path / "classes"
    classes.mkdir()
    for file in folder("schema").glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    for file in (folder("schema") / "classes").glob("*.yaml"):
        (classes / file.name).write_text(file.read_text())
    (classes / "odd.yaml").write_text(
        "domain: compute\nclasses:\n"
        "  first: {extends: second, title: f, description: f}\n"
        "  second: {extends: first, title: s, description: s}\n"
    )
    with pytest.raises(CmdbError) as caught:
        read_metamodel(tmp_path)
    assert caught.value.code is ErrorCode.CYCLIC_DECLARATION
    assert "odd.yaml" in str(caught.value)
    assert "first" in str(caught.value)
