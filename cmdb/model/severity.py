"""The severity ladder and how a dependency maps it (X.733 names above OK)."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """OK < WARNING < MINOR < MAJOR < CRITICAL; unknown and maintenance are flags, never rungs."""

    OK = 0
    WARNING = 1
    MINOR = 2
    MAJOR = 3
    CRITICAL = 4

    @classmethod
    def _missing_(cls, value: object) -> "Severity | None":
        """Accept the rung's name in any case, as records and sources write it."""
        return cls.__members__.get(value.upper()) if isinstance(value, str) else None

    def __str__(self) -> str:
        """Write the rung as records do."""
        return self.name.lower()


class Strength(StrEnum):
    """How hard a consumer needs its provider: hard as mapped, soft capped at WARNING, telemetry ignored."""

    HARD = "hard"
    SOFT = "soft"
    TELEMETRY = "telemetry"


class MapKind(StrEnum):
    """How a dependency turns its provider's severity into what reaches the consumer."""

    AS_IS = "as_is"
    INCREASE = "increase"
    DECREASE = "decrease"
    IGNORE = "ignore"
    FIXED = "fixed"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class SeverityMap:
    """A dependency's map; `by` serves increase and decrease, `to` fixed, `table` five non-decreasing rungs."""

    kind: MapKind = MapKind.AS_IS
    by: int = 0
    to: Severity = Severity.OK
    table: tuple[Severity, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse maps that are not monotone: the fixpoint would lose its uniqueness."""
        if self.by < 0:
            raise ValueError("'by' is a whole number, 0 or more")
        if self.kind is MapKind.TABLE:
            rungs = self.table or ()
            if len(rungs) != len(Severity) or list(rungs) != sorted(rungs) or rungs[0] is not Severity.OK:
                raise ValueError("'table' holds five rungs, the first ok, none below the one before it")

    def rungs(self, strength: Strength = Strength.HARD) -> tuple[int, int, int, int, int] | None:
        """Return what each provider rung becomes after map and strength, or None when it takes no part."""
        if self.kind is MapKind.IGNORE or strength is Strength.TELEMETRY:
            return None
        cap = int(Severity.WARNING if strength is Strength.SOFT else Severity.CRITICAL)
        one, two, three, four = (min(cap, self._mapped(rung)) for rung in (1, 2, 3, 4))
        return (0, one, two, three, four)

    def _mapped(self, rung: int) -> int:
        if self.kind is MapKind.INCREASE:
            return min(int(Severity.CRITICAL), rung + self.by)
        if self.kind is MapKind.DECREASE:
            return max(int(Severity.WARNING), rung - self.by)
        if self.kind is MapKind.FIXED:
            return int(self.to)
        if self.kind is MapKind.TABLE and self.table is not None:
            return int(self.table[rung])
        return rung


AS_IS = SeverityMap()
