"""Writes a batch in one transaction: take a number, compare, check, archive, upsert."""

import json
from collections.abc import Sequence
from datetime import datetime

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Dependency, Record
from cmdb.ports.graph import (
    UNCONDITIONAL,
    Precondition,
    RowProblem,
    RowResult,
    RowStatus,
    WriteOutcome,
)
from cmdb.store.codec import Properties, record_from
from cmdb.store.connection import Transaction
from cmdb.store.counter import take_revision
from cmdb.store.plan import Draft, Plan, PlannedRow, Stamp, closings, draft, plan_rows
from cmdb.store.present import Present, start_of
from cmdb.store.refusal import find_refusals, overtaken
from cmdb.store.shape import ITEM_LABEL, LABELS, LINKS, ROLE_TYPES, Link, fill

# Write these nodes, replacing everything that they held.
UPSERT_NODES = "UNWIND $rows AS row MERGE (n:<label> {key: row.key}) SET n = row"

# Write these new nodes: the plan knows that they are new, so the engine need not look for them again.
CREATE_NODES = "UNWIND $rows AS row CREATE (n:<label> {key: row.key}) SET n += row"

# Keep these superseded states.
ARCHIVE = "UNWIND $rows AS row MERGE (v:Version {key: row.key}) SET v = row"

# Drop the links of these nodes, so that they can be drawn anew.
UNLINK = "UNWIND $keys AS key MATCH (n:<label> {key: key})-[l:<type>]->() DELETE l"

# Draw these links; an end that does not exist is left out.
LINK = """
UNWIND $rows AS row MATCH (n:<label> {key: row.start}) MATCH (e:<end> {key: row.end})
MERGE (n)-[:<type>]->(e)
"""

# Draw these new dependencies or assignments, complete at once: to draw and then to set writes each twice.
CREATE_EDGES = """
UNWIND $rows AS row MATCH (a:<start> {key: row.start}) MATCH (b:<end> {key: row.end})
CREATE (a)-[:<type> {<properties>}]->(b)
"""

# Replace what these dependencies or assignments held.
UPDATE_EDGES = """
UNWIND $rows AS row MATCH (a:<start> {key: row.start})-[d:<type>]->(:<end>)
WHERE d.key = row.held.key SET d = row.held
"""

# A dependency belongs to its consumer, an assignment to its party: who reads what is new must find that node.
# Its `recorded_in` stays, so that it remains known in which revision its own content was written.
STAMP_OWNERS = "UNWIND $keys AS key MATCH (n:<label> {key: key}) SET n.revision = $revision"


class NothingWritten(Exception):
    """Ends the transaction without a trace; carries what the caller is told."""

    def __init__(self, outcome: WriteOutcome) -> None:
        """Keep the outcome."""
        super().__init__()
        self.outcome = outcome


class BatchWrite:
    """One batch on its way into the store; every attempt of its transaction starts from nothing."""

    def __init__(
        self,
        verbs: frozenset[str],
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> None:
        """Check the verbs first: they become part of statements; a key stands for one record of a kind.

        Of the condition only what concerns rows is looked at: `seen` and `retired_ends`.
        """
        if len({(record.kind, record.key) for record in records}) < len(records):
            raise InvalidInput(
                ErrorCode.DUPLICATE_KEY,
                "Two records of this batch have the same kind and key.",
                hint="Send one.",
            )
        self._types = "|".join(sorted(verbs))
        self._source = source
        self._recorded_at = recorded_at
        self._condition = condition
        for record in records:
            if isinstance(record, Dependency) and record.verb not in verbs:
                raise InvalidInput(ErrorCode.UNKNOWN_VERB, f"The verb '{record.verb}' is not declared.")
        self._drafts = [draft(record) for record in records]

    async def run(self, transaction: Transaction) -> WriteOutcome:
        """Write and return the outcome, or raise NothingWritten."""
        stamp = Stamp(await take_revision(transaction), self._source, self._recorded_at)
        present = Present(transaction, self._types)
        plan = await self._plan(present)
        if not plan.changed():
            raise NothingWritten(WriteOutcome(stamp.revision - 1, _results(plan)))
        refused = await find_refusals(present, plan.rows, retired_ends=self._condition.retired_ends)
        refused |= overtaken(plan.rows, self._condition.seen)
        if refused:
            raise NothingWritten(WriteOutcome(stamp.revision - 1, _refusals(plan, refused)))
        await self._apply(transaction, plan, stamp)
        return WriteOutcome(stamp.revision, _results(plan))

    async def _plan(self, present: Present) -> Plan:
        plan = Plan(await self._rows(present, self._drafts), len(self._drafts))
        retiring = plan.retiring()
        held = await present.open_dependencies([item.key for item in retiring])
        ending = closings(held, retiring, {made.record.key for made in self._drafts}) if held else []
        plan.rows += await self._rows(present, [draft(record) for record in ending])
        return plan

    async def _rows(self, present: Present, drafts: Sequence[Draft]) -> list[PlannedRow]:
        by_kind: dict[RecordKind, list[Record]] = {}
        for made in drafts:
            by_kind.setdefault(made.record.kind, []).append(made.record)
        digests = {kind: await present.digests(kind, group) for kind, group in by_kind.items()}
        rows = plan_rows(drafts, digests)
        for kind in by_kind:
            altered = [row for row in rows if row.record.kind is kind and row.status is RowStatus.UPDATED]
            held = await present.held(kind, [row.record for row in altered])
            for row in altered:
                row.held = held[row.record.key]
        return rows

    async def _apply(self, transaction: Transaction, plan: Plan, stamp: Stamp) -> None:
        await _archive(transaction, plan, stamp)
        changed = plan.by_kind()
        for kind, label in LABELS.items():
            for statement, new in ((CREATE_NODES, True), (UPSERT_NODES, False)):
                held = [row.properties(stamp) for row in changed[kind] if (row.held is None) is new]
                if held:
                    await transaction.run(fill(statement, label=label), rows=held)
        for kind, links in LINKS.items():
            for link in links:
                await _draw_links(transaction, kind, link, changed[kind])
        for kind, owner in (
            (RecordKind.DEPENDENCY, RecordKind.ITEM),
            (RecordKind.ASSIGNMENT, RecordKind.PARTY),
        ):
            await _write_edges(transaction, changed[kind], stamp)
            owners = {start_of(row.record) for row in changed[kind]}
            if outside := sorted(owners - {row.record.key for row in changed[owner]}):
                statement = fill(STAMP_OWNERS, label=LABELS[owner])
                await transaction.run(statement, keys=outside, revision=stamp.revision)


async def _archive(transaction: Transaction, plan: Plan, stamp: Stamp) -> None:
    superseded = [row for row in plan.changed() if row.held is not None]
    versions = [row.version(stamp, _body(row.held or {})) for row in superseded]
    if versions:
        await transaction.run(ARCHIVE, rows=versions)


def _body(held: Properties) -> str:
    """Write a superseded state, without what its source sent: only the latest of that is kept."""
    kept = {name: value for name, value in held.items() if name != "raw"}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


async def _draw_links(
    transaction: Transaction, kind: RecordKind, link: Link, rows: Sequence[PlannedRow]
) -> None:
    """Draw the links of new nodes, and anew those of nodes whose ends moved."""
    moving = [row for row in rows if row.held is None or _had(row, link) != link.ends(row.record)]
    moved = [row.record.key for row in moving if row.held is not None]
    if moved:
        await transaction.run(fill(UNLINK, label=LABELS[kind], type=link.type), keys=moved)
    drawn = [
        {"start": row.record.key, "end": end}
        for row in moving
        for end in dict.fromkeys(link.ends(row.record))
    ]
    if drawn:
        statement = fill(LINK, label=LABELS[kind], type=link.type, end=link.label)
        await transaction.run(statement, rows=drawn)


def _had(row: PlannedRow, link: Link) -> tuple[str, ...]:
    return link.ends(record_from(row.record.kind, row.held or {}))


async def _write_edges(transaction: Transaction, rows: Sequence[PlannedRow], stamp: Stamp) -> None:
    by_shape: dict[tuple[str, str, tuple[str, ...]], list[Properties]] = {}
    for row in rows:
        start_label, edge_type, end = _edge(row.record)
        held = row.properties(stamp)
        place: Properties = {"start": start_of(row.record), "end": end, "held": held}
        names = tuple(held) if row.held is None else ()
        by_shape.setdefault((start_label, edge_type, names), []).append(place)
    for (start_label, edge_type, names), places in sorted(by_shape.items(), key=lambda entry: entry[0]):
        words = {"start": start_label, "type": edge_type, "end": ITEM_LABEL}
        # The names are those of our own fields: no caller can choose one, only CIs have attributes.
        properties = ", ".join(f"{name}: row.held.{name}" for name in names)
        statement = (
            fill(CREATE_EDGES, properties=properties, **words) if names else fill(UPDATE_EDGES, **words)
        )
        await transaction.run(statement, rows=places)


def _edge(record: Record) -> tuple[str, str, str]:
    """Return start label, relationship type and key of the end."""
    match record:
        case Dependency():
            return ITEM_LABEL, record.verb, record.provider
        case Assignment():
            return LABELS[RecordKind.PARTY], ROLE_TYPES[record.role], record.item
    raise TypeError(record.kind)


def _results(plan: Plan) -> tuple[RowResult, ...]:
    return tuple(
        RowResult(index=index, kind=row.record.kind, key=row.record.key, status=row.status)
        for index, row in enumerate(plan.rows[: plan.asked])
    )


def _refusals(plan: Plan, refused: dict[int, RowProblem]) -> tuple[RowResult, ...]:
    dragged = RowProblem(
        code=ErrorCode.CONFLICT,
        message="Another row of this batch was refused, so nothing was written.",
        hint="Mend or drop the refused rows and send the batch again.",
    )
    return tuple(
        RowResult(
            index=index,
            kind=row.record.kind,
            key=row.record.key,
            status=RowStatus.REFUSED,
            problem=refused.get(index, dragged),
        )
        for index, row in enumerate(plan.rows[: plan.asked])
    )
