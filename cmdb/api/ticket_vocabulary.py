"""Publishes the closed sets around tickets: their clocks and the outbox."""

from cmdb.api.publishing import publish
from cmdb.model.outgoing import OutgoingState
from cmdb.model.service_level import ClockName, ClockState

__all__ = ["ClockName", "ClockState", "OutgoingState"]

publish(
    ClockName,
    "ServiceClockName",
    "What a clock of a ticket measures.",
    {
        ClockName.RESPONSE: "Until somebody works on it.",
        ClockName.RESOLUTION: "Until service is back, the time left out in which it waits.",
    },
)

publish(
    ClockState,
    "ServiceClockState",
    "Whether the time of a ticket's clock passes.",
    {
        ClockState.RUNNING: "It passes in the working hours of its calendar.",
        ClockState.PAUSED: "It stands until the ticket is worked on again.",
        ClockState.STOPPED: "What it measures was done.",
    },
)

publish(
    OutgoingState,
    "OutgoingState",
    "Whether an entry of the outbox is tried again.",
    {
        OutgoingState.WAITING: "It is, until its channel takes it.",
        OutgoingState.DEAD: "Its channel refused it too often; it waits for a person.",
    },
)
