"""The lease on the owner role: which of the servers of one store runs its background duties."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The lease as it was seen.

    `fence` is the number of the tenure, `renewals` rises with every sign of life, `holder` is None when the role was
    given back, `done` is the revision up to which the duties have been done.
    """

    fence: int = 0
    renewals: int = 0
    holder: str | None = None
    done: int = 0


class OwnerLease(Protocol):
    """One lease a store; whoever writes with the fence of an ended tenure is refused."""

    async def look(self) -> Sighting:
        """Return the lease as it is, without a sign of life."""

    async def take(self, holder: str, seen: Sighting) -> Sighting | None:
        """Begin the next tenure if the lease is still as seen; None when somebody else was there in between."""

    async def renew(self, fence: int, done: int) -> bool:
        """Give a sign of life and keep how far the duties are done; False when the tenure has ended."""

    async def release(self, fence: int) -> None:
        """Give the role back, if the tenure lasts."""
