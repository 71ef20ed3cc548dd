"""Reads the past: the state of every record at one time, by the knowledge of another."""

from typing import cast

from cmdb.desk.access import sees_all
from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.ports.graph import Moment, Stored
from cmdb.store.codec import Properties, stored_from, write_time
from cmdb.store.connection import Connection
from cmdb.store.looking_up import read_body
from cmdb.store.shape import ITEM_LABEL, LABELS, ROLE_PATTERN, fill

# Which nodes of one kind hold a state that was recorded and valid by then?
NODES_BY_THEN = """
MATCH (n:<label>) WHERE n.recorded_at <= $known_at AND n.valid_from <= $as_of RETURN properties(n) AS held
"""

# Which dependencies hold a state that was recorded and valid by then, closed ones included?
DEPENDENCIES_BY_THEN = f"""
MATCH (:{ITEM_LABEL})-[d:<types>]->(:{ITEM_LABEL})
WHERE d.recorded_at <= $known_at AND d.valid_from <= $as_of RETURN properties(d) AS held
"""

# Which assignments hold a state that was recorded and valid by then, ended ones included?
ASSIGNMENTS_BY_THEN = f"""
MATCH (:Party)-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL})
WHERE a.recorded_at <= $known_at AND a.valid_from <= $as_of RETURN properties(a) AS held
"""

# Which superseded states were recorded and valid by then?
VERSIONS_BY_THEN = """
MATCH (v:Version) WHERE v.recorded_at <= $known_at AND v.valid_from <= $as_of
RETURN v.record_kind AS kind, v.record_key AS key, v.revision AS revision, v.body AS body
"""


class PastReader:
    """The reads behind `past`; `types` is the pattern of all declared verbs."""

    def __init__(self, connection: Connection, types: str) -> None:
        """Read over one connection pool."""
        self._connection = connection
        self._types = types

    async def past(self, principal: Principal, moment: Moment) -> list[Stored]:
        """Return per record the state recorded last among those that were recorded and valid by then."""
        if not sees_all(principal):
            raise Forbidden(
                ErrorCode.FORBIDDEN,
                f"The role {principal.role.value} may not read the whole graph.",
                hint="Ask a question with asOf instead; what is hidden from you is left out of its answer.",
            )
        times = {"known_at": write_time(moment.known_at), "as_of": write_time(moment.as_of)}
        found = await self._superseded(times)
        for kind, held in await self._present(times):
            found[kind, str(held["key"])] = held
        return [
            stored_from(kind, held) for (kind, _), held in sorted(found.items(), key=lambda entry: entry[0])
        ]

    async def _superseded(self, times: dict[str, str]) -> dict[tuple[RecordKind, str], Properties]:
        """Return the latest recorded of the superseded states of each record."""
        latest: dict[tuple[RecordKind, str], tuple[int, str]] = {}
        for row in await self._connection.read(VERSIONS_BY_THEN, **times):
            name = (RecordKind(row["kind"]), row["key"])
            state = (cast(int, row["revision"]), row["body"])
            latest[name] = max(latest.get(name, state), state)
        return {name: read_body(body) for name, (_, body) in latest.items()}

    async def _present(self, times: dict[str, str]) -> list[tuple[RecordKind, Properties]]:
        """Return the present states: each was recorded later than every superseded one."""
        statements = {kind: fill(NODES_BY_THEN, label=label) for kind, label in LABELS.items()}
        statements[RecordKind.DEPENDENCY] = fill(DEPENDENCIES_BY_THEN, types=self._types)
        statements[RecordKind.ASSIGNMENT] = ASSIGNMENTS_BY_THEN
        return [
            (kind, row["held"])
            for kind, statement in statements.items()
            for row in await self._connection.read(statement, **times)
        ]
