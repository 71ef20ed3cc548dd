"""Whether an event flaps: it begins with many turns in a window and ends with few, so that the flag does not flap too.

A turn is an opening or a clearing. Times are the source's own, in microseconds since the epoch.
"""

from typing import NamedTuple

WINDOW_SECONDS = 30 * 60
"""Over what time turns are counted."""

BEGINS_AT = 6
"""Turns within the window from which on an event flaps: three times up and down."""

ENDS_AT = 2
"""Turns within the window at which it no longer does."""

_WINDOW = WINDOW_SECONDS * 1_000_000


class Turns(NamedTuple):
    """The latest turns, no more than decide, and whether the event flapped after them."""

    times: tuple[int, ...] = ()
    flapping: bool = False

    def after(self, at: int) -> "Turns":
        """Return the turns with one more."""
        flaps_still = self.flapping and at < self.ends_at()
        times = (*self.times, at)[-BEGINS_AT:]
        within = sum(time > at - _WINDOW for time in times)
        return Turns(times, within >= BEGINS_AT or flaps_still)

    def ends_at(self) -> int:
        """Return when so many turns have left the window that flapping ends, if no further turn comes."""
        return sorted(self.times)[-(ENDS_AT + 1)] + _WINDOW
