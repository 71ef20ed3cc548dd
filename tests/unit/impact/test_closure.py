from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.closure import close
from cmdb.impact.reach import downstream, upstream
from tests.support.estates import Estate, estates


@given(estates(repeats=True), st.data())
def test_a_closure_is_what_lies_upstream(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    item = data.draw(st.integers(0, len(topology) - 1))
    closure = close(topology, item)
    assert closure.order[-1] == item
    assert sorted(closure.order) == sorted(upstream(topology, item).tolist())


@given(estates(repeats=True))
def test_providers_come_before_their_consumers_except_in_cycles(estate: Estate) -> None:
    topology = estate.topology
    closure = close(topology, 0)
    for place, consumers in enumerate(closure.consumers):
        ahead = {consumer for consumer in consumers if consumer <= place}
        assert all(closure.order[consumer] in upstream(topology, closure.order[place]) for consumer in ahead)


@given(estates(repeats=True), st.data())
def test_downstream_stays_within(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    closure = close(topology, data.draw(st.integers(0, len(topology) - 1)))
    place = data.draw(st.integers(0, len(closure) - 1))
    found = closure.downstream([place])
    assert found == sorted(found)
    reached = set(downstream(topology, [closure.order[place]]).tolist())
    assert {closure.order[at] for at in found} == reached & set(closure.order)
