"""Tells by totals whether somebody changes the store past this service, who takes no revision."""

from dataclasses import dataclass


@dataclass(slots=True)
class TotalsWatch:
    """Compares totals of the store with those that the same revision had before.

    What is counted while a write commits may belong to neither side of it: totals count once seen twice.
    """

    _revision: int = -1
    _totals: tuple[int, ...] = ()
    _steady: bool = False

    def differs(self, revision: int, totals: tuple[int, ...]) -> bool:
        """Take the totals in; return whether this revision steadily had others."""
        if revision == self._revision and self._steady:
            return totals != self._totals
        self._steady = (revision, totals) == (self._revision, self._totals)
        self._revision, self._totals = revision, totals
        return False

    def forget(self) -> None:
        """Start again, after the store was read anew."""
        self._revision = -1
        self._steady = False
