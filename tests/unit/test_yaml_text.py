from pathlib import Path

import pytest

from cmdb.errors import DeclarationError, ErrorCode, InvalidInput
from cmdb.model.severity import Strength
from cmdb.yaml_text import Entry, read_documents, read_entry


def entry(tmp_path: Path, text: str) -> Entry:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return read_entry(path, "a.yaml")


def test_documents_keep_times_as_text() -> None:
    assert read_documents("at: 2026-01-31\n---\n- 1\n- yes\n", "x") == [{"at": "2026-01-31"}, [1, True]]


def test_anchors_of_modest_size_are_followed() -> None:
    assert read_documents("a: &x {n: 1}\nb: *x\nc:\n  <<: *x\n  m: 2\n", "x") == [
        {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 1, "m": 2}}
    ]


HOSTILE = {
    "alias bomb": "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
    "deep nesting": "[" * 5000 + "]" * 5000,
    "self reference": "a: &a [*a]\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_that_only_attackers_write_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_documents(HOSTILE[name], "x.yaml")
    assert caught.value.code is ErrorCode.HOSTILE_DOCUMENT


MALFORMED = {
    "a: 1\nb: [\n": None,
    "a: 1\na: 2\n": 2,
    "a: !!python/object/apply:os.getcwd []\n": 1,
    "a: b: c\n": 1,
}


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_texts_name_their_line(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_documents(text, "x.yaml")
    assert caught.value.code is ErrorCode.SYNTAX
    place = caught.value.place
    assert place is not None
    if MALFORMED[text]:
        assert place.line == MALFORMED[text]


@pytest.mark.parametrize("text", ["- a list\n", "", "a: 1\n---\nb: 1\n"])
def test_a_declaration_file_holds_one_mapping(tmp_path: Path, text: str) -> None:
    with pytest.raises(DeclarationError, match="exactly one YAML mapping"):
        entry(tmp_path, text)


def test_a_missing_or_binary_file_is_a_declaration_error(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_entry(tmp_path / "none.yaml", "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_entry(tmp_path / "binary.yaml", "binary.yaml")


def test_a_malformed_declaration_keeps_its_line(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        entry(tmp_path, "a: 1\na: 2\n")
    assert str(caught.value.place) == "a.yaml:2"


def test_fields_are_read_by_type(tmp_path: Path) -> None:
    found = entry(
        tmp_path, "t: text\nf: true\nn: [a, b]\nr: [[a], [b, c]]\ns: hard\ne:\n  one: {x: 1}\n  two: {x: 2}\n"
    )
    assert found.text("t") == "text"
    assert found.text("absent", "default") == "default"
    assert found.flag("f")
    assert not found.flag("absent")
    assert found.names("n") == ("a", "b")
    assert found.names("absent") == ()
    assert found.rows("r") == (("a",), ("b", "c"))
    assert found.choice("s", Strength) is Strength.HARD
    assert [inner.name for inner in found.entries("e")] == ["one", "two"]
    assert list(found.entries("absent")) == []


def test_wrong_fields_name_line_and_what_to_give(tmp_path: Path) -> None:
    found = entry(tmp_path, "t: ''\nf: 1\nn: [a, a]\nr: 1\ns: iron\ne: [1]\nm: [1]\n")
    for read, line, hint in (
        (lambda: found.text("t"), 1, "a text"),
        (lambda: found.flag("f"), 2, "true or false"),
        (lambda: found.names("n"), 3, "once"),
        (lambda: found.rows("r"), 4, "list of lists"),
        (lambda: found.choice("s", Strength), 5, "hard, soft, telemetry"),
        (lambda: list(found.entries("e")), 6, "mapping of names"),
        (lambda: found.names("m"), 7, "list of texts"),
        (lambda: found.text("absent"), None, "a text"),
        (lambda: found.allow("t", "f"), 3, "t, f"),
    ):
        with pytest.raises(DeclarationError) as caught:
            read()
        assert caught.value.place is not None
        assert caught.value.place.line == line
        assert hint in caught.value.hint


def test_an_entry_without_fields_is_refused_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        list(entry(tmp_path, "e:\n  one: {x: 1}\n  two: 3\n").entries("e"))
    assert str(caught.value.place) == "a.yaml:3, record two"
