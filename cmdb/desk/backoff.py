"""How long to wait before trying again: doubled each time, capped, and spread so that many do not come back at once."""

from datetime import timedelta

FIRST = timedelta(seconds=0.5)
CAP = timedelta(minutes=5)


def pause(attempts: int, chance: float) -> timedelta:
    """Return the wait after that many failed attempts; `chance`, 0 to 1, spreads it over its whole span."""
    doublings = 1 << min(attempts, 32)
    return min(CAP, FIRST * doublings) * chance
