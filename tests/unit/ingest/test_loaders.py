import io
import sys
from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput, NotFound
from cmdb.ingest.formats import READERS, Format
from cmdb.ingest.loaders import Coverage, Loaders
from cmdb.ingest.records import encode
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))
DECLARED = "title: T\nformat: json\ncoverage: snapshot\nscope: All.\nfetch: curl.\n"
PROGRAM = '.names[] | {kind: "item", key: ., class: "server", name: .}'


@pytest.fixture
def loaders(tmp_path: Path) -> Loaders:
    write(tmp_path, "names", DECLARED)
    return Loaders(tmp_path, METAMODEL)


def write(place: Path, name: str, declared: str) -> None:
    (place / name).mkdir()
    (place / name / "loader.yaml").write_text(declared, encoding="utf-8")
    (place / name / "map.jq").write_text(PROGRAM, encoding="utf-8")


def test_a_loader_is_found_by_existing(loaders: Loaders, tmp_path: Path) -> None:
    write(tmp_path, "another", DECLARED.replace("snapshot", "partial"))
    found = loaders.list_loaders()
    assert [loader.name for loader in found] == ["another", "names"]
    assert [loader.coverage for loader in found] == [Coverage.PARTIAL, Coverage.SNAPSHOT]
    assert found[0].format is Format.JSON


def test_a_file_becomes_records_with_their_place(loaders: Loaders, tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    path.write_text('{"names": ["a", "b"]}', encoding="utf-8")
    found = loaders.load_file("names", str(path))
    assert [encode(row.record)["key"] for row in found] == ["a", "b"]
    assert str(found[0].place) == f"{path}:1"


def test_a_dash_reads_standard_input(loaders: Loaders) -> None:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(b'{"names": ["a"]}'))
    try:
        (row,) = loaders.load_file("names", "-")
    finally:
        sys.stdin = before
    assert str(row.place) == "stdin:1"


def test_a_program_of_the_callers_own_maps_any_format(loaders: Loaders, tmp_path: Path) -> None:
    program, table = tmp_path / "mine.jq", tmp_path / "t.csv"
    program.write_text('{kind: "item", key: .id, class: "printer", name: .id}', encoding="utf-8")
    table.write_text("id\np1\n", encoding="utf-8")
    (row,) = loaders.load_with_map(str(program), Format.CSV, str(table))
    assert encode(row.record) == {"kind": "item", "key": "p1", "class": "printer", "name": "p1"}


def test_remarks_go_where_the_caller_says(tmp_path: Path) -> None:
    scan = tmp_path / "s.xml"
    scan.write_text("<nmaprun></nmaprun>", encoding="utf-8")
    remarks: list[str] = []
    Loaders(folder("loaders"), METAMODEL).load_file("nmap", str(scan), remarks.append)
    assert len(remarks) == 1


def test_remarks_go_to_the_log_by_default(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scan = tmp_path / "s.xml"
    scan.write_text("<nmaprun></nmaprun>", encoding="utf-8")
    Loaders(folder("loaders"), METAMODEL).load_file("nmap", str(scan))
    assert "did not finish" in caplog.text


def test_an_unknown_loader_is_named_with_its_nearest(loaders: Loaders) -> None:
    with pytest.raises(NotFound) as caught:
        loaders.load_file("namse", "x")
    assert caught.value.code is ErrorCode.UNKNOWN_LOADER
    assert caught.value.hint == "Did you mean 'names'?"


@pytest.mark.parametrize("name", ["../names", "names/", "", "."])
def test_a_loaders_name_is_no_path(loaders: Loaders, name: str) -> None:
    with pytest.raises(NotFound):
        loaders.loader(name)


def test_a_missing_file_is_invalid_input(loaders: Loaders) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaders.load_file("names", "no/such.json")
    assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("declared", "place"),
    [
        (DECLARED.replace("json", "xlsx"), "loaders/bad/loader.yaml:2, field format"),
        (DECLARED.replace("snapshot", "some"), "loaders/bad/loader.yaml:3, field coverage"),
        (DECLARED.replace("fetch: curl.\n", ""), "field fetch"),
        (DECLARED + "colour: red\n", "loaders/bad/loader.yaml:6, field colour"),
    ],
)
def test_a_wrong_declaration_names_file_line_and_field(tmp_path: Path, declared: str, place: str) -> None:
    write(tmp_path, "bad", declared)
    with pytest.raises(DeclarationError) as caught:
        Loaders(tmp_path, METAMODEL).list_loaders()
    assert place in str(caught.value.place)


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(Format)
