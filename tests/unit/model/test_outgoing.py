"""Which tickets of which channels are one remote ticket."""

from hypothesis import given
from hypothesis import strategies as st

from cmdb.model.outgoing import Remote

NAMES = st.sampled_from(["desk", "desk-2", "jira"])
TICKETS = st.sampled_from(["INC000001", "INC000002", "REP000001"])


@given(NAMES, TICKETS, NAMES, TICKETS)
def test_a_channel_keeps_a_ticket_once_whatever_it_is_called_there(
    channel: str, ticket: str, other_channel: str, other_ticket: str
) -> None:
    one = Remote(channel=channel, ticket=ticket, remote_id="1", number="CHG1", state="new")
    other = Remote(channel=other_channel, ticket=other_ticket, remote_id="2", state="closed")
    assert (one.key == other.key) is ((channel, ticket) == (other_channel, other_ticket))
