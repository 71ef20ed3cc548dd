"""Who may see and do what: one pure predicate per principal, deny by default."""

from collections.abc import Collection

from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import (
    AllOf,
    AnyOf,
    ClassIn,
    Everything,
    KeyIn,
    Nothing,
    Predicate,
    Principal,
    PrincipalRole,
    SubscribedBy,
)
from cmdb.model.records import Ticket

SYSTEM = Principal(name="system", role=PrincipalRole.ADMIN)

_ALL_ITEMS = frozenset(
    {
        PrincipalRole.DESK,
        PrincipalRole.ENGINEER,
        PrincipalRole.AGENT,
        PrincipalRole.APPROVER,
        PrincipalRole.AUDITOR,
        PrincipalRole.ADMIN,
    }
)
_ASSERT = frozenset({PrincipalRole.LOADER, PrincipalRole.ENGINEER, PrincipalRole.ADMIN})
_EVENTS = _ASSERT | {PrincipalRole.INGEST}
_TICKETS = frozenset({PrincipalRole.DESK, PrincipalRole.ENGINEER, PrincipalRole.ADMIN})
_APPROVE = frozenset({PrincipalRole.APPROVER, PrincipalRole.ADMIN})
_REVIEW = _APPROVE | {PrincipalRole.ENGINEER}
_RUNS = _ALL_ITEMS | {PrincipalRole.LOADER}
_OUTBOX = frozenset({PrincipalRole.ENGINEER, PrincipalRole.ADMIN})
_RAW = frozenset({PrincipalRole.ENGINEER, PrincipalRole.ADMIN})
_SECRETS = frozenset({PrincipalRole.ADMIN})


def visible(principal: Principal) -> Predicate:
    """Return which CIs the principal may see; everything else hangs off CIs."""
    base = _role_predicate(principal)
    parts: list[Predicate] = [base]
    if principal.classes is not None:
        parts.append(ClassIn(principal.classes))
    if principal.keys is not None:
        parts.append(KeyIn(principal.keys))
    return base if len(parts) == 1 else AllOf(tuple(parts))


def _role_predicate(principal: Principal) -> Predicate:
    if principal.role in _ALL_ITEMS:
        return Everything()
    if principal.role is PrincipalRole.SUBSCRIBER and principal.party is not None:
        return SubscribedBy(principal.party)
    return Nothing()


def holds(predicate: Predicate, key: str, ci_class: str, subscribers: Collection[str]) -> bool:
    """Decide the predicate for one CI, given the keys of the parties that subscribe to it."""
    match predicate:
        case Everything():
            return True
        case Nothing():
            return False
        case ClassIn(classes):
            return ci_class in classes
        case KeyIn(keys):
            return key in keys
        case SubscribedBy(party):
            return party in subscribers
        case AllOf(parts):
            return all(holds(part, key, ci_class, subscribers) for part in parts)
        case AnyOf(parts):
            return any(holds(part, key, ci_class, subscribers) for part in parts)


def sees_secrets(principal: Principal) -> bool:
    """Whether attributes declared secret are shown to the principal."""
    return principal.role in _SECRETS


def sees_raw(principal: Principal) -> bool:
    """Whether what a source sent is shown to the principal as it came."""
    return principal.role in _RAW


def sees_work_notes(principal: Principal, ticket: Ticket) -> bool:
    """Whether what was noted on a ticket is shown: notes name CIs and people that a subscriber may not see."""
    own = principal.party is not None and ticket.caller == principal.party
    return principal.role in _ALL_ITEMS or own


def sees_all(principal: Principal) -> bool:
    """Whether no CI is hidden from the principal."""
    return isinstance(visible(principal), Everything)


def require_assert(principal: Principal) -> None:
    """Let only roles pass that may assert items, dependencies and the other records."""
    _require(principal, _ASSERT, "assert records")


def require_events(principal: Principal) -> None:
    """Let only roles pass that may report events and changes."""
    _require(principal, _EVENTS, "report events and changes")


def require_tickets(principal: Principal) -> None:
    """Let only roles pass that may work on tickets."""
    _require(principal, _TICKETS, "work on tickets")


def require_approve(principal: Principal) -> None:
    """Let only roles pass that may let through a run which its guard has halted."""
    _require(principal, _APPROVE, "approve a run")


def require_runs(principal: Principal) -> None:
    """Let only roles pass that may see how loaders fare."""
    _require(principal, _RUNS, "see the runs of loaders")


def require_outbox(principal: Principal) -> None:
    """Let only roles pass that may see and settle what other systems could not be told."""
    _require(principal, _OUTBOX, "look after the outbox")


def require_review(principal: Principal) -> None:
    """Let only roles pass that may say which records of sources are one CI."""
    _require(principal, _REVIEW, "decide what is one CI")


def _require(principal: Principal, roles: frozenset[PrincipalRole], deed: str) -> None:
    if principal.role not in roles:
        allowed = ", ".join(sorted(role.value for role in roles))
        raise Forbidden(
            ErrorCode.FORBIDDEN,
            f"The role {principal.role.value} may not {deed}.",
            hint=f"Ask with one of the roles {allowed}.",
        )
