"""What a server does unasked: keep the projection fresh, hold the owner role, and apply the rules while it has it."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from cmdb.application.live import LiveTopology
from cmdb.application.owner_role import RENEW_SECONDS, OwnerRole
from cmdb.application.snapshot import Snapshot
from cmdb.errors import CmdbError, ErrorCode

WORK_SECONDS = 0.5
"""How often the duties look for what is new."""

STOP_SECONDS = 3.0
"""How long a step under way may take to end when the server stops; the next owner takes it again."""

LOG = logging.getLogger("cmdb.owner")

_UNVERIFIED = CmdbError(
    ErrorCode.PROJECTION_UNVERIFIED,
    "The projection differs from the store, and is being read anew.",
    hint="Wait; `cmdb doctor --verify` names the differences when it stays so.",
)


class Duty(Protocol):
    """Work that the owner does on each new snapshot."""

    async def apply(self, snapshot: Snapshot, fence: int) -> datetime | None:
        """Take every step that is due, each in one transaction of this tenure; steps may be repeated.

        Return when something falls due by the passing of time alone, None when nothing will.
        """


class Worker(Protocol):
    """Work that the owner does beside the duties, at its own pace: it may wait for other systems."""

    @property
    def name(self) -> str:
        """What it works for."""

    async def step(self, fence: int) -> None:
        """Do what is due in this tenure; steps may be repeated, and may be cut short."""


class Duties:
    """The background work of one server.

    `revision` is that of the projection when it was last brought up to date (None: never yet), `trouble` what kept it
    from that since.
    """

    def __init__(
        self, live: LiveTopology, role: OwnerRole, duties: Sequence[Duty], workers: Sequence[Worker] = ()
    ) -> None:
        """Take the duties' steps in their order; without any the role is held all the same."""
        self._live = live
        self._duties = duties
        self._workers = workers
        self._stopping = asyncio.Event()
        self._read = asyncio.Event()
        self._worked: tuple[int, int, datetime] | None = None
        self._again: datetime | None = None
        self.role = role
        self.revision: int | None = None
        self.trouble: CmdbError | None = None

    async def run(self) -> None:
        """Work until `stop`; renewing goes on while a step takes long."""
        await asyncio.gather(self._hold(), self._work(), *map(self._serve, self._workers))

    async def wait_until_read(self, seconds: float) -> None:
        """Return when the projection has been read from the store, or after that time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), seconds)

    async def stop(self, running: "asyncio.Task[None]") -> None:
        """End `run` after the step under way, then give the role back."""
        self._stopping.set()
        await asyncio.wait([running], timeout=STOP_SECONDS)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        # Who cannot reach the store leaves the role to expire.
        with suppress(CmdbError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.role.release()

    async def _hold(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.role.step(asyncio.get_running_loop().time())
            except CmdbError as error:
                LOG.info("the lease cannot be reached: %s", error)
            except Exception:
                LOG.exception("the lease cannot be kept")
            await self._pause(RENEW_SECONDS)

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.work_once()
            except CmdbError as error:
                LOG.info("the duties must wait: %s", error)
            except Exception:
                LOG.exception("the duties failed")
            await self._pause(WORK_SECONDS)

    async def _serve(self, worker: Worker) -> None:
        while not self._stopping.is_set():
            fence = self.role.fence
            try:
                if fence is not None:
                    await worker.step(fence)
            except CmdbError as error:
                if error.code is ErrorCode.ROLE_LOST and self.role.fence == fence:
                    self.role.lose(error.message)
                LOG.info("%s must wait: %s", worker.name, error)
            except Exception:
                LOG.exception("%s failed", worker.name)
            await self._pause(WORK_SECONDS)

    async def work_once(self) -> None:
        """Bring the projection up to date and, as the owner, take the steps that are due."""
        snapshot = await self._refresh()
        fence = self.role.fence
        if fence is None or self._is_done(fence, snapshot):
            return
        self._again = await self._apply(snapshot, fence)
        self._worked = (fence, snapshot.revision, snapshot.at)
        self.role.done = snapshot.revision

    async def _apply(self, snapshot: Snapshot, fence: int) -> datetime | None:
        """Let every duty take its steps on what the ones before it wrote; what one meets is raised after all.

        Return the first moment at which one of them has something to do though nothing is written.
        """
        met: CmdbError | None = None
        moments: list[datetime | None] = []
        for duty in self._duties:
            try:
                moments.append(await duty.apply(await self._live.current(snapshot.revision), fence))
            except CmdbError as error:
                if error.code is ErrorCode.ROLE_LOST:
                    self.role.lose(error.message)
                    raise
                met = error
        if met is not None:
            raise met
        return min(filter(None, moments), default=None)

    async def _refresh(self) -> Snapshot:
        try:
            snapshot = await self._live.current()
        except CmdbError as error:
            self.trouble = error
            raise
        except Exception as error:
            self.trouble = CmdbError(
                ErrorCode.PROJECTION_UNVERIFIED,
                f"The projection could not take in what is new: {type(error).__name__}.",
                hint="Look into the log, and start the server anew: it reads the whole store then.",
            )
            raise
        self.revision, self.trouble = snapshot.revision, None if snapshot.verified else _UNVERIFIED
        self._read.set()
        return snapshot

    def _is_done(self, fence: int, snapshot: Snapshot) -> bool:
        """Whether nothing was written and nothing changed by itself since the last step of this tenure."""
        if self._worked is None or self._worked[:2] != (fence, snapshot.revision):
            return False
        if self._again is not None and snapshot.at >= self._again:
            return False
        return not snapshot.turns_by(snapshot.at, since=self._worked[2])

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
