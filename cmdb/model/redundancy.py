"""Redundancy groups: providers of one consumer that stand in for each other."""

from dataclasses import dataclass
from enum import StrEnum


class OnTrip(StrEnum):
    """What a tripped group shows: the member at the trip point, or the worst member."""

    KTH = "kth"
    WORST = "worst"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedundancyGroup:
    """A named group of a consumer and its need, given as exactly one of three forms.

    `need_up` k: at least weight k up. `need_percent` p: at least p percent of the weight up.
    `trip` (num, den): trips when the failing weight reaches num/den of the whole.
    """

    name: str
    need_up: int | None = None
    need_percent: int | None = None
    trip: tuple[int, int] | None = None
    on_trip: OnTrip = OnTrip.KTH

    def __post_init__(self) -> None:
        """Refuse contradictory or impossible needs."""
        given = [form for form in (self.need_up, self.need_percent, self.trip) if form is not None]
        if len(given) != 1:
            raise ValueError("a redundancy group has exactly one of 'need_up', 'need_percent', 'trip'")
        if self.need_up is not None and self.need_up < 1:
            raise ValueError("'need_up' is 1 or more")
        if self.need_percent is not None and not 1 <= self.need_percent <= 100:
            raise ValueError("'need_percent' lies between 1 and 100")
        if self.trip is not None and not (0 <= self.trip[0] <= self.trip[1] and self.trip[1] > 0):
            raise ValueError("'trip' is a fraction [num, den] from 0 to 1")

    def trip_fraction(self, weight: int) -> tuple[int, int]:
        """Return the trip fraction for members of this total weight; a need above the weight trips at any failure."""
        if self.trip is not None:
            return self.trip
        if weight == 0:
            return (0, 1)
        need = self.need_up if self.need_up is not None else -(-weight * (self.need_percent or 0) // 100)
        return (max(0, weight - need + 1), weight)
