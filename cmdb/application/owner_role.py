"""The owner role of this process: stand by, take the role when it is free or its holder silent, renew, give it back."""

import asyncio
import logging

from cmdb.errors import StoreError
from cmdb.ports.leasing import OwnerLease, Sighting

RENEW_SECONDS = 1.0
"""How often the owner gives a sign of life, and how often the others look."""

EXPIRY_SECONDS = 5.0
"""How long the holder may be silent before another one takes over."""

GAP_SECONDS = 3.0
"""How far two looks may lie apart to count as watching: who slept in between has seen nothing."""

LOG = logging.getLogger("cmdb.owner")


class Watch:
    """Tells when a holder is silent, by the watcher's own clock alone: no two clocks are compared."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self._sign: tuple[int, int] | None = None
        self._since = 0.0
        self._looked = 0.0

    def is_silent(self, seen: Sighting, now: float) -> bool:
        """Whether the same sign of life was all there was to see for `EXPIRY_SECONDS`; `now` is monotonic, seconds."""
        sign = (seen.fence, seen.renewals)
        if sign != self._sign or now - self._looked > GAP_SECONDS:
            self._sign, self._since = sign, now
        self._looked = now
        return now - self._since >= EXPIRY_SECONDS


class OwnerRole:
    """Holds the role or stands by; `fence` numbers the tenure, and every write of a duty is made under it.

    `trouble` is what kept it from doing so last: a store that answers reads may keep no writes.
    A process that was stopped may take itself for the owner for a while longer: the store refuses what it writes.
    """

    def __init__(self, lease: OwnerLease, name: str, expiry: float = EXPIRY_SECONDS) -> None:
        """Compete for the lease under a name that no other process has; `expiry`, in seconds, ends unproven belief."""
        self._expiry = expiry
        self._lease = lease
        self._name = name
        self._watch = Watch()
        self._renewed = 0.0
        self.fence: int | None = None
        self.done = 0
        self.trouble: StoreError | None = None

    async def step(self, now: float) -> None:
        """Renew, or look whether the role is to be had; `now` is monotonic, in seconds."""
        try:
            # A store that says nothing would hold us for as long as the network does not notice.
            async with asyncio.timeout(self._expiry):
                await (self._challenge(now) if self.fence is None else self._renew(self.fence, now))
            self.trouble = None
        except TimeoutError:
            if self.fence is not None:
                self.lose("the store said nothing")
        except StoreError as error:
            self.trouble = error
            if self.fence is not None and now - self._renewed >= self._expiry:
                self.lose("the store could not be reached")
            raise

    async def _renew(self, fence: int, now: float) -> None:
        lasts = await self._lease.renew(fence, self.done)
        if lasts:
            self._renewed = now
        else:
            self.lose("another server has taken over")

    async def _challenge(self, now: float) -> None:
        seen = await self._lease.look()
        if seen.holder in (None, self._name) or self._watch.is_silent(seen, now):
            taken = await self._lease.take(self._name, seen)
            if taken is not None:
                self.fence, self.done, self._renewed = taken.fence, taken.done, now
                LOG.info("owner role taken, tenure %d", taken.fence)

    def lose(self, why: str) -> None:
        """Stand by again."""
        LOG.warning("owner role lost in tenure %s: %s", self.fence, why)
        self.fence = None

    async def release(self) -> None:
        """Give the role back, so that another one need not wait."""
        if self.fence is not None:
            fence, self.fence = self.fence, None
            await self._lease.release(fence)
