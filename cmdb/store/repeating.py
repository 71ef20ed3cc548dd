"""Writes a batch exactly once: a commit whose answer was lost is looked for before the batch is tried again."""

from collections.abc import Sequence
from datetime import datetime

from cmdb.model.records import Record
from cmdb.ports.graph import UNCONDITIONAL, Precondition, RowStatus, WriteOutcome
from cmdb.store.codec import Properties, write_time
from cmdb.store.connection import Transaction
from cmdb.store.counter import settled_revision
from cmdb.store.present import Present
from cmdb.store.writing import BatchWrite, NothingWritten

# Was this state archived since?
ARCHIVED = "MATCH (v:Version {key: $key}) RETURN v.recorded_at AS recorded_at, v.recorded_by AS recorded_by"


class WrittenBefore(NothingWritten):
    """An attempt whose answer was lost has written the batch; carries what it would have answered."""


class RepeatableWrite:
    """One batch of one source at one moment, in as many attempts as it takes."""

    def __init__(
        self,
        verbs: frozenset[str],
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> None:
        """Check the batch as `BatchWrite` does."""
        self._batch = BatchWrite(verbs, source, records, recorded_at, condition)
        self._types = "|".join(sorted(verbs))
        self.records = records
        self.recorded_at = recorded_at
        self._stamp = {"recorded_at": write_time(recorded_at), "recorded_by": source}
        self._sent: WriteOutcome | None = None

    async def run(self, transaction: Transaction) -> WriteOutcome:
        """Write and return the outcome; raise NothingWritten when nothing changes, WrittenBefore after a lost success.

        The same batch applied twice could undo what others wrote in between.
        """
        if transaction.repeated:
            await settled_revision(transaction)
            await self._stop_if_written(transaction)
        try:
            outcome = await self._batch.run(transaction)
        except NothingWritten:
            # An engine without locks may have finished the lost commit while this attempt was reading.
            if transaction.repeated:
                await self._stop_if_written(transaction)
            raise
        self._sent = outcome
        return outcome

    async def _stop_if_written(self, transaction: Transaction) -> None:
        """Find one row that the lost attempt changed: all of them were committed or none."""
        if self._sent is None:
            return
        row = next(row for row in self._sent.results if row.status is not RowStatus.UNCHANGED)
        record = self.records[row.index]
        held = await Present(transaction, self._types).held(record.kind, [record])
        states = [state for state in held.values() if state["recorded_in"] == self._sent.revision]
        key = f"{record.kind}|{record.key}|{self._sent.revision}"
        states += await transaction.run(ARCHIVED, key=key)
        if any(self._is_ours(state) for state in states):
            raise WrittenBefore(self._sent)

    def _is_ours(self, state: Properties) -> bool:
        """Another writer takes the number when the lost attempt was not committed."""
        return all(state[name] == value for name, value in self._stamp.items())
