import pytest

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.completeness import Completeness

PLACE = Place("in")


def told(*claims: tuple[str, int, int], scope: str = "") -> Completeness:
    """Return what these claims come to."""
    completeness = Completeness()
    for name, of, got in claims:
        completeness.add({"kind": "coverage", "scope": scope, "list": name, "of": of, "got": got}, PLACE)
    return completeness


@pytest.mark.parametrize(
    ("claims", "whole"),
    [
        ([], False),
        ([("hosts", 2, 2)], True),
        ([("hosts", 2, 1)], False),
        ([("hosts", 2, 1), ("hosts", 2, 1)], True),
        ([("hosts", 2, 0), ("hosts", 1, 3)], True),
        ([("hosts", 2, 2), ("racks", 1, 0)], False),
        ([("racks", 1, 0), ("hosts", 1, 5)], False),
    ],
)
def test_documents_are_whole_when_every_list_is(claims: list[tuple[str, int, int]], whole: bool) -> None:
    for ordered in (claims, claims[::-1]):
        assert told(*ordered).whole is whole


def test_people_are_told_what_is_missing_from_which_scope() -> None:
    lacking = told(("hosts", 4, 3), ("racks", 1, 1), scope="blue").sentence()
    assert "'blue'" in lacking
    assert lacking.endswith("hosts, 3 of 4")
    assert "racks" not in lacking
    assert "all of 'blue'" in told(("racks", 1, 1), scope="blue").sentence()
    assert "nothing in them says that they are" in told().sentence()


@pytest.mark.parametrize("value", [{}, {"list": "hosts", "of": "many", "got": 1}, {"list": "hosts", "of": 1}])
def test_what_is_no_claim_is_refused_with_its_place(value: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Completeness().add(value, PLACE)
    assert (caught.value.code, caught.value.place) == (ErrorCode.WRONG_TYPE, PLACE)
