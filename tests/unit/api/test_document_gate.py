import pytest

from cmdb.api.document_gate import KEPT_DOCUMENTS, LONGEST_DOCUMENT, DocumentGate, DocumentRefused
from cmdb.api.graphql_schema import executable
from cmdb.errors import ErrorCode, InvalidInput, NotFound

GATE = DocumentGate(executable())


def refused_codes(text: str) -> set[object]:
    with pytest.raises(DocumentRefused) as caught:
        GATE.prepare(text)
    return {(error.extensions or {})["code"] for error in caught.value.errors}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", ErrorCode.SYNTAX),
        ("", ErrorCode.SYNTAX),
        ("{ nothing }", ErrorCode.UNKNOWN_FIELD),
        ("{ head { revision { deeper } } }", ErrorCode.SYNTAX),
        ("{ item { key } }", ErrorCode.MISSING_FIELD),
        ('{ item(ref: "a", colour: "red") { key } }', ErrorCode.BAD_ARGUMENT),
        ("{ item(ref: 7) { key } }", ErrorCode.WRONG_TYPE),
        ("query($r: Int!) { item(ref: $r) { key } }", ErrorCode.WRONG_TYPE),
        ("query($unused: Int) { head { revision } }", ErrorCode.SYNTAX),
        ("{ head { ...Missing } }", ErrorCode.SYNTAX),
        ("type Query { a: Int }", ErrorCode.SYNTAX),
        ("{ a: head { revision } a: __typename }", ErrorCode.SYNTAX),
    ],
)
def test_each_fault_of_a_document_has_a_code(text: str, code: ErrorCode) -> None:
    assert refused_codes(text) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "{ head { " + "revision " * 5_000 + "} }",
        "#\n" * 300 + "{ head { revision } }",
        " " * (LONGEST_DOCUMENT + 1) + "{ head { revision } }",
        "{ head " * 3_000,
        "query($a: " + "[" * 3_000,
    ],
)
def test_the_parser_gives_up_early(text: str) -> None:
    assert refused_codes(text) <= {ErrorCode.TOO_COSTLY, ErrorCode.SYNTAX}


def test_too_many_tokens_are_too_costly_not_bad_syntax() -> None:
    assert refused_codes("{ head { " + "revision " * 5_000 + "} }") == {ErrorCode.TOO_COSTLY}


def test_comparing_fields_stops_at_a_budget() -> None:
    # Distinct fragments with the same fields make graphql-core compare each pair of them.
    names = [f"F{number}" for number in range(150)]
    spreads = " ".join(f"...{name}" for name in names)
    fragments = " ".join(f"fragment {name} on Head {{ revision answered }}" for name in names)
    assert refused_codes(f"{{ head {{ {spreads} }} }} {fragments}") == {ErrorCode.TOO_COSTLY}


def test_nested_introspection_is_refused() -> None:
    text = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert refused_codes(text) == {ErrorCode.SYNTAX}


def test_faults_come_without_guesses() -> None:
    with pytest.raises(DocumentRefused) as caught:
        GATE.prepare("{ heat { revision } }")
    assert "Did you mean" not in caught.value.errors[0].message


def test_the_number_of_reported_faults_is_bounded() -> None:
    with pytest.raises(DocumentRefused) as caught:
        GATE.prepare("{ " + " ".join(f"nothing{n}" for n in range(500)) + " }")
    assert len(caught.value.errors) <= 11


def test_sound_documents_are_kept_and_refused_ones_are_not() -> None:
    gate = DocumentGate(executable())
    assert gate.prepare("{ head { revision } }") is gate.prepare("{ head { revision } }")
    with pytest.raises(DocumentRefused):
        gate.prepare("{ nothing }")
    assert gate.prepare.cache_info().currsize == 1


def test_a_trusted_document_is_prepared_once_and_stays() -> None:
    gate = DocumentGate(executable(), {"head": "{ head { revision } }", "bad": "{ nothing }"})
    kept = gate.trusted("head")
    for number in range(KEPT_DOCUMENTS + 1):
        gate.prepare(f"{{ a{number}: head {{ revision }} }}")
    assert gate.trusted("head") is kept
    with pytest.raises(DocumentRefused):
        gate.trusted("bad")
    with pytest.raises(NotFound) as caught:
        gate.trusted("nothing")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_boolean_variables_alone_are_choices() -> None:
    text = "query($a: Boolean!, $b: Boolean = true, $c: String!, $d: Int!) "
    text += (
        "{ item(ref: $c) { key @skip(if: $a) name @include(if: $b) } search(words: $c, first: $d) { words } }"
    )
    assert GATE.prepare(text).choices == ("a", "b")


def test_the_operation_is_chosen_by_name() -> None:
    prepared = GATE.prepare("query A { head { revision } } query B { head { answered } }")
    chosen = prepared.choose("B")
    assert chosen.name is not None
    assert chosen.name.value == "B"
    for name in (None, "C"):
        with pytest.raises(InvalidInput) as caught:
            prepared.choose(name)
        assert caught.value.code is ErrorCode.BAD_ARGUMENT


def test_a_document_of_fragments_only_has_no_operation() -> None:
    gate = DocumentGate(executable())
    with pytest.raises(DocumentRefused):
        gate.prepare("fragment F on Head { revision }")
