"""Whether a graph bears out the journal of clients whose service was killed under them."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.counter import read_head
from cmdb.store.cut import VERSION, Entry, read_cut
from tests.support.killing import BATCH, EVENTS, LOAD, SENDERS, Engine, Write, service_on
from tests.support.moments import NOON

CHUNK = 2000
"""How many records of a load one transaction takes."""

Part = tuple[str, int, int]
"""A transaction: kind and number of its request, and the number of the part where a request takes several."""

SIZES = {("batch", 0): BATCH, ("events", 0): EVENTS, ("load", 0): CHUNK, ("load", 1): 2 * LOAD - 1 - CHUNK}
HOST: Part = ("host", 0, 0)


def part_of(kind: str, held: dict[str, Any]) -> Part:
    """Return the transaction that must have written this state."""
    if kind == "event":
        seen = datetime.fromisoformat(held["last_seen_at"]) - NOON
        return "events", int(seen.total_seconds()), 0
    if held["key"] == "host":
        return HOST
    request, number, row = held["consumer" if kind == "dependency" else "key"].split("-")
    place = int(row) + LOAD if kind == "dependency" else int(row)
    return request, int(number), place // CHUNK if request == "load" else 0


def _is_situation(entry: Entry) -> bool:
    return "situation" in (entry.kind, entry.held.get("record_kind"))


def _recorded_in(entry: Entry) -> int:
    held: dict[str, Any] = json.loads(str(entry.held["body"])) if entry.kind == VERSION else entry.held
    return int(held["recorded_in"])


def part_of_entry(entry: Entry) -> tuple[Part, int]:
    """Return the transaction of a present or superseded state, and its revision."""
    held: dict[str, Any] = entry.held
    if entry.kind == VERSION:
        held = json.loads(str(entry.held["body"]))
        return part_of(str(entry.held["record_kind"]), held), held["recorded_in"]
    return part_of(entry.kind, held), held["recorded_in"]


def address_of(engine: Engine, folder: Path) -> StoreAddress:
    """Return where the engine answers now."""
    if engine.store is not None:
        return engine.store
    told = json.loads((folder / "engine" / "runtime.json").read_text())
    return StoreAddress(f"bolt://127.0.0.1:{told['port']}", told["user"], told["password"], told["database"])


async def must_bear_out(address: StoreAddress, journal: Sequence[Write]) -> None:
    """Fail unless every acknowledged write is there once and whole, under a revision of its own."""
    revisions: dict[Part, Counter[int]] = defaultdict(Counter)
    numbered: set[int] = set()
    async with open_connection(address) as connection:
        head = await read_head(connection)
        async for entries in read_cut(connection, head):
            for entry in entries:
                if _is_situation(entry):
                    numbered.add(_recorded_in(entry))
                    continue
                part, revision = part_of_entry(entry)
                revisions[part][revision] += 1
    written = {part: dict(found) for part, found in revisions.items()}
    assert all(len(found) == 1 for found in written.values()), "a batch came in pieces"
    for part, found in written.items():
        size = SIZES.get((part[0], part[2]), 1)
        assert set(found.values()) == {size}, f"{part} is partly there, or twice: {found} of {size}"
    # The server numbers situations by itself, in transactions of their own.
    taken = sorted([*(revision for found in written.values() for revision in found), *numbered])
    assert taken == list(range(1, head + 1)), "a revision is missing or was used twice"
    for write in journal:
        _check(write, {part: next(iter(found)) for part, found in written.items()}, head)


def _check(write: Write, revisions: dict[Part, int], head: int) -> None:
    last = revisions.get((write.kind, write.number, 1 if write.kind == "load" else 0))
    assert last is not None, f"{write} was acknowledged and is not there"
    assert write.revision is not None
    if write.tries == 1:
        assert write.revision == last, f"{write} was written in {last}"
    assert last <= write.revision <= head, f"{write} was written in {last}, the head is {head}"


async def hash_of(address: StoreAddress) -> str:
    """Return the hash of what clients wrote, whenever and in how many transactions it was written."""
    async with open_connection(address) as connection:
        await connection.define("MATCH (s:Situation) DETACH DELETE s")
        await connection.define("MATCH (v:Version {record_kind: 'situation'}) DELETE v")
        return await canonical_hash(connection, stamps=False)


async def hash_of_undisturbed(journal: Sequence[Write], folder: Path) -> str:
    """Return the hash after the same requests were sent to a service that nobody disturbs."""
    with service_on("embedded", folder) as (engine, server):
        for write in journal:
            SENDERS[write.kind](server.url, write.number)
        return await hash_of(address_of(engine, folder))
