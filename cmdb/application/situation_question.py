"""Groups what is open now into situations, with the ticket that is already at work on each."""

from collections.abc import Callable

from cmdb.application.proof import path_between
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.desk.situations import EventGroup, Membership, group_events
from cmdb.impact.reach import downstream
from cmdb.model.access import Principal
from cmdb.model.answers import Situation, SituationMember
from cmdb.model.records import Event, Ticket


def answer_situations(snapshot: Snapshot, principal: Principal) -> tuple[Situation, ...]:
    """Return the situations with at least one visible event, worst first; hidden events are left out."""
    mask = snapshot.mask(principal)
    situations = (describe_situation(snapshot, mask, group) for group in situation_groups(snapshot))
    return tuple(situation for situation in situations if situation.members)


def situation_groups(snapshot: Snapshot) -> list[EventGroup]:
    """Return the event groups of the whole estate."""
    known = [event for event in snapshot.events.values() if event.item in snapshot.topology.index]
    return group_events(known, _reach(snapshot))


def group_of(snapshot: Snapshot, event: Event) -> EventGroup | None:
    """Return the group that holds the event, if it is open."""
    for group in situation_groups(snapshot):
        if any(member.event.key == event.key for member in group.members):
            return group
    return None


def incident_of(snapshot: Snapshot, group: EventGroup) -> Ticket | None:
    """Return the open incident of a group: that of its cause, else one that holds one of its events."""
    keys = {member.event.key for member in group.members}
    incidents = [ticket for ticket in snapshot.tickets.values() if ticket.is_open and ticket.parent is None]
    fits = [
        ticket for ticket in incidents if ticket.cause_key == group.key or keys.intersection(ticket.events)
    ]
    return min(fits, key=lambda ticket: (ticket.cause_key != group.key, ticket.key), default=None)


def _reach(snapshot: Snapshot) -> Callable[[str], frozenset[str]]:
    topology = snapshot.topology
    known: dict[str, frozenset[str]] = {}

    def reach(item: str) -> frozenset[str]:
        if item not in known:
            places = downstream(topology, [topology.index[item]]).tolist()
            known[item] = frozenset(topology.keys[place] for place in places)
        return known[item]

    return reach


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
        cause=ref,
        severity=group.severity,
        since=group.since,
        members=members,
        ticket=incident_of(snapshot, group),
    )


def _member(snapshot: Snapshot, mask: Mask | None, cause: int, membership: Membership) -> SituationMember:
    place = snapshot.topology.index[membership.event.item]
    return SituationMember(
        event=membership.event,
        item=snapshot.ref(place, mask),
        role=membership.role,
        reason=membership.reason,
        path=path_between(snapshot, place, cause, mask),
    )
