"""Answers "what if these CIs failed?"; nothing is written."""

from cmdb.application.lookup import find_place
from cmdb.application.proof import path_between
from cmdb.application.requests import WhatIfRequest
from cmdb.application.snapshot import Mask, Severities, Snapshot
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.impact.reach import downstream
from cmdb.model.access import Principal
from cmdb.model.answers import WhatIfAnswer, WhatIfRow
from cmdb.model.records import Role
from cmdb.model.severity import Severity


def answer_what_if(snapshot: Snapshot, principal: Principal, request: WhatIfRequest) -> WhatIfAnswer:
    """Compare the present with the present plus the assumed failures, over everything downstream of them."""
    if not request.items:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT, "No CI was named.", hint="Name at least one CI that is to fail."
        )
    topology, mask = snapshot.topology, snapshot.mask(principal)
    assumed = tuple(dict.fromkeys(find_place(snapshot, principal, item) for item in request.items))
    own = snapshot.outage.copy()
    for place in assumed:
        own[place] = max(int(own[place]), request.severity)
    after = snapshot.effective_with({place: int(own[place]) for place in assumed})
    reached = downstream(topology, assumed)
    listed = reached[snapshot.is_service[reached]] if request.services_only else reached
    if mask is not None:
        listed = listed[mask[listed]]
    places: list[int] = listed.tolist()
    worse = sorted(
        (place for place in places if after[place] > snapshot.effective[place]),
        key=lambda place: (-int(after[place]), topology.names[place], topology.keys[place]),
    )
    thinner = sorted(
        (place for place in places if after[place] == snapshot.effective[place] and place not in assumed),
        key=lambda place: (topology.names[place], topology.keys[place]),
    )
    rows = [_row(snapshot, after, place, assumed, mask) for place in worse[: request.first]]
    lost = [_row(snapshot, after, place, assumed, mask) for place in thinner[: max(100, request.first)]]
    lost = [row for row in lost if row.margin_before != row.margin_after]
    return WhatIfAnswer(
        basis=snapshot.basis,
        assumed=tuple(snapshot.ref(place, mask) for place in assumed),
        worse=len(worse),
        margin_lost=len(lost),
        rows=tuple([*rows, *lost][: request.first]),
        has_more=len(worse) + len(lost) > request.first,
    )


def _row(
    snapshot: Snapshot,
    after: Severities,
    place: int,
    assumed: tuple[int, ...],
    mask: Mask | None,
) -> WhatIfRow:
    topology = snapshot.topology
    before = snapshot.margin_of(place, snapshot.effective)
    later = snapshot.margin_of(place, after)
    return WhatIfRow(
        item=snapshot.ref(place, mask),
        before=Severity(int(snapshot.effective[place])),
        after=Severity(int(after[place])),
        margin_before=before.survives,
        margin_after=later.survives,
        path=path_between(snapshot, place, assumed[0], mask),
        owners=snapshot.parties_of(topology.keys[place], Role.OWNS),
    )
