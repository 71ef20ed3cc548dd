from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput
from cmdb.ingest.document import DOCUMENT_LIMIT, Document
from cmdb.ingest.mapping import Mapping, Program, SourcedDocument
from cmdb.ingest.records import encode
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))


SERVER = '{kind: "item", key: ., class: "server", name: .}'


def sourced(documents: Iterable[Document]) -> Iterator[SourcedDocument]:
    return (("in", document) for document in documents)


def mapping(tmp_path: Path, program: str, **declared: Any) -> Mapping:
    path = tmp_path / "map.jq"
    path.write_text(program, encoding="utf-8")
    return Mapping(Program(name="made-up", path=path, **declared), METAMODEL)


def test_a_document_may_become_any_number_of_records(tmp_path: Path) -> None:
    program = '.[] | {kind: "item", key: ., class: "server", name: .}'
    found = list(mapping(tmp_path, program).records(sourced([Document([], 1), Document(["a", "b"], 7)])))
    assert [encode(row.record)["key"] for row in found] == ["a", "b"]
    assert {str(row.place) for row in found} == {"in:7"}


def test_programs_see_the_declared_attribute_types(tmp_path: Path) -> None:
    program = '{kind: "item", key: "a", class: "server", name: $attribute_types.server.cpu_count}'
    (row,) = mapping(tmp_path, program).records(sourced([Document(None)]))
    assert encode(row.record)["name"] == "integer"


def test_a_failing_program_names_loader_document_and_its_own_message(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        mapping(tmp_path, ".a | empty").records(sourced([Document({}, 1), Document([1], 4)])).__next__()
    assert caught.value.code is ErrorCode.MAPPING_FAILED
    assert str(caught.value.place) == "in:4"
    assert "'made-up' failed on a document" in caught.value.message
    assert "Cannot index array" in caught.value.message


def test_what_a_program_makes_is_validated_like_any_record(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        mapping(tmp_path, '{kind: "item", key: "a", nmae: "A"}').records(sourced([Document(1, 3)])).__next__()
    assert "in:3, record a, field nmae: there is no such field" in caught.value.message


@pytest.mark.parametrize("program", [".[", "nothing_like_this", "$unknown"])
def test_a_program_that_does_not_compile_is_a_declaration_error(tmp_path: Path, program: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        mapping(tmp_path, program)
    assert caught.value.code is ErrorCode.MAPPING_FAILED


def test_a_fault_is_counted_from_where_the_program_begins_and_told_without_the_prelude(
    tmp_path: Path,
) -> None:
    path = tmp_path / "map.jq"
    path.write_text(".a | odd_one")
    prelude = f"# shared\ndef shared: {'.a + ' * 100} 1;\n"
    with pytest.raises(DeclarationError) as caught:
        Mapping(Program(name="made-up", path=path, prelude=prelude), METAMODEL)
    assert "odd_one/0 is not defined at <top-level>, line 1, column 6" in caught.value.message
    assert "shared" not in caught.value.message


def test_a_missing_program_is_a_declaration_error(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be used"):
        Mapping(Program(name="made-up", path=tmp_path / "map.jq"), METAMODEL)


def test_records_come_before_the_input_has_ended(tmp_path: Path) -> None:
    def documents() -> Iterator[Document]:
        yield Document("a")
        raise AssertionError("read ahead")

    records = mapping(tmp_path, SERVER).records(sourced(documents()))
    assert encode(next(records).record)["key"] == "a"


def test_documents_that_refer_to_one_another_come_as_one_list(tmp_path: Path) -> None:
    documents = [Document("a", 1), Document("b", 2)]
    found = mapping(tmp_path, f"length as $n | .[] | {SERVER} | .name += ($n | tostring)", together=True)
    assert [encode(row.record)["name"] for row in found.records(sourced(documents))] == ["a2", "b2"]


def test_a_list_of_documents_is_bounded_and_says_where_it_is_from(tmp_path: Path) -> None:
    big = Document("x" * (DOCUMENT_LIMIT // 2 + 1), 1)
    program = mapping(tmp_path, ".", together=True)
    documents = [("a", big), ("b", big), ("c", big), ("c", big), ("d", big)]
    found = [(name, got.line, len(got.value)) for name, got in program.gather(documents)]  # type: ignore[arg-type] # a list
    assert found == [("a and 1 more", None, 2), ("c", 1, 2), ("d", 1, 1)]


def test_arguments_and_the_prelude_are_at_hand(tmp_path: Path) -> None:
    program = mapping(
        tmp_path,
        "twice | " + SERVER,
        prelude="# Twice.\ndef twice:\n  . + $arguments.end;\n",
        arguments={"end": "!"},
    )
    (row,) = program.records(sourced([Document("a")]))
    assert encode(row.record)["name"] == "a!"


def test_jq_counts_the_lines_of_the_program_itself(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="line 2"):
        mapping(tmp_path, "1 |\n nothing_like_this", prelude="def a:\n 1;\ndef b: 2;\n")


def test_a_mention_that_comes_again_is_passed_on_once(tmp_path: Path) -> None:
    documents = sourced([Document("a"), Document("b"), Document("a")])
    found = mapping(tmp_path, SERVER + " + {mention: true}").records(documents)
    assert [encode(row.record)["key"] for row in found] == ["a", "b"]


def test_remarks_are_for_people_and_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    program = mapping(tmp_path, '{kind: "remark", text: "odd"}')
    assert list(program.records(sourced([Document(1), Document(2)]), said.append)) == []
    assert said == ["in: odd"]


def test_a_text_may_hold_any_line_separator(tmp_path: Path) -> None:
    name = "a\u2028b\u0085c\n\rd"
    (row,) = mapping(tmp_path, '{kind: "item", key: "a", class: "server", name: .}').records(
        sourced([Document(name)])
    )
    assert encode(row.record)["name"] == name


def test_a_program_may_say_when_its_document_came(tmp_path: Path) -> None:
    program = '{kind: "event", item: "a", condition: "c", severity: "ok", at: "@received"}'
    came = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    made = mapping(tmp_path, program)
    (row,) = made.records(sourced([Document(None, received_at=came)]))
    assert encode(row.record)["at"] == came.isoformat()
    before = datetime.now(UTC)
    (row,) = made.records(sourced([Document(None)]))
    assert before <= datetime.fromisoformat(str(encode(row.record)["at"])) <= datetime.now(UTC)


STRICT = 'if type == "array" then .[] else . end | (.names // [.])[] | ascii_downcase | ' + SERVER


def skipped(tmp_path: Path, *values: object, **declared: Any) -> tuple[list[str], list[str]]:
    """Return the keys that came through and what was said of the rest."""
    faults: list[InvalidInput] = []
    documents = sourced(Document(value, line) for line, value in enumerate(values, start=1))
    found = mapping(tmp_path, STRICT, **declared).records(documents, faulty=faults.append)
    return [str(encode(row.record)["key"]) for row in found], [str(fault.place) for fault in faults]


@pytest.mark.parametrize("together", [False, True])
def test_with_somebody_to_tell_faulty_documents_and_entries_are_left_out(
    tmp_path: Path, together: bool
) -> None:
    values = ({"names": ["a"]}, {"names": [1]}, {"names": ["b", 2, "c"]}, {"names": ["d"]})
    expected = (["a", "b", "c", "d"], ["in:2, record entry 1", "in:3, record entry 2"])
    assert skipped(tmp_path, *values, together=together) == expected
    assert skipped(tmp_path, {"names": 7}, {"names": ["a"]}, together=together) == (["a"], ["in:1"])


def test_with_somebody_to_tell_records_that_are_none_are_left_out(tmp_path: Path) -> None:
    faults: list[InvalidInput] = []
    program = '.[] | {kind: "item", key: ., class: "server", name: "n"}'
    found = mapping(tmp_path, program).records(sourced([Document(["a", 7, "b"], 1)]), faulty=faults.append)
    assert len(list(found)) == 2
    assert [fault.code for fault in faults] == [ErrorCode.WRONG_TYPE]


def test_documents_that_only_fail_together_are_all_left_out(tmp_path: Path) -> None:
    program = (
        'if length > 1 then error("twins") else .[] | {kind: "item", key: ., class: "server", name: .} end'
    )
    faults: list[InvalidInput] = []
    both = mapping(tmp_path, program, together=True)
    assert list(both.records(sourced([Document("a", 1), Document("b", 2)]), faulty=faults.append)) == []
    assert ["twins" in fault.message for fault in faults] == [True]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("facts/db-1.example.net", "db-1.example.net"),
        ("/x/db-1.example.net.json", "db-1.example.net"),
        ("core.yml", "core"),
        ("stdin", "stdin"),
    ],
)
def test_a_program_for_named_files_sees_the_name_without_folder_and_ending(
    tmp_path: Path, source: str, name: str
) -> None:
    program = '.[] | {kind: "item", key: .file, class: "server", name: .content}'
    made = mapping(tmp_path, program, named=True, together=True)
    (row,) = made.records([(source, Document("seen", 1))])
    assert (encode(row.record)["key"], encode(row.record)["name"]) == (name, "seen")
