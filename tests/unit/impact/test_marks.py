from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.closure import providers_first
from cmdb.impact.marks import marks_downstream, marks_upstream
from cmdb.impact.reach import downstream, upstream
from tests.support.estates import Estate, estates


@given(estates(repeats=True), st.data())
def test_marks_are_those_that_walking_from_each_item_meets(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    order = providers_first(topology, data.draw(st.integers(0, len(topology) - 1)))
    chosen = data.draw(st.lists(st.sampled_from(order), unique=True))
    bits = {item: 1 << number for number, item in enumerate(chosen)}
    below, above = marks_downstream(topology, order, bits), marks_upstream(topology, order, bits)
    for item in order:
        assert below[item] == sum(bits.get(at, 0) for at in downstream(topology, [item]).tolist())
        assert above[item] == sum(bits.get(at, 0) for at in upstream(topology, item).tolist())
