"""The tables of the inbox, and every statement on them; each function is one job of the writer."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import apsw

from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.ports.intake import DeadLetter, Delivery, LetterState, Receipt, Rejected, Waiting

SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  loader TEXT NOT NULL,
  source TEXT NOT NULL,
  key TEXT NOT NULL,
  digest BLOB NOT NULL,
  received INTEGER NOT NULL,
  role TEXT NOT NULL,
  body BLOB,
  revision INTEGER
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS delivery_key ON delivery (source, key);
CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (source, number) WHERE revision IS NULL;
CREATE INDEX IF NOT EXISTS delivery_applied ON delivery (received) WHERE revision IS NOT NULL;
CREATE TABLE IF NOT EXISTS letter (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery INTEGER NOT NULL,
  loader TEXT NOT NULL,
  source TEXT NOT NULL,
  role TEXT NOT NULL,
  at INTEGER NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  place TEXT NOT NULL,
  text BLOB NOT NULL,
  state TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS letter_state ON letter (state, number);
"""
"""Which repetition is of what, what waits, and what is dead."""

REPEAT_SECONDS = 300
"""How long the same body without a key is a repetition; later it is a sign that the condition lasts."""

ADD = """
INSERT INTO delivery (loader, source, key, digest, received, role, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING RETURNING number
"""
"""Is this delivery new, and what is its number?"""

FIRST = "SELECT number, digest, revision FROM delivery WHERE source = ? AND key = ?"
"""What was sent first under this key?"""

BACKLOGS = """
SELECT source, count(*), sum(length(body)) FROM delivery WHERE revision IS NULL GROUP BY source ORDER BY min(number)
"""
"""Which sources have how much waiting?"""

OLDEST = "SELECT received FROM delivery WHERE source = ? AND revision IS NULL ORDER BY number LIMIT 1"
"""Since when does a source wait?"""

NEXT = """
SELECT number, loader, source, body, received, role FROM delivery
WHERE source = ? AND revision IS NULL ORDER BY number LIMIT ?
"""
"""What of this source is to be applied next?"""

SETTLE = """
UPDATE delivery SET revision = ?1, body = NULL
WHERE number IN (SELECT value FROM json_each(?2)) AND revision IS NULL
"""
"""What has been applied, and when?"""

BURY = """
INSERT INTO letter (delivery, loader, source, role, at, code, message, hint, place, text, state)
SELECT number, ?, source, role, ?, ?, ?, ?, ?, ?, 'dead' FROM delivery WHERE number = ?
"""
"""Which record could not be applied, and why?"""

LETTERS = """
SELECT number, delivery, loader, source, at, code, message, hint, place, text, state FROM letter
WHERE state = ? AND number > ? ORDER BY number LIMIT ?
"""
"""Which letters are in this state?"""

LETTER = """
SELECT number, delivery, loader, source, at, code, message, hint, place, text, state FROM letter WHERE number = ?
"""
"""What does this letter say?"""

DECIDE = "UPDATE letter SET state = ? WHERE number = ?"
"""What became of this letter?"""

ROLE = "SELECT role FROM letter WHERE number = ?"
"""As whom was this record sent?"""

DEAD = "SELECT count(*) FROM letter WHERE state = 'dead'"
"""How many letters wait for a decision?"""

DEAD_OF = "SELECT count(*) FROM letter WHERE state = 'dead' AND delivery = ?"
"""How many records of this delivery wait for a decision?"""

REVISION = "SELECT revision FROM delivery WHERE number = ?"
"""At which revision was this delivery applied?"""

FORGET_DELIVERIES = "DELETE FROM delivery WHERE revision IS NOT NULL AND received < ?"
"""Which keys need not be known any more?"""

FORGET_LETTERS = "DELETE FROM letter WHERE state <> 'dead' AND at < ?"
"""Which decisions need not be known any more?"""


def add(connection: apsw.Connection, delivery: Delivery) -> Receipt:
    """Keep a delivery, or find what it repeats; another body under a known key is something new."""
    digest = sha256(delivery.body).digest()
    slot = int(delivery.received_at.timestamp()) // REPEAT_SECONDS
    key = f"key:{delivery.key}" if delivery.key else f"body:{digest.hex()}:{slot}"
    return _keep(connection, delivery, key, digest)


def _keep(connection: apsw.Connection, delivery: Delivery, key: str, digest: bytes) -> Receipt:
    number = _insert(connection, delivery, key, digest)
    if number is not None:
        return Receipt(number=number)
    first, known, revision = _only(connection, FIRST, delivery.source, key)
    if known == digest:
        return Receipt(number=first, is_duplicate=True, revision=revision)
    # No key of a sender begins like this, so that none can be taken for another.
    return _keep(connection, delivery, f"body:{digest.hex()}:{key}", digest)


def _insert(connection: apsw.Connection, delivery: Delivery, key: str, digest: bytes) -> int | None:
    row = (
        delivery.loader,
        delivery.source,
        key,
        digest,
        to_millis(delivery.received_at),
        delivery.role,
        delivery.body,
    )
    found = connection.execute(ADD, row).fetchone()
    return None if found is None else int(found[0])


def backlogs(connection: apsw.Connection) -> list[tuple[str, int, int]]:
    """Return source, deliveries and bytes of all that waits, the source that waits longest first."""
    return [(str(source), int(rows), int(size)) for source, rows, size in connection.execute(BACKLOGS)]


def oldest(connection: apsw.Connection, sources: Sequence[str]) -> dict[str, datetime]:
    """Return since when each of these sources waits."""
    found = {source: connection.execute(OLDEST, (source,)).fetchone() for source in sources}
    return {source: from_millis(row[0]) for source, row in found.items() if row is not None}


def next_of(connection: apsw.Connection, source: str, limit: int, size: int) -> list[Waiting]:
    """Return the first waiting deliveries of a source until `size` bytes are reached."""
    found: list[Waiting] = []
    for number, loader, name, body, received, role in connection.execute(NEXT, (source, limit)):
        delivery = Delivery(
            loader=loader, source=name, body=body, received_at=from_millis(received), role=role
        )
        found.append(Waiting(number, delivery))
        size -= len(body)
        if size <= 0:
            break
    return found


def settle(
    connection: apsw.Connection,
    numbers: Sequence[int],
    rejected: Sequence[Rejected],
    revision: int,
    at: datetime,
) -> None:
    """Mark deliveries as applied, and keep what was rejected of those that had not been before."""
    open_still = {number for number in numbers if _only(connection, REVISION, number)[0] is None}
    for row in rejected:
        if row.delivery in open_still:
            error = row.error
            place = str(error.place) if error.place else ""
            told = (error.code.value, error.message, error.hint, place, row.text)
            connection.execute(BURY, (row.loader, to_millis(at), *told, row.delivery))
    connection.execute(SETTLE, (revision, json.dumps(list(numbers))))


def letters(connection: apsw.Connection, state: LetterState, after: int, limit: int) -> list[DeadLetter]:
    """Return the letters in a state."""
    return [_letter(*row) for row in connection.execute(LETTERS, (state.value, after, limit))]


def letter(connection: apsw.Connection, number: int) -> DeadLetter:
    """Return one letter."""
    row = connection.execute(LETTER, (number,)).fetchone()
    if row is None:
        raise NotFound(
            ErrorCode.NOT_FOUND,
            f"There is no dead letter {number}.",
            hint="See which there are: cmdb inbox list.",
        )
    return _letter(*row)


def replay(
    connection: apsw.Connection, number: int, text: bytes | None, at: datetime
) -> tuple[Receipt, Delivery]:
    """Put a dead letter back among the deliveries."""
    dead = _dead(connection, number)
    (role,) = _only(connection, ROLE, number)
    delivery = Delivery(
        loader=dead.loader,
        source=dead.source,
        body=dead.text if text is None else text,
        received_at=at,
        role=str(role),
    )
    receipt = _keep(connection, delivery, f"letter:{number}", sha256(delivery.body).digest())
    connection.execute(DECIDE, (LetterState.REPLAYED.value, number))
    return receipt, delivery


def discard(connection: apsw.Connection, number: int) -> None:
    """Give a dead letter up."""
    _dead(connection, number)
    connection.execute(DECIDE, (LetterState.DISCARDED.value, number))


def dead_count(connection: apsw.Connection) -> int:
    """Return how many letters wait for a decision."""
    return int(_only(connection, DEAD)[0])


def dead_of(connection: apsw.Connection, number: int) -> int:
    """Return how many letters of this delivery wait for a decision."""
    return int(_only(connection, DEAD_OF, number)[0])


def revision_of(connection: apsw.Connection, number: int) -> int | None:
    """Return at which revision a delivery was applied; None while it waits, or when it is long forgotten."""
    row = connection.execute(REVISION, (number,)).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def tidy(connection: apsw.Connection, before: datetime) -> int:
    """Forget what is older and settled."""
    count = 0
    for statement in (FORGET_DELIVERIES, FORGET_LETTERS):
        connection.execute(statement, (to_millis(before),))
        count += connection.changes()
    return count


def to_millis(at: datetime) -> int:
    """Return milliseconds since 1970 UTC."""
    return round(at.timestamp() * 1000)


def from_millis(millis: int) -> datetime:
    """Return the time in UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def _dead(connection: apsw.Connection, number: int) -> DeadLetter:
    found = letter(connection, number)
    if found.state is not LetterState.DEAD:
        raise Conflict(
            ErrorCode.CONFLICT,
            f"Letter {number} was {found.state} already.",
            hint="There is nothing left to do.",
        )
    return found


def _only(connection: apsw.Connection, statement: str, *values: str | int) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(statement, values).fetchone()
    return row or (None,) * 3


def _letter(*row: Any) -> DeadLetter:  # noqa: ANN401 - STRICT tables hold the types that they declare
    number, delivery, loader, source, at, code, message, hint, place, text, state = row
    return DeadLetter(
        number=number,
        delivery=delivery,
        loader=loader,
        source=source,
        at=from_millis(at),
        code=code,
        message=message,
        hint=hint,
        place=place,
        text=text,
        state=LetterState(state),
    )
