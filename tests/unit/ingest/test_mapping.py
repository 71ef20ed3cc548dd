from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput
from cmdb.ingest.document import Document
from cmdb.ingest.mapping import Mapping
from cmdb.ingest.records import encode
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))


def mapping(tmp_path: Path, program: str) -> Mapping:
    path = tmp_path / "map.jq"
    path.write_text(program, encoding="utf-8")
    return Mapping("made-up", path, METAMODEL)


def test_a_document_may_become_any_number_of_records(tmp_path: Path) -> None:
    program = '.[] | {kind: "item", key: ., class: "server", name: .}'
    found = mapping(tmp_path, program).records([Document([], 1), Document(["a", "b"], 7)], "in")
    assert [encode(row.record)["key"] for row in found] == ["a", "b"]
    assert {str(row.place) for row in found} == {"in:7"}


def test_programs_see_the_declared_attribute_types(tmp_path: Path) -> None:
    program = '{kind: "item", key: "a", class: "server", name: $attribute_types.server.cpu_count}'
    (row,) = mapping(tmp_path, program).records([Document(None)], "in")
    assert encode(row.record)["name"] == "integer"


def test_a_failing_program_names_loader_document_and_its_own_message(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        mapping(tmp_path, ".a | empty").records([Document({}, 1), Document([1], 4)], "in")
    assert caught.value.code is ErrorCode.MAPPING_FAILED
    assert str(caught.value.place) == "in:4"
    assert "'made-up' failed on document 2" in caught.value.message
    assert "Cannot index array" in caught.value.message


def test_what_a_program_makes_is_validated_like_any_record(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        mapping(tmp_path, '{kind: "item", key: "a", nmae: "A"}').records([Document(1, 3)], "in")
    assert "in:3, record a, field nmae: there is no such field" in caught.value.message


@pytest.mark.parametrize("program", [".[", "nothing_like_this", "$unknown"])
def test_a_program_that_does_not_compile_is_a_declaration_error(tmp_path: Path, program: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        mapping(tmp_path, program)
    assert caught.value.code is ErrorCode.MAPPING_FAILED


def test_a_missing_program_is_a_declaration_error(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be used"):
        Mapping("made-up", tmp_path / "map.jq", METAMODEL)
