"""Deny by default: what each role sees and may do."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.access import (
    holds,
    require_approve,
    require_assert,
    require_events,
    require_outbox,
    require_review,
    require_tickets,
    sees_raw,
    sees_secrets,
    visible,
)
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


REQUIRED = {
    "assert": require_assert,
    "events": require_events,
    "tickets": require_tickets,
    "approve": require_approve,
    "review": require_review,
    "outbox": require_outbox,
}


def may(role: PrincipalRole) -> set[str]:
    """Return what the role may do that changes something, or shows what is not for everybody."""
    allowed = set()
    for deed, require in REQUIRED.items():
        with suppress(Forbidden):
            require(principal(role))
            allowed.add(deed)
    return allowed


@pytest.mark.parametrize("role", [PrincipalRole.SUBSCRIBER, PrincipalRole.AGENT, PrincipalRole.AUDITOR])
def test_who_only_reads_changes_nothing(role: PrincipalRole) -> None:
    assert may(role) == set()
    assert not sees_secrets(principal(role))
    assert not sees_raw(principal(role))


def test_machines_that_send_do_that_and_no_more() -> None:
    assert may(PrincipalRole.INGEST) == {"events"}
    assert may(PrincipalRole.LOADER) == {"assert", "events"}


def test_who_writes_does_not_approve_what_the_guard_has_halted() -> None:
    approving = {role for role in PrincipalRole if "approve" in may(role)}
    writing = {role for role in PrincipalRole if "assert" in may(role)}
    assert approving & writing == {PrincipalRole.ADMIN}
    assert may(PrincipalRole.ADMIN) == REQUIRED.keys()


@pytest.mark.parametrize("deed", REQUIRED)
def test_a_refusal_names_the_deed_and_who_may_do_it(deed: str) -> None:
    with pytest.raises(Forbidden) as caught:
        REQUIRED[deed](principal(PrincipalRole.AUDITOR))
    assert caught.value.code is ErrorCode.FORBIDDEN
    named = (caught.value.hint or "").removeprefix("Ask with one of the roles ").rstrip(".").split(", ")
    assert {role.value for role in PrincipalRole if deed in may(role)} == set(named)


KEYS = st.frozensets(st.sampled_from("abc"))
CLASSES = st.frozensets(st.sampled_from(["router", "switch"]))


@settings(max_examples=60)
@given(
    st.sampled_from(PrincipalRole),
    st.none() | st.sampled_from(["ann", "bob"]),
    st.none() | CLASSES,
    st.none() | KEYS,
)
def test_narrowing_never_shows_more_and_shows_just_what_both_name(
    role: PrincipalRole, party: str | None, classes: frozenset[str] | None, keys: frozenset[str] | None
) -> None:
    wide = Principal(name="n", role=role, party=party)
    narrow = Principal(name="n", role=role, party=party, classes=classes, keys=keys)
    for key, ci_class, subscribers in product("abc", ["router", "switch"], [set(), {"ann"}, {"ann", "bob"}]):
        named = (classes is None or ci_class in classes) and (keys is None or key in keys)
        seen = holds(visible(wide), key, ci_class, subscribers)
        assert holds(visible(narrow), key, ci_class, subscribers) is (seen and named)
        if role is PrincipalRole.SUBSCRIBER:
            assert seen is (party in subscribers)
