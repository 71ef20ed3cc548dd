"""Which services the failures of some CIs hurt, alone or together with others."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.application.affected import hurt_services
from cmdb.application.snapshot import Snapshot
from cmdb.impact.propagation import evaluate
from cmdb.model.severity import Severity
from tests.support.small_estate import furnished, raised

DEVICES = ("r1", "r2", "vpnc", "mail1", "printsrv")
SERVICES = {"vpn", "finance", "mail", "print"}


async def snapshot(*raises: tuple[str, Severity]) -> Snapshot:
    bench = await furnished(*(raised(key, severity) for key, severity in raises))
    return await bench.snapshot()


async def test_services_above_a_failure_are_hurt_and_others_are_not() -> None:
    present = await snapshot(("r1", Severity.CRITICAL), ("printsrv", Severity.MAJOR))
    assert hurt_services(present, ["r1"]) == {"vpn": Severity.CRITICAL, "finance": Severity.CRITICAL}
    assert hurt_services(present, ["printsrv"]) == {"print": Severity.MAJOR}
    assert set(hurt_services(present, ["r1", "printsrv"])) == {"vpn", "finance", "print"}


async def test_what_holds_alone_is_hurt_together_with_what_fails_beside_it() -> None:
    alone = await snapshot(("r1", Severity.CRITICAL))
    assert "mail" not in hurt_services(alone, ["r1"])
    both = await snapshot(("r1", Severity.CRITICAL), ("r2", Severity.CRITICAL))
    assert hurt_services(both, ["r2"]) == {"mail": Severity.CRITICAL}
    assert "mail" in hurt_services(both, ["r1"])


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(Severity.WARNING, {"print"}), (Severity.MINOR, {"print"}), (Severity.MAJOR, set())],
)
async def test_a_service_counts_from_the_threshold_on(threshold: Severity, expected: set[str]) -> None:
    present = await snapshot(("printsrv", Severity.MINOR))
    assert set(hurt_services(present, ["printsrv"], threshold)) == expected


async def test_what_does_not_fail_is_unknown_or_carries_nothing_hurts_nothing() -> None:
    present = await snapshot(("mail1", Severity.CRITICAL))
    assert hurt_services(present, ["r1", "nowhere"]) == {}
    assert hurt_services(present, []) == {}
    assert hurt_services(present, ["mail1"]) == {}, "it fails, and no service needs it"


async def test_a_service_may_fail_by_itself_and_what_is_worse_for_another_reason_is_not_laid_to_it() -> None:
    present = await snapshot(("vpn", Severity.MINOR), ("finance", Severity.CRITICAL))
    assert hurt_services(present, ["vpn"]) == {"vpn": Severity.MINOR, "finance": Severity.CRITICAL}
    assert hurt_services(present, ["vpn"], Severity.MAJOR) == {}, "finance is as bad without it"


SEVERITIES = st.dictionaries(st.sampled_from(DEVICES), st.sampled_from(list(Severity)[1:]))


@settings(max_examples=25)
@given(SEVERITIES, st.lists(st.sampled_from(DEVICES), unique=True), st.sampled_from(list(Severity)[1:]))
async def test_it_is_what_taking_the_failures_away_and_leaving_only_them_tell(
    own: dict[str, Severity], asked: Sequence[str], threshold: Severity
) -> None:
    """Against whole evaluations: the service is at the threshold, and is there alone or better without."""
    present = await snapshot(*own.items())
    topology, index = present.topology, present.topology.index
    failing = {index[key]: int(own[key]) for key in asked if key in own}
    rest = {index[key]: int(severity) for key, severity in own.items() if key not in asked}

    def severities(places: dict[int, int]) -> list[int]:
        vector = present.outage.copy()
        vector[:] = 0
        for place, severity in places.items():
            vector[place] = severity
        return [int(rung) for rung in evaluate(topology, vector)]

    whole, alone, without = severities({**failing, **rest}), severities(failing), severities(rest)
    expected = {
        key
        for key in SERVICES
        if failing
        and whole[index[key]] >= threshold
        and (alone[index[key]] >= threshold or without[index[key]] < whole[index[key]])
    }
    assert set(hurt_services(present, asked, threshold)) == expected
