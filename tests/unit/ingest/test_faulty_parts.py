from cmdb.ingest.document import Document
from cmdb.ingest.faulty_parts import parts_of, without


def test_a_document_comes_apart_along_its_longest_list_within_its_envelope() -> None:
    page = Document({"next": None, "tags": ["x"], "results": [1, 2]}, 3)
    expected = [(n, Document({"next": None, "tags": ["x"], "results": [n]}, 3)) for n in (1, 2)]
    assert list(parts_of(page)) == expected
    assert without(page, [1]) == expected[1][1]
    assert without(page, [1, 2]) is None


def test_a_list_comes_apart_and_what_has_no_list_does_not() -> None:
    assert [part.value for _, part in parts_of(Document([7, 8]))] == [[7], [8]]
    values: tuple[object, ...] = ("text", {"a": 1}, {}, [])
    for value in values:
        assert list(parts_of(Document(value))) == []
        assert without(Document(value), []) is None
