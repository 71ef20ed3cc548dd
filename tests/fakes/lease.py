"""A lease in memory that keeps the port's promises; for tests of what lies above the store."""

from dataclasses import dataclass, field, replace

from cmdb.ports.leasing import Sighting


@dataclass
class FakeLease:
    """One lease, shared by all who would own the role."""

    seen: Sighting = field(default_factory=Sighting)

    async def look(self) -> Sighting:
        """Return the lease."""
        return self.seen

    async def take(self, holder: str, seen: Sighting) -> Sighting | None:
        """Begin the next tenure if nothing happened since; who has begun it finds it again."""
        if (self.seen.holder, self.seen.fence) == (holder, seen.fence + 1):
            self.seen = replace(self.seen, renewals=self.seen.renewals + 1)
            return self.seen
        if self.seen != seen:
            return None
        self.seen = replace(seen, fence=seen.fence + 1, renewals=seen.renewals + 1, holder=holder)
        return self.seen

    async def renew(self, fence: int, done: int) -> bool:
        """Count."""
        if fence != self.seen.fence:
            return False
        done = max(done, self.seen.done)
        self.seen = replace(self.seen, renewals=self.seen.renewals + 1, done=done)
        return True

    async def release(self, fence: int) -> None:
        """Give the role back."""
        if fence == self.seen.fence:
            self.seen = replace(self.seen, renewals=self.seen.renewals + 1, holder=None)
