"""The predicate of a principal as Cypher: nothing that a caller sent becomes part of a statement."""

import pytest

from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from cmdb.store.shape import ITEM_LINK
from cmdb.store.visibility import item_filter, record_filter

HOSTILE = "x'}) RETURN n //"
ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party=HOSTILE)
ENGINEER = Principal(name="e", role=PrincipalRole.ENGINEER)
NARROW = Principal(
    name="n", role=PrincipalRole.SUBSCRIBER, party=HOSTILE, classes=frozenset({"b", HOSTILE}), keys=frozenset({"k"})
)  # fmt: skip
KINDS = (*ITEM_LINK, RecordKind.PARTY)


def test_who_sees_everything_needs_no_condition() -> None:
    found = item_filter(ENGINEER)
    assert (found.condition, found.parameters, found.everything) == ("true", {}, True)
    for kind in KINDS:
        assert record_filter(ENGINEER, kind).condition == "true"


@pytest.mark.parametrize("role", [PrincipalRole.INGEST, PrincipalRole.LOADER])
def test_who_sees_nothing_is_answered_nothing(role: PrincipalRole) -> None:
    found = item_filter(Principal(name="x", role=role))
    assert (found.condition, found.everything) == ("false", False)
    assert "AND false" in record_filter(Principal(name="x", role=role), RecordKind.EVENT).condition


def test_a_subscriber_reaches_cis_through_open_subscriptions() -> None:
    found = item_filter(ANN, "node")
    assert found.parameters == {"visible_0": HOSTILE}
    assert "-[s:SUBSCRIBES]->(node)" in found.condition
    assert "s.valid_to IS NULL" in found.condition


def test_narrowing_joins_with_and_in_a_fixed_order() -> None:
    found = item_filter(NARROW)
    assert found.parameters == {"visible_0": HOSTILE, "visible_1": ["b", HOSTILE], "visible_2": ["k"]}
    assert found.condition.count(" AND ") == 2
    assert "c.class IN $visible_1" in found.condition
    assert "c.key IN $visible_2" in found.condition
    assert not found.everything


def test_an_engineer_who_is_narrowed_no_longer_sees_everything() -> None:
    none = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset())
    found = item_filter(none)
    assert (found.everything, found.parameters) == (False, {"visible_0": []})


@pytest.mark.parametrize("principal", [ANN, NARROW])
@pytest.mark.parametrize("kind", [*KINDS, RecordKind.ITEM])
def test_texts_of_callers_are_parameters_always(principal: Principal, kind: RecordKind) -> None:
    found = record_filter(principal, kind)
    assert HOSTILE not in found.condition
    assert all(f"${name}" in found.condition for name in found.parameters)


@pytest.mark.parametrize(
    ("kind", "own"), [(RecordKind.PARTY, "n.key"), (RecordKind.TICKET, "n.caller"), (RecordKind.EVENT, None)]
)
def test_a_party_sees_itself_and_its_own_tickets(kind: RecordKind, own: str | None) -> None:
    found = record_filter(ANN, kind)
    assert (f"OR {own} = $own_party" in found.condition) is (own is not None)
    assert found.parameters.get("own_party") == (HOSTILE if own else None)
    nobody = record_filter(Principal(name="n", role=PrincipalRole.SUBSCRIBER), kind)
    assert "own_party" not in nobody.condition


def test_records_hang_off_cis_by_the_link_of_their_kind() -> None:
    for kind, link in ITEM_LINK.items():
        assert f"-[l:{link}]->" in record_filter(ANN, kind).condition
    assert "-[l:OWNS|SUPPORTS|SUBSCRIBES]->" in record_filter(ANN, RecordKind.PARTY).condition
