"""What a subscriber sees of their services: state, why, what still holds, and who is on it."""

from cmdb.application.lookup import missing, shown_tickets
from cmdb.application.proof import Proofs, names_of
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.answers import Health, Margin, Proof, ServiceStatus
from cmdb.model.records import Role
from cmdb.model.severity import Severity


def answer_my_services(snapshot: Snapshot, principal: Principal, party: str) -> tuple[ServiceStatus, ...]:
    """Return the services that the party subscribes to and the caller may see, worst first."""
    if principal.role is PrincipalRole.SUBSCRIBER and principal.party != party:
        raise Forbidden(
            ErrorCode.FORBIDDEN,
            "A subscriber sees only their own services.",
            hint=f"Ask for the party '{principal.party}'.",
        )
    if party not in snapshot.parties:
        raise missing("party", party)
    mask = snapshot.mask(principal)
    keys = sorted(
        row.item for row in snapshot.assignments if row.party == party and row.role is Role.SUBSCRIBES
    )
    places = [snapshot.topology.index[key] for key in keys if snapshot.sees(principal, key)]
    proofs = Proofs(snapshot, mask)
    rows = [_status(snapshot, proofs, mask, place) for place in places if snapshot.is_service[place]]
    return tuple(sorted(rows, key=lambda row: (-row.health.effective, row.item.name, row.item.key)))


def _status(snapshot: Snapshot, proofs: Proofs, mask: Mask | None, place: int) -> ServiceStatus:
    health, proof, left = snapshot.health(place), proofs.proof(place), proofs.margin(place)
    ref = snapshot.ref(place, mask)
    return ServiceStatus(
        item=ref,
        health=health,
        margin=left,
        proof=proof,
        events=snapshot.events_at.get(ref.key, ()),
        tickets=shown_tickets(snapshot, mask, snapshot.open_tickets_at.get(ref.key, ())),
        summary=summarise(health, proof, left),
    )


def summarise(health: Health, proof: Proof, left: Margin) -> str:
    """Say in one sentence how a service stands and why."""
    if health.effective > Severity.OK:
        because = names_of(row.item for row in proof.causes)
        return (
            f"{health.effective} because of {because}"
            if because
            else f"{health.effective} from its own events"
        )
    if health.planned > Severity.OK:
        return f"planned work: {health.planned} is expected and announced"
    return f"ok; {_left(left)}"


def _left(left: Margin) -> str:
    if left.survives is None:
        return "nothing it depends on can take it down"
    if left.survives == 0:
        return f"one more failure takes it down ({names_of(left.next_failures[:3]) or 'several candidates'})"
    count = f"{left.survives}" if left.exact else f"at least {left.survives}"
    return f"survives {count} further failure{'s' if left.survives != 1 else ''}"
