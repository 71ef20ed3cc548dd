"""An error reads as code, place, fact and next step; the codes are published with a sentence each."""

import pytest

from cmdb.errors import CmdbError, ErrorCode, Place, StoreError


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("a.jsonl"), "a.jsonl"),
        (Place("a.jsonl", 3), "a.jsonl:3"),
        (Place("a.jsonl", 3, "r1", "class"), "a.jsonl:3, record r1, field class"),
        (Place("request", field="first"), "request, field first"),
    ],
)
def test_a_place_is_as_exact_as_it_is_known(place: Place, text: str) -> None:
    assert str(place) == text


def test_an_error_reads_in_one_line() -> None:
    place = Place("a.jsonl", 3)
    error = StoreError(ErrorCode.SYNTAX, "It stops in the middle.", hint="Send all of it.", place=place)
    assert str(error) == "SYNTAX at a.jsonl:3: It stops in the middle. Send all of it."
    assert str(CmdbError(ErrorCode.INTERNAL, "Oops.")) == "INTERNAL: Oops."
    assert (error.message, error.hint, error.code.value) == (
        "It stops in the middle.",
        "Send all of it.",
        "SYNTAX",
    )


@pytest.mark.parametrize("code", ErrorCode)
def test_each_code_is_its_name_with_a_sentence(code: ErrorCode) -> None:
    assert (code.value, ErrorCode[code.value]) == (code.name, code)
    assert code.description.endswith(".")
    assert len(code.description) > 20
