"""Applies what waits in the inbox: by turns between sources, many deliveries to a write, bad records set aside."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from cmdb.application.intake_batches import Row, Verdict, cut, judge
from cmdb.application.requests import OnError, RecordBatch
from cmdb.errors import CmdbError, ErrorCode, Overloaded, StoreError
from cmdb.model.access import Principal, PrincipalRole
from cmdb.ports.clock import Clock
from cmdb.ports.graph import WriteOutcome
from cmdb.ports.intake import Rejected, Spool, Translator, Waiting

TURN_RECORDS = 10_000
"""Records of one source in a turn, about a second of work: in a storm most of them are steps of few events."""

TURN_DELIVERIES = 5_000
"""Deliveries of one source in a turn."""

TURN_BYTES = 1 << 23
"""Bytes of one source in a turn; one delivery may be larger."""

TRIES = 3
"""How often a batch is tried before it is halved, and a record before it is set aside, while the store is there."""

PROBE_SECONDS = 3.0
"""How long the store may take to say that it is there."""

KEEP = timedelta(days=7)
"""How long keys are known: longer than any sender repeats itself for want of an answer."""

REST_SECONDS = 0.5
"""The longest rest between two turns: so much later at most is known what many senders tell at once."""

IDLE_SECONDS = 1.0
STOP_SECONDS = 3.0
_TIDY_SECONDS = 3600.0

LOG = logging.getLogger("cmdb.inbox")
Record = Callable[[Principal, RecordBatch], Awaitable[WriteOutcome]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between tries, with jitter: `first` doubles, `longest` lies between two while the store is away.

    So what waits is applied soon after the store's return.
    """

    first: float = 0.2
    longest: float = 5.0


@dataclass(slots=True)
class _Outcome:
    """What became of rows: the last revision, and those set aside."""

    revision: int
    rejected: list[Rejected]


class Applier:
    """Brings deliveries into the graph, in the order of each source.

    A delivery is marked after the store has said that its records are written. Who is killed between the two applies it
    again: transitions fold to the same state, other records are found unchanged.
    """

    def __init__(
        self,
        spool: Spool,
        translator: Translator,
        record: Record,
        probe: Callable[[], Awaitable[object]],
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        """Write through `record`; `probe` writes what changes nothing, or raises why the store keeps no writes."""
        self._spool = spool
        self._translator = translator
        self._record = record
        self._probe = probe
        self._clock = clock
        self._patience = patience or Patience()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`."""
        loop = asyncio.get_running_loop()
        tidied = loop.time()
        while not self._stopping.is_set():
            try:
                began = loop.time()
                if await self.work_once():
                    # Half of the time belongs to senders while many post; the next turn folds all that came meanwhile.
                    await self._spool.lull(min(loop.time() - began, REST_SECONDS))
                else:
                    await self._spool.arrival(IDLE_SECONDS)
                if loop.time() - tidied > _TIDY_SECONDS:
                    tidied = loop.time()
                    await self._spool.tidy(self._clock.now() - KEEP)
            except CmdbError as error:
                LOG.warning("the inbox must wait: %s", error)
                await self._pause(self._patience.longest)
            except Exception:
                LOG.exception("the inbox cannot be applied")
                await self._pause(self._patience.longest)

    async def stop(self, running: "asyncio.Task[None]") -> None:
        """End `run` after the write under way; what is not marked is applied again by the next process."""
        self._stopping.set()
        await asyncio.wait([running], timeout=STOP_SECONDS)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def work_once(self) -> bool:
        """Give every source that waits one turn; return whether there was any."""
        sources = await self._spool.sources()
        for source in sources:
            if self._stopping.is_set():
                break
            await self._turn(source)
        return bool(sources)

    async def _turn(self, source: str) -> None:
        waiting = await self._spool.waiting(source, TURN_DELIVERIES, TURN_BYTES)
        if not waiting:
            # Counted already, but not yet on disk.
            await asyncio.sleep(0)
            return
        role = waiting[0].delivery.role
        together = list(takewhile(lambda one: one.delivery.role == role, waiting))
        # Running jq over thousands of documents takes a while, which requests need not wait for.
        taken, rows, rejected = await asyncio.to_thread(self._translate, together)
        principal = Principal(name=source, role=PrincipalRole(role or PrincipalRole.ADMIN))
        outcome = _Outcome(0, rejected)
        for batch in cut(rows):
            _join(outcome, await self._insist(principal, source, batch))
        for row in outcome.rejected:
            LOG.warning("delivery %d of %s: a record was set aside: %s", row.delivery, source, row.error)
        await self._spool.settle(taken, outcome.rejected, outcome.revision)

    def _translate(self, waiting: Sequence[Waiting]) -> tuple[Sequence[Waiting], list[Row], list[Rejected]]:
        """Return the deliveries that fill a write, and what they hold; the others wait for the next turn."""
        rows: list[Row] = []
        rejected: list[Rejected] = []
        taken: list[Waiting] = []
        for one in waiting:
            taken.append(one)
            for made in self._translator.translate(one):
                if isinstance(made, Rejected):
                    rejected.append(made)
                else:
                    rows.append(Row(one.number, made))
            if len(rows) >= TURN_RECORDS:
                break
        return taken, rows, rejected

    async def _insist(
        self, principal: Principal, source: str, batch: Sequence[Row], tries: int = TRIES
    ) -> _Outcome:
        """Apply a batch; halve what fails although the store is there, down to one record that is set aside."""
        done = await self._try(principal, source, batch, tries)
        if isinstance(done, _Outcome):
            return done
        if len(batch) == 1:
            return self._reject(batch, _told(done))
        outcome = _Outcome(0, [])
        half = len(batch) // 2
        for part in (batch[:half], batch[half:]):
            # What fails is looked for quickly, and given all its tries once it is found.
            _join(outcome, await self._insist(principal, source, part, TRIES if len(part) == 1 else 1))
        return outcome

    async def _try(
        self, principal: Principal, source: str, batch: Sequence[Row], tries: int
    ) -> _Outcome | Exception:
        """Return what became of a batch, or why it fails; wait while the store is away.

        Only failures after which the store was there count: no record is to blame for one that has just come back.
        """
        attempt = 0
        while True:
            try:
                return await self._write(principal, source, batch)
            except Exception as error:  # noqa: BLE001  a fault of ours must not stop the inbox either
                failure = error
            LOG.info("%d records of %s wait: %s", len(batch), source, failure)
            if self._stopping.is_set():
                raise failure
            if _is_certain(failure):
                return failure
            if await self._is_away(failure):
                await self._pause(self._patience.longest * _jitter())
                continue
            attempt += 1
            if attempt >= tries:
                return failure
            await self._pause(self._patience.first * 2**attempt * _jitter())

    async def _write(self, principal: Principal, source: str, batch: Sequence[Row]) -> _Outcome:
        outcome = _Outcome(0, [])
        rows = list(batch)
        while rows:
            records = tuple(row.located.record for row in rows)
            sent = RecordBatch(source=source, records=records, on_error=OnError.SKIP_ROW)
            told = await self._record(principal, sent)
            verdict: Verdict = judge(rows, told.results)
            outcome.revision = told.revision
            outcome.rejected += [
                self._translator.reject(row.delivery, row.located, error) for row, error in verdict.refused
            ]
            rows = verdict.again
        return outcome

    def _reject(self, rows: Sequence[Row], error: CmdbError) -> _Outcome:
        return _Outcome(0, [self._translator.reject(row.delivery, row.located, error) for row in rows])

    async def _is_away(self, error: Exception) -> bool:
        """Whether it is the store that fails and not what was to be written."""
        if not isinstance(error, StoreError | TimeoutError):
            return False
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._probe()
        except (CmdbError, TimeoutError):
            return True
        return False

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _is_certain(error: Exception) -> bool:
    """Whether trying again would end the same way."""
    return isinstance(error, CmdbError) and not isinstance(error, StoreError | Overloaded)


def _jitter() -> float:
    return random.uniform(0.5, 1)  # noqa: S311  spreads out tries, guards nothing


def _join(first: _Outcome, second: _Outcome) -> _Outcome:
    first.revision = max(first.revision, second.revision)
    first.rejected += second.rejected
    return first


def _told(error: Exception) -> CmdbError:
    if isinstance(error, CmdbError):
        return error
    return CmdbError(
        ErrorCode.INTERNAL,
        f"The record could not be applied: {type(error).__name__}.",
        hint="This is a fault of the service; the log says more. Replay it with a release that has it mended.",
    )
