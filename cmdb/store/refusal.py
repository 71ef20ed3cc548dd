"""Finds the rows of a batch that contradict the graph, inside the transaction that would write them."""

from collections.abc import Mapping, Sequence

from cmdb.errors import ErrorCode
from cmdb.model.records import Assignment, Item, Party, Record, Ticket, TicketKind
from cmdb.ports.graph import RowProblem
from cmdb.store.present import Present
from cmdb.store.shape import item_ends


async def find_refusals(
    present: Present, records: Sequence[Record], known_ends: Mapping[int, frozenset[str]]
) -> dict[int, RowProblem]:
    """Return a problem per faulty row; `known_ends` are ends that the stored record had already."""
    return {
        **await _dangling_parties(present, records),
        **await _dangling_items(present, records, known_ends),
        **await _second_incidents(present, records),
    }


async def _dangling_items(
    present: Present, records: Sequence[Record], known_ends: Mapping[int, frozenset[str]]
) -> dict[int, RowProblem]:
    batch = {record.key: record for record in records if isinstance(record, Item)}
    arriving = {key for key, item in batch.items() if not item.retired}
    leaving = batch.keys() - arriving
    wanted = {
        index: [end for end in item_ends(record) if end not in known_ends.get(index, frozenset())]
        for index, record in enumerate(records)
    }
    asked = {end for ends in wanted.values() for end in ends} - batch.keys()
    living = (await present.living_items(asked) | arriving) - leaving
    missing = {index: [end for end in ends if end not in living] for index, ends in wanted.items()}
    return {index: _dangling("CI", ends[0]) for index, ends in missing.items() if ends}


async def _dangling_parties(present: Present, records: Sequence[Record]) -> dict[int, RowProblem]:
    arriving = {record.key for record in records if isinstance(record, Party)}
    wanted = {
        index: record.party
        for index, record in enumerate(records)
        if isinstance(record, Assignment) and not record.ended and record.party not in arriving
    }
    known = await present.known_parties(wanted.values())
    return {index: _dangling("party", party) for index, party in wanted.items() if party not in known}


def _dangling(what: str, key: str) -> RowProblem:
    return RowProblem(
        code=ErrorCode.DANGLING_END,
        message=f"There is no {what} '{key}', neither in this batch nor in the store.",
        hint=f"Write the {what} first, or in the same batch; a retired one must be revived first.",
    )


async def _second_incidents(present: Present, records: Sequence[Record]) -> dict[int, RowProblem]:
    opening = {
        index: record
        for index, record in enumerate(records)
        if isinstance(record, Ticket)
        and record.ticket_kind is TicketKind.INCIDENT
        and record.is_open
        and record.cause_key is not None
    }
    stored = await present.open_incidents(str(ticket.cause_key) for ticket in opening.values())
    standing = {cause: key for key, cause in stored if key not in {record.key for record in records}}
    refused: dict[int, RowProblem] = {}
    for index, ticket in opening.items():
        first = standing.setdefault(str(ticket.cause_key), ticket.key)
        if first != ticket.key:
            refused[index] = RowProblem(
                code=ErrorCode.CONFLICT,
                field="cause_key",
                message=f"The incident {first} of the same cause is open.",
                hint=f"Attach to {first} instead.",
            )
    return refused
