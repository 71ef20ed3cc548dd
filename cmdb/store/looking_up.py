"""Reads records by key, by keyset page, by count and by history, hidden ones left out."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Role
from cmdb.model.reference import named_items, without_hidden
from cmdb.ports.graph import PageKey, RecordFilter, Stored
from cmdb.store.codec import Properties, read_time, stored_from, write_time
from cmdb.store.connection import Connection, Row
from cmdb.store.shape import AHEAD_DAYS, FAR_DAY, ITEM_LABEL, ITEM_LINK, LABELS, ROLE_PATTERN, fill
from cmdb.store.visibility import Filter, item_filter, record_filter

SPANS = (7, 31, 366)
"""Days that a page looks back step by step: on the embedded engine only equality on days uses the index."""

_EARLIEST, _LATEST = date(1970, 1, 1), date(2999, 1, 1)
"""Where steps are counted from at most: sources send the first and the last year that there is for 'unknown'."""

_NO_END = ":"
"""Sorts after every time written as text."""

# What do these nodes hold, as far as visible?
BY_KEY = """
UNWIND $keys AS key MATCH (n:<label> {key: key}) WHERE <visible> RETURN collect(properties(n)) AS held
"""

# What do these dependencies hold, as far as both ends are visible?
DEPENDENCIES_BY_KEY = f"""
UNWIND $rows AS row MATCH (c:{ITEM_LABEL} {{key: row.start}})-[d:<types>]->(p:{ITEM_LABEL})
WHERE d.key = row.key AND <consumer> AND <provider> RETURN collect(properties(d)) AS held
"""

# What do these assignments hold, as far as their CI is visible?
ASSIGNMENTS_BY_KEY = f"""
UNWIND $rows AS row MATCH (p:Party {{key: row.start}})-[a:{ROLE_PATTERN}]->(c:{ITEM_LABEL})
WHERE a.key = row.key AND <visible> RETURN collect(properties(a)) AS held
"""

# Which nodes fulfil the conditions, newest first?
PAGE = """
MATCH <pattern> WHERE <conditions>
WITH DISTINCT n ORDER BY n.at DESC, n.key DESC LIMIT $limit RETURN properties(n) AS held
"""

# How many nodes fulfil the conditions?
COUNT = "MATCH <pattern> WHERE <conditions> RETURN count(DISTINCT n) AS total"

_NAMING_SEVERAL = frozenset({RecordKind.CHANGE, RecordKind.TICKET, RecordKind.WINDOW, RecordKind.SITUATION})
"""Kinds whose records may name CIs that the reader does not see."""

# Which of these CIs are visible?
VISIBLE_ITEMS = f"""
UNWIND $keys AS key MATCH (c:{ITEM_LABEL} {{key: key}}) WHERE <visible> RETURN c.key AS key
"""

# Which superseded states of this record are kept?
VERSIONS = """
MATCH (v:Version {record_key: $key}) WHERE v.record_kind = $kind
RETURN v.body AS body, v.valid_to AS valid_to, v.revision AS revision ORDER BY revision
"""


@dataclass(frozen=True, slots=True)
class _Span:
    """One step back: the days to look up and the time, [first, end), that they are looked up for."""

    days: list[str]
    first: str
    end: str


class RecordReader:
    """The reads behind `records`, `page`, `count` and `versions`; `types` is the pattern of all declared verbs."""

    def __init__(self, connection: Connection, types: str) -> None:
        """Read over one connection pool."""
        self._connection = connection
        self._types = types

    async def records(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Stored]:
        """Return the present records with these keys, in the order of `keys`."""
        if kind in LABELS:
            visible = record_filter(principal, kind)
            statement = fill(BY_KEY, label=LABELS[kind], visible=visible.condition)
            rows = await self._connection.read(statement, keys=list(keys), **visible.parameters)
        else:
            rows = await self._edges(principal, kind, keys)
        found = await self._shown(principal, kind, [held for row in rows for held in row["held"]])
        by_key = {stored.record.key: stored for stored in found}
        return [by_key[key] for key in keys if key in by_key]

    async def _edges(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Row]:
        rows = [{"start": start, "key": key} for key in keys for start in self._starts(key)]
        near, far = item_filter(principal), item_filter(principal, "p")
        if kind is RecordKind.DEPENDENCY:
            statement = fill(
                DEPENDENCIES_BY_KEY, types=self._types, consumer=near.condition, provider=far.condition
            )
        else:
            statement = fill(ASSIGNMENTS_BY_KEY, visible=near.condition)
        return await self._connection.read(statement, rows=rows, **{**near.parameters, **far.parameters})

    def _starts(self, key: str) -> list[str]:
        """Return what may be the first end's key: all that stands before a verb or a role, for keys may hold bars."""
        marks = re.finditer(rf"(?=\|(?:{self._types}|{'|'.join(Role)})\|)", key)
        return [key[: mark.start()] for mark in marks]

    async def page(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Stored]:
        """Return up to `limit` records, newest first; plans that have no time yet come last."""
        found: list[Properties] = []
        if after is None or after.at is not None:
            found = await self._timed(principal, kind, query, after, limit)
        # Only changes are recorded before they have a time, and none of those lies within a period.
        if len(found) < limit and kind is RecordKind.CHANGE and (query.since or query.until) is None:
            pattern, chosen = _choose(principal, kind, query)
            conditions = [chosen.condition, "n.at IS NULL"]
            if after is not None and after.at is None:
                conditions.append("n.key < $after_key")
                chosen.parameters["after_key"] = after.key
            found += await self._read_page(
                pattern, Filter(" AND ".join(conditions), chosen.parameters), limit - len(found)
            )
        return await self._shown(principal, kind, found)

    async def _timed(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Properties]:
        """Look back further until the page is full."""
        found: list[Properties] = []
        if query.items is None:
            for span in _spans(after.at if after and after.at else datetime.now(UTC)):
                found += await self._slice(principal, kind, query, after, limit - len(found), span)
                if len(found) >= limit:
                    return found
        return await self._slice(principal, kind, query, after, limit, None)

    async def _slice(
        self,
        principal: Principal,
        kind: RecordKind,
        query: RecordFilter,
        after: PageKey | None,
        limit: int,
        span: _Span | None,
    ) -> list[Properties]:
        pattern, chosen = _choose(principal, kind, query)
        conditions = [chosen.condition, "n.at IS NOT NULL"]
        if span is not None:
            conditions.append("n.day IN $days AND n.at >= $first AND n.at < $end")
            chosen.parameters |= {"days": span.days, "first": span.first, "end": span.end}
        if after is not None and after.at is not None:
            conditions.append("(n.at < $after_at OR (n.at = $after_at AND n.key < $after_key))")
            chosen.parameters |= {"after_at": write_time(after.at), "after_key": after.key}
        return await self._read_page(pattern, Filter(" AND ".join(conditions), chosen.parameters), limit)

    async def _read_page(self, pattern: str, chosen: Filter, limit: int) -> list[Properties]:
        statement = fill(PAGE, pattern=pattern, conditions=chosen.condition)
        rows = await self._connection.read(statement, limit=limit, **chosen.parameters)
        return [row["held"] for row in rows]

    async def count(self, principal: Principal, kind: RecordKind, query: RecordFilter) -> int:
        """Return how many records fulfil the filter."""
        pattern, chosen = _choose(principal, kind, query)
        statement = fill(COUNT, pattern=pattern, conditions=chosen.condition)
        (row,) = await self._connection.read(statement, **chosen.parameters)
        return int(row["total"])

    async def versions(self, principal: Principal, kind: RecordKind, key: str) -> list[Stored]:
        """Return every recorded version of a visible record, oldest first, the present one last."""
        present = await self.records(principal, kind, [key])
        if not present:
            return []
        rows = await self._connection.read(VERSIONS, key=key, kind=kind.value)
        bodies = [(read_body(row["body"]), row["valid_to"]) for row in rows]
        past = [replace(stored_from(kind, body), valid_to=read_time(valid_to)) for body, valid_to in bodies]
        return [*past, *present]

    async def _shown(
        self, principal: Principal, kind: RecordKind, rows: Sequence[Properties]
    ) -> list[Stored]:
        """Turn rows into records and drop from each the CIs that the principal may not see."""
        stored = [stored_from(kind, held) for held in rows]
        visible = item_filter(principal)
        if visible.everything or kind not in _NAMING_SEVERAL:
            return stored
        keys = sorted({key for row in stored for key in named_items(row.record)})
        statement = fill(VISIBLE_ITEMS, visible=visible.condition)
        answer = await self._connection.read(statement, keys=keys, **visible.parameters)
        seen = {row["key"] for row in answer}
        return [replace(row, record=without_hidden(row.record, seen)) for row in stored]


def _choose(principal: Principal, kind: RecordKind, query: RecordFilter) -> tuple[str, Filter]:
    """Return the pattern and the conditions of a filter; a filter on CIs starts from them, the index serves it."""
    visible = record_filter(principal, kind)
    conditions = [visible.condition]
    parameters = dict(visible.parameters)
    label = LABELS[kind]
    pattern = f"(n:{label})"
    if query.items is not None:
        pattern = f"(i:{ITEM_LABEL})<-[:{ITEM_LINK[kind]}]-(n:{label})"
        conditions.append("i.key IN $items")
        parameters["items"] = sorted(query.items)
    if query.states is not None:
        conditions.append("n.state IN $states")
        parameters["states"] = sorted(query.states)
    if query.bound is not None and kind is RecordKind.EVENT:
        conditions.append("n.item <> ''" if query.bound else "n.item = ''")
    for name, sign, moment in (("since", ">=", query.since), ("until", "<", query.until)):
        if moment is not None:
            conditions.append(f"n.at {sign} ${name}")
            parameters[name] = write_time(moment)
    return pattern, Filter(" AND ".join(conditions), parameters)


def _spans(latest: datetime) -> Iterable[_Span]:
    """Return steps, newest first, that meet without a gap; the first one has no end."""
    start = min(max(latest.astimezone(UTC).date(), _EARLIEST), _LATEST)
    done, end = start + timedelta(days=AHEAD_DAYS + 1), _NO_END
    for back in SPANS:
        first = start - timedelta(days=back)
        days = [(first + timedelta(days=number)).isoformat() for number in range((done - first).days)]
        yield _Span([FAR_DAY, *days], first.isoformat(), end)
        done, end = first, first.isoformat()


def read_body(text: str) -> Properties:
    """Read an archived state."""
    return cast(Properties, json.loads(text))
