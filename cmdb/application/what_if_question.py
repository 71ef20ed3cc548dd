"""Answers "what if these CIs failed?"; nothing is written."""

from dataclasses import dataclass

from cmdb.application.lookup import find_place
from cmdb.application.proof import Steps
from cmdb.application.requests import WhatIfRequest
from cmdb.application.snapshot import LADDER, Mask, Severities, Snapshot
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.impact.margin import Margins
from cmdb.impact.paths import Links, PathsTo
from cmdb.impact.reach import downstream
from cmdb.model.access import Principal
from cmdb.model.answers import WhatIfAnswer, WhatIfRow
from cmdb.model.records import Role


@dataclass(frozen=True, slots=True)
class _Case:
    """What the rows share: severities after the assumed failures, margins before and after, paths at present."""

    steps: Steps
    after: Severities
    before: Margins
    later: Margins
    paths: PathsTo


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
    case = _case(snapshot, mask, after, assumed[0])
    looked_at = thinner[: max(100, request.first)]
    lost = [place for place in looked_at if case.before.of(place).survives != case.later.of(place).survives]
    rows = [_row(case, place) for place in [*worse[: request.first], *lost][: request.first]]
    return WhatIfAnswer(
        basis=snapshot.basis,
        assumed=tuple(snapshot.ref(place, mask) for place in assumed),
        worse=len(worse),
        margin_lost=len(lost),
        rows=tuple(rows),
        has_more=len(worse) + len(lost) > request.first,
    )


def _case(snapshot: Snapshot, mask: Mask | None, after: Severities, origin: int) -> _Case:
    topology = snapshot.topology
    return _Case(
        steps=Steps(snapshot, mask),
        after=after,
        before=snapshot.margins,
        later=snapshot.margins_under(after),
        paths=PathsTo(topology, origin, Links(topology, snapshot.effective)),
    )


def _row(case: _Case, place: int) -> WhatIfRow:
    snapshot = case.steps.snapshot
    return WhatIfRow(
        item=snapshot.ref(place, case.steps.mask),
        before=LADDER[snapshot.effective[place]],
        after=LADDER[case.after[place]],
        margin_before=case.before.of(place).survives,
        margin_after=case.later.of(place).survives,
        path=case.steps.path(case.paths.path(place)),
        owners=snapshot.parties_of(snapshot.topology.keys[place], Role.OWNS),
    )
