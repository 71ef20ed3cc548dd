"""Reads the whole graph as of one revision, in bounded slices, while others go on writing.

What was written later is replaced by the archived state that it superseded, so nobody has to wait.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from cmdb.model.kinds import RecordKind
from cmdb.store.codec import Properties
from cmdb.store.connection import Connection, Row
from cmdb.store.shape import ITEM_LABEL, LABELS, fill

SLICE = 1000
"""Nodes read by one statement."""

VERSION = "version"
"""The kind of an entry that holds a superseded state."""

OWNERS = {RecordKind.DEPENDENCY: "consumer", RecordKind.ASSIGNMENT: "party"}
"""Kinds that are relationships, with the property that names the node they start from."""

_OWNER_LABELS = {RecordKind.DEPENDENCY: ITEM_LABEL, RecordKind.ASSIGNMENT: LABELS[RecordKind.PARTY]}

# Which nodes of one kind are there, retired ones included?
KEYS = "MATCH (n:<label>) RETURN collect(n.key) AS rows"

# What do these nodes hold?
STATES = "UNWIND $keys AS key MATCH (n:<label> {key: key}) RETURN collect(properties(n)) AS rows"

# What do the dependencies of these CIs, or the assignments of these parties, hold, ended ones included?
EDGES = f"""
UNWIND $keys AS key MATCH (:<label> {{key: key}})-[r]->(:{ITEM_LABEL}) RETURN collect(properties(r)) AS rows
"""

# Which superseded states of these records were recorded up to this revision?
PAST = """
UNWIND $keys AS key MATCH (v:Version {record_key: key}) WHERE v.record_kind = $kind AND v.revision <= $last
RETURN collect(properties(v)) AS rows
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a record holds at the cut, or a superseded state of it (kind `version`)."""

    kind: str
    held: Properties


async def read_cut(connection: Connection, revision: int) -> AsyncIterator[list[Entry]]:
    """Yield every record as of the revision, each followed by its past; nodes first, keys in order."""
    for kind, label in LABELS.items():
        async for rows in read_slices(connection, STATES, label):
            yield await _at(connection, revision, kind, rows)
    for kind, label in _OWNER_LABELS.items():
        async for rows in read_slices(connection, EDGES, label):
            yield await _at(connection, revision, kind, rows)


async def read_slices(connection: Connection, statement: str, label: str) -> AsyncIterator[list[Row]]:
    """Yield what a statement, `STATES` or `EDGES`, finds of all nodes of a label, slice by slice in order of keys."""
    (answer,) = await connection.read(fill(KEYS, label=label))
    keys = sorted(answer["rows"])
    for start in range(0, len(keys), SLICE):
        (found,) = await connection.read(fill(statement, label=label), keys=keys[start : start + SLICE])
        yield list(found["rows"])


async def _at(connection: Connection, revision: int, kind: RecordKind, present: list[Row]) -> list[Entry]:
    owner = OWNERS.get(kind, "key")
    present.sort(key=lambda held: (held[owner], held["key"]))
    past: dict[str, list[Row]] = defaultdict(list)
    for start in range(0, len(present), SLICE):
        keys = [held["key"] for held in present[start : start + SLICE]]
        (answer,) = await connection.read(PAST, keys=keys, kind=kind.value, last=revision)
        for version in answer["rows"]:
            past[version["record_key"]].append(version)
    return [entry for held in present for entry in _entries(kind, held, past[held["key"]], revision)]


def _entries(kind: RecordKind, held: Row, past: list[Row], revision: int) -> Iterator[Entry]:
    """Yield the state that held at the revision, if there was one, then those that it superseded."""
    past.sort(key=lambda version: int(version["revision"]))
    states = [held] if held["recorded_in"] <= revision else []
    states += [json.loads(version["body"]) for version in past if version["superseded_by"] > revision]
    if states:
        # Stamps of owners follow from what they own, so a cut states only when the content was recorded.
        yield Entry(kind.value, {**states[0], "revision": states[0]["recorded_in"]})
    yield from (Entry(VERSION, version) for version in past if version["superseded_by"] <= revision)
