"""Grouping against its definition, on random graphs, times and directions."""

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.situations import group_events
from cmdb.model.records import Direction, Event, EventState
from cmdb.model.severity import Severity
from tests.oracle.event_groups import causes_by_definition
from tests.support.moments import NOON, minutes

ITEMS = "abcdef"
EDGES = st.sets(st.tuples(st.sampled_from(ITEMS), st.sampled_from(ITEMS)), max_size=10)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(ITEMS),
        st.integers(0, 8),
        st.sampled_from(Direction),
        st.sampled_from([Severity.OK, Severity.MINOR, Severity.CRITICAL]),
        st.booleans(),
    ),
    max_size=10,
)


def below_each(edges: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Return what each CI's failure reaches; an edge leads from provider to consumer."""
    found = {item: {item} for item in ITEMS}
    for _ in ITEMS:
        for provider, consumer in edges:
            found[provider] |= found[consumer]
    return found


def made(number: int, row: tuple[str, int, Direction, Severity, bool]) -> Event:
    item, slot, direction, severity, unknown = row
    at = NOON + minutes(4 * slot)
    return Event(
        key=f"e{number}", source="m", item=item, condition="c", severity=severity, state=EventState.OPEN,
        direction=direction, raised_at=at, last_seen_at=at, changed_at=at, unknown=unknown,
    )  # fmt: skip


@given(EDGES, ROWS)
def test_every_event_is_with_the_cause_that_the_definition_gives(
    edges: set[tuple[str, str]], rows: list[tuple[str, int, Direction, Severity, bool]]
) -> None:
    events = [made(number, row) for number, row in enumerate(rows)]
    below = below_each(edges)
    items = {event.item for event in events}
    above = {item: frozenset(one for one in items if item in below[one] and one != item) for item in items}
    groups = group_events(events, above)
    found = {member.event.key: group.cause for group in groups for member in group.members}
    assert found == causes_by_definition(events, below.__getitem__)
