"""Whether a server can answer: the store, its schema, the projection, and whether it is about to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cmdb.application.duties import Duties
from cmdb.errors import CmdbError, ErrorCode, StoreError

PROBE_SECONDS = 3.0
"""How long the store may take to say how far it has been written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a server stands; it is ready when there is no reason against it.

    `revision` is the store's (None: it does not answer), `lag` by how many revisions the projection was behind it.
    `is_owner` and `tenure` tell the owner role; None where nobody competes for it.
    """

    reasons: tuple[CmdbError, ...]
    revision: int | None
    lag: int | None
    is_owner: bool | None
    tenure: int | None


class Readiness:
    """Asks the store anew each time, so that a loss and its end show with the next question."""

    def __init__(
        self,
        probe: Callable[[], Awaitable[int]],
        duties: Duties | None = None,
        inbox: Callable[[], CmdbError | None] = lambda: None,
    ) -> None:
        """`probe` returns the store's last revision, or raises why this program cannot use the store.

        `inbox` returns why senders of events should go elsewhere, if they should.
        """
        self._probe = probe
        self._inbox = inbox
        self._duties = duties
        self.draining = False

    def drain(self) -> None:
        """Tell from now on that the server is about to stop."""
        self.draining = True

    async def look(self) -> Standing:
        """Return how the server stands."""
        reasons = [_DRAINING] if self.draining else []
        filling = self._inbox()
        if filling is not None:
            reasons.append(filling)
        revision: int | None = None
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                revision = await self._probe()
        except CmdbError as error:
            reasons.append(error)
        except TimeoutError:
            reasons.append(_SILENT)
        duties = self._duties
        if duties is None:
            return Standing(reasons=tuple(reasons), revision=revision, lag=None, is_owner=None, tenure=None)
        unread = _UNREAD if duties.revision is None else None
        for doubt in (duties.role.trouble, duties.trouble or unread):
            if doubt is not None and not any(reason.code is doubt.code for reason in reasons):
                reasons.append(doubt)
        known = revision is not None and duties.revision is not None
        return Standing(
            reasons=tuple(reasons),
            revision=revision,
            lag=max(0, (revision or 0) - (duties.revision or 0)) if known else None,
            is_owner=duties.role.fence is not None,
            tenure=duties.role.fence,
        )


_DRAINING = CmdbError(
    ErrorCode.DRAINING, "The server is stopping.", hint="Ask another server, or this one when it is up again."
)
_SILENT = StoreError(
    ErrorCode.STORE_GONE,
    f"The store did not answer within {PROBE_SECONDS:.0f} s.",
    hint="Look after the store; the server goes on by itself when it answers again.",
)
_UNREAD = CmdbError(
    ErrorCode.PROJECTION_UNVERIFIED,
    "The estate has not been read from the store yet.",
    hint="Wait: a large estate takes some seconds.",
)
