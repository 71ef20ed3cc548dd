"""Which services the open events of a situation or incident hurt at present, and how badly."""

from collections.abc import Iterable

from cmdb.application.snapshot import LADDER, Snapshot
from cmdb.impact.propagation import spread
from cmdb.impact.reach import downstream
from cmdb.model.severity import Severity


def hurt_services(
    snapshot: Snapshot, items: Iterable[str], threshold: Severity = Severity.WARNING
) -> dict[str, Severity]:
    """Return the services at `threshold` or above that the failures of these CIs bring there, alone or with others."""
    index = snapshot.topology.index
    places = {index[item] for item in items if item in index}
    failing = {place: int(snapshot.outage[place]) for place in places if snapshot.outage[place]}
    if not failing:
        return {}
    reached = downstream(snapshot.topology, list(failing))
    hurt = reached[snapshot.is_service[reached] & (snapshot.effective[reached] >= threshold)].tolist()
    if not hurt:
        return {}
    alone = spread(snapshot.topology, failing)
    without = snapshot.effective_with(dict.fromkeys(failing, 0))
    return {
        snapshot.topology.keys[place]: LADDER[snapshot.effective[place]]
        for place in sorted(hurt)
        if alone.get(place, 0) >= threshold or without[place] < snapshot.effective[place]
    }
