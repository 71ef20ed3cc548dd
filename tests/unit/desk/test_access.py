"""Deny by default: what each role sees and may do."""

import pytest

from cmdb.desk.access import holds, require_assert, require_events, require_tickets, sees_secrets, visible
from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import (
    AllOf,
    AnyOf,
    ClassIn,
    Everything,
    KeyIn,
    Nothing,
    Principal,
    PrincipalRole,
    SubscribedBy,
)


def principal(role: PrincipalRole, party: str | None = None) -> Principal:
    return Principal(name="somebody", role=role, party=party)


def test_a_subscriber_sees_subscriptions_only() -> None:
    predicate = visible(principal(PrincipalRole.SUBSCRIBER, "p1"))
    assert predicate == SubscribedBy("p1")
    assert holds(predicate, "svc", "business_service", {"p1"})
    assert not holds(predicate, "svc", "business_service", {"p2"})


@pytest.mark.parametrize("role", [PrincipalRole.INGEST, PrincipalRole.LOADER, PrincipalRole.SUBSCRIBER])
def test_roles_without_a_reading_right_see_nothing(role: PrincipalRole) -> None:
    assert visible(principal(role)) == Nothing()


def test_narrowing_applies_to_every_role() -> None:
    narrowed = Principal(
        name="n", role=PrincipalRole.ENGINEER, classes=frozenset({"router"}), keys=frozenset({"a"})
    )
    predicate = visible(narrowed)
    assert holds(predicate, "a", "router", ())
    assert not holds(predicate, "b", "router", ())
    assert not holds(predicate, "a", "switch", ())


def test_predicates_combine() -> None:
    either = AnyOf((KeyIn(frozenset({"a"})), ClassIn(frozenset({"switch"}))))
    assert holds(AllOf((Everything(), either)), "x", "switch", ())
    assert not holds(AllOf((Nothing(), either)), "a", "switch", ())


def test_only_some_roles_write() -> None:
    require_assert(principal(PrincipalRole.LOADER))
    require_events(principal(PrincipalRole.INGEST))
    require_tickets(principal(PrincipalRole.DESK))
    for require, role in (
        (require_assert, PrincipalRole.INGEST),
        (require_events, PrincipalRole.SUBSCRIBER),
        (require_tickets, PrincipalRole.AGENT),
    ):
        with pytest.raises(Forbidden) as caught:
            require(principal(role))
        assert caught.value.code is ErrorCode.FORBIDDEN
        assert role.value in caught.value.message


def test_secrets_are_for_admins() -> None:
    assert sees_secrets(principal(PrincipalRole.ADMIN))
    assert not sees_secrets(principal(PrincipalRole.ENGINEER))
