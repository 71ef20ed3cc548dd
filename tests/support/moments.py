"""Fixed times for tests, and a clock that stands until it is told to move."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    """Return a span of minutes."""
    return timedelta(minutes=count)


@dataclass
class StandingClock:
    """A clock that tests set."""

    moment: datetime = NOON

    def now(self) -> datetime:
        """Return the moment set last."""
        return self.moment

    def advance(self, count: float) -> None:
        """Move on by minutes."""
        self.moment += minutes(count)
