"""The only source of the present time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the present as an aware UTC time."""

    def now(self) -> datetime:
        """Return the present."""
