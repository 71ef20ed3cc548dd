from cmdb.impact.evidence import group_verdicts
from cmdb.impact.paths import Links
from cmdb.impact.propagation import evaluate
from cmdb.model.severity import Severity
from tests.unit.impact.test_paths import wan


def test_verdicts_count_what_is_up_and_what_is_needed() -> None:
    for failing, up, tripped in ([], 2, False), (["line-1"], 1, False), (["line-1", "line-2"], 0, True):
        estate = wan(dict.fromkeys(failing, Severity.MAJOR))
        links = Links(estate.topology, evaluate(estate.topology, estate.vector()))
        (state,) = group_verdicts(estate.topology, links, 0)
        assert group_verdicts(estate.topology, links, 3) == []
        assert (state.group, state.consumer, state.members) == ("wan", 0, (1, 2))
        assert (state.weight, state.weight_up, state.weight_needed, state.tripped) == (2, up, 1, tripped)
