"""Writes of a background duty: each proves that the tenure of the owner role lasts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cmdb.model.access import Principal
from cmdb.model.records import Record
from cmdb.ports.graph import UNCONDITIONAL, GraphWriter, Precondition, WriteOutcome


class TenureWriter:
    """Writes under one tenure of the owner role; Conflict (ROLE_LOST) when it has ended."""

    def __init__(self, writer: GraphWriter, fence: int) -> None:
        """Write through `writer`, under the tenure `fence`."""
        self._writer = writer
        self._fence = fence

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Add the tenure to the condition."""
        in_tenure = replace(condition, fence=self._fence)
        return await self._writer.write(principal, source, records, recorded_at, in_tenure)
