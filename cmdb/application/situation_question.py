"""Groups what is open now into situations, with the ticket that is already at work on each."""

from cmdb.application.lookup import missing, shown_tickets
from cmdb.application.proof import path_between
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.desk.correlation import survivor_of
from cmdb.desk.situations import EventGroup, Membership
from cmdb.model.access import Principal
from cmdb.model.answers import Situation, SituationMember
from cmdb.model.records import Event, Ticket


def answer_situations(
    snapshot: Snapshot, principal: Principal, number: str | None = None
) -> tuple[Situation, ...]:
    """Return the situations with at least one visible event, worst first; hidden events are left out.

    With a number no more than the one that it stands for by now; NotFound when none of its events is open or visible.
    """
    mask = snapshot.mask(principal)
    wanted = None if number is None else survivor_of(number, snapshot.situations)
    groups = snapshot.event_groups
    if number is not None:
        groups = [group for group in groups if wanted and snapshot.numbers.get(group.cause) == wanted.key]
    situations = (describe_situation(snapshot, mask, group) for group in groups)
    found = tuple(situation for situation in situations if situation.members)
    if number is not None and not found:
        raise missing("open situation", number)
    return found


def group_of(snapshot: Snapshot, event: Event) -> EventGroup | None:
    """Return the group that holds the event, if it is open."""
    return snapshot.group_by_event.get(event.key)


def incident_of(snapshot: Snapshot, group: EventGroup) -> Ticket | None:
    """Return the open incident of a group: that of its cause or number, else one that holds one of its events."""
    known = snapshot.incident_by_cause.get(group.key) or snapshot.incident_by_situation.get(
        snapshot.numbers.get(group.cause, "")
    )
    by_event = (snapshot.incident_by_event.get(member.event.key) for member in group.members)
    return known or min(filter(None, by_event), key=lambda ticket: ticket.key, default=None)


def describe_situation(snapshot: Snapshot, mask: Mask | None, group: EventGroup) -> Situation:
    """Return a group as a principal with this mask sees it; hidden events are left out."""
    cause = snapshot.topology.index[group.cause]
    found = (_member(snapshot, mask, cause, membership) for membership in group.members)
    members = tuple(member for member in found if not member.item.restricted)
    ref = snapshot.ref(cause, mask)
    # The key of a group names its cause, so behind a hidden one the first visible event stands for it.
    key = f"event:{members[0].event.key}" if ref.restricted and members else group.key
    return Situation(
        key=key,
        number=snapshot.numbers.get(group.cause),
        cause=ref,
        severity=group.severity,
        since=group.since,
        members=members,
        ticket=_shown(snapshot, mask, incident_of(snapshot, group)),
    )


def _shown(snapshot: Snapshot, mask: Mask | None, incident: Ticket | None) -> Ticket | None:
    if incident is None or mask is None:
        return incident
    (shown,) = shown_tickets(snapshot, mask, (incident,))
    return shown if shown.items else None


def _member(snapshot: Snapshot, mask: Mask | None, cause: int, membership: Membership) -> SituationMember:
    place = snapshot.topology.index[membership.event.item]
    return SituationMember(
        event=membership.event,
        item=snapshot.ref(place, mask),
        role=membership.role,
        reason=membership.reason,
        path=path_between(snapshot, place, cause, mask),
    )
