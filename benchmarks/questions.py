"""W1b and W2: whole questions through GraphQL over HTTP on a running service, beside plain queries of rivals."""

import json
import re
import sqlite3
from collections import Counter
from datetime import timedelta
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import Any

from benchmarks.changes import ONSET, changes
from benchmarks.estate import Estate, samples
from benchmarks.estate_plan import Kind
from benchmarks.outcome import Result
from benchmarks.rivals import Rival, cypher
from benchmarks.rounds import Competitor, affordable, compare
from cmdb.api.operations import read_operation
from cmdb.application.requests import PAGE_LIMIT

ASKED = 30
LENGTHS = 10
"""More askings of one question than a comparison needs make no page of the same length."""

HOURS = 168
SERVICES = 25

_HEAD = "POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)

_CHANGES_SQL = """
WITH RECURSIVE upstream(n) AS (
  SELECT ?1 UNION SELECT d.provider FROM upstream JOIN dependency d ON d.consumer = upstream.n
) SELECT c.key FROM upstream JOIN change c ON c.target = upstream.n WHERE c.ended >= ?2 AND c.started < ?3
"""


class Service:
    """A client with as little of its own as possible: one connection, one packet out, bytes in.

    The standard library's client sends head and body apart and reads headers as those of mail, some 0.2 ms of its own.
    """

    def __init__(self, port: int) -> None:
        self._socket = create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def ask(self, operation: str, variables: dict[str, Any]) -> bytes:
        """Run a named operation and return the answer's bytes."""
        sent = {"query": read_operation(operation), "operationName": operation, "variables": variables}
        body = json.dumps(sent).encode()
        self._socket.sendall(_HEAD.format(len(body)).encode() + body)
        head, _, told = self._receive().partition(b"\r\n\r\n")
        length = int(_LENGTH.findall(head)[0])
        while len(told) < length:
            told += self._more()
        return told

    def _receive(self) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        return received

    def _more(self) -> bytes:
        found = self._socket.recv(2**20)
        if not found:
            raise ConnectionError("the service closed the connection")
        return found


def measure_impact(estate: Estate, port: int, rival: Rival | None) -> Result:
    """Return, per class, the impact question's first page with proof beside the plain reach."""
    service = Service(port)

    def answers_alike(told: bytes) -> frozenset[int]:
        """What both can say is how many CIs are reached."""
        return frozenset(range(_root(told)["reached"]))

    asked: Counter[int] = Counter()

    def ask(number: int) -> bytes:
        return service.ask("impact", {"origin": {"item": estate.keys[number]}})

    def ask_anew(number: int) -> bytes:
        """An answer is kept for its revision, so each asking takes a page of another length: 20 rows, 19 and so on."""
        asked[number] += 1
        variables = {"origin": {"item": estate.keys[number]}, "first": 20 - asked[number] % LENGTHS}
        return service.ask("impact", variables)

    ours = {
        "ours: first page with proof, HTTP": Competitor(ask_anew, answers_alike),
        "ours: the same asked again": Competitor(ask, answers_alike),
    }
    rivals: dict[str, Competitor[int]] = {}
    if rival is not None:
        plain = cypher(rival)
        rivals["Cypher on Neo4j, reach only"] = Competitor(
            plain.ask, lambda told: frozenset(range(len(plain.answer_set(told))))
        )
    cases = {}
    for name, found in samples(estate).items():
        cases[name] = compare(affordable(found[:ASKED], ask_anew), ours | rivals)
    return {"cases": cases}


def measure_changes(estate: Estate, port: int) -> Result:
    """Return the time of the upstream changes of services, beside a recursive query and a join."""
    service = Service(port)
    database = _tables(estate)
    window = ((ONSET - timedelta(hours=HOURS)).isoformat(), ONSET.isoformat())

    def page(number: int, first: int = 10) -> bytes:
        asked = {"item": estate.keys[number], "onset": window[1], "hours": HOURS, "first": first}
        return service.ask("upstream_changes", asked)

    def plain(number: int) -> list[str]:
        return [key for (key,) in database.execute(_CHANGES_SQL, (number, *window))]

    sql = Competitor(plain, frozenset)
    clocked = {"ours: ranked, with paths, HTTP": Competitor(page, _suspects), "SQLite, unranked": sql}
    whole = {"ours": Competitor(lambda number: page(number, PAGE_LIMIT), _suspects), "SQLite": sql}
    return {"cases": {"service": compare(affordable(_services(estate), page), clocked, whole)}}


def _services(estate: Estate) -> list[int]:
    found: list[int] = estate.layout.all(Kind.SERVICE).tolist()
    return found[:: max(1, len(found) // SERVICES)]


def _suspects(told: bytes) -> frozenset[str]:
    return frozenset(row["change"]["key"] for row in _root(told)["suspects"])


def _root(told: bytes) -> dict[str, Any]:
    answer = json.loads(told)
    if "errors" in answer:
        raise AssertionError(answer["errors"][:1])
    found: dict[str, Any]
    (found,) = answer["data"].values()
    return found


def _tables(estate: Estate) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE dependency (consumer INTEGER, provider INTEGER)")
    database.execute("CREATE TABLE change (key TEXT, target INTEGER, started TEXT, ended TEXT)")
    ends = zip(estate.consumers[estate.live].tolist(), estate.providers[estate.live].tolist(), strict=True)
    database.executemany("INSERT INTO dependency VALUES (?, ?)", ends)
    number = {key: at for at, key in enumerate(estate.keys)}
    rows = (
        (change.key, number[target], change.actual_start.isoformat(), change.actual_end.isoformat())
        for change in changes(estate)
        for target in change.targets
        if change.actual_start and change.actual_end
    )
    database.executemany("INSERT INTO change VALUES (?, ?, ?, ?)", rows)
    database.execute("CREATE INDEX by_consumer ON dependency (consumer, provider)")
    database.execute("CREATE INDEX by_target ON change (target, started)")
    return database
