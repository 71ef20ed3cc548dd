"""Trying a loader shows documents and records one by one; a faulty one does not hide the others."""

from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode
from cmdb.ingest.loaders import Asked, Loaders
from cmdb.ingest.trial import Tried, recognise, try_loader
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

DECLARED = "title: T\nformat: json\ncoverage: partial\nscope: All.\nfetch: curl.\n"
PROGRAM = """\
if .broken then error("broken") else . end
| (.names[] | {kind: "item", key: ., class: "server", name: .}), {kind: "item", key: "x"}, remark("said")
"""


@pytest.fixture
def loaders(tmp_path: Path) -> Loaders:
    home = tmp_path / "loaders"
    for name, recognised in (("first", 'has("names")'), ("second", ".names | length > 1"), ("third", "")):
        (home / name).mkdir(parents=True)
        (home / name / "map.jq").write_text(PROGRAM, encoding="utf-8")
        line = f"recognise: '{recognised}'\n" if recognised else ""
        (home / name / "loader.yaml").write_text(DECLARED + line, encoding="utf-8")
    return Loaders(home, read_metamodel(folder("schema")))


def tried(loaders: Loaders, tmp_path: Path, text: str) -> list[Tried]:
    path = tmp_path / "in.json"
    path.write_text(text, encoding="utf-8")
    return list(try_loader(loaders, loaders.loader("first"), [str(path)], Asked()))


def test_records_faults_and_remarks_are_told_apart(loaders: Loaders, tmp_path: Path) -> None:
    (document,) = tried(loaders, tmp_path, '{"names": ["a"]}')
    sound, faulty, remark = document.made
    assert sound.record is not None
    assert faulty.fault is not None
    assert faulty.fault.code is ErrorCode.MISSING_FIELD
    assert (remark.record, remark.fault) == (None, None)


def test_a_document_that_fails_does_not_end_the_rest(loaders: Loaders, tmp_path: Path) -> None:
    broken, sound = tried(loaders, tmp_path, '{"broken": true}\n{"names": []}')
    assert broken.fault is not None
    assert "broken" in broken.fault.message
    assert str(sound.place).endswith("in.json:2")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"names": ["a", "b"]}', ["first", "second"]),
        ('{"names": []}', ["first"]),
        ('{"names": [', []),
        ("[]", []),
        ('{"other": 1} {"names": []}', ["first"]),
    ],
)
def test_a_source_is_recognised_by_its_first_documents(
    loaders: Loaders, tmp_path: Path, text: str, found: list[str]
) -> None:
    path = tmp_path / "in.json"
    path.write_text(text, encoding="utf-8")
    assert recognise(loaders, str(path)) == found


def test_standard_input_is_not_read_to_guess(loaders: Loaders) -> None:
    assert recognise(loaders, "-") == []


def test_an_expression_that_is_no_jq_is_a_fault_of_the_folder(loaders: Loaders, tmp_path: Path) -> None:
    declared = tmp_path / "loaders" / "third" / "loader.yaml"
    declared.write_text(DECLARED + "recognise: '.['\n", encoding="utf-8")
    path = tmp_path / "in.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(DeclarationError, match="third"):
        recognise(loaders, str(path))
