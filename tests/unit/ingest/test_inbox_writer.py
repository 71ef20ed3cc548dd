"""Commits of many jobs: all or each by itself, and faults of the disk."""

import asyncio
from pathlib import Path
from typing import Any

import apsw
import pytest

from cmdb.errors import CmdbError, ErrorCode, NotFound
from cmdb.ingest.inbox_writer import FILE, InboxWriter, Job

SCHEMA = "CREATE TABLE IF NOT EXISTS number (value INTEGER PRIMARY KEY, text TEXT)"


def put(value: int, text: str = "") -> Job[list[Any]]:
    return lambda connection: connection.execute("INSERT INTO number VALUES (?, ?)", (value, text)).fetchall()


def values(connection: apsw.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT value FROM number ORDER BY value")]


async def test_the_file_is_in_the_mode_that_its_promise_needs(tmp_path: Path) -> None:
    writer = InboxWriter(tmp_path, SCHEMA)

    def modes(connection: apsw.Connection) -> list[object]:
        return [connection.pragma(name) for name in ("journal_mode", "synchronous", "locking_mode")]

    assert await writer.submit(modes) == ["wal", 2, "exclusive"]
    writer.close()


async def test_a_job_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    writer = InboxWriter(tmp_path, SCHEMA)
    jobs = [put(1), put(2), put(1), put(3)]
    results = await asyncio.gather(*(writer.submit(job) for job in jobs), return_exceptions=True)
    failed = [result for result in results if isinstance(result, Exception)]
    assert [error.code for error in failed if isinstance(error, CmdbError)] == [ErrorCode.INBOX_BROKEN]
    assert await writer.submit(values) == [1, 2, 3]
    writer.close()


async def test_an_expected_refusal_reaches_who_asked(tmp_path: Path) -> None:
    writer = InboxWriter(tmp_path, SCHEMA)

    def refuse(_connection: apsw.Connection) -> None:
        raise NotFound(ErrorCode.NOT_FOUND, "Nothing there.")

    with pytest.raises(NotFound):
        await writer.submit(refuse)
    writer.close()


async def test_a_full_disk_is_told_and_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    writer = InboxWriter(tmp_path, SCHEMA)
    await writer.submit(put(1))
    await writer.submit(lambda connection: connection.pragma("max_page_count", 4))
    told = await asyncio.gather(
        *(writer.submit(put(n, "x" * 3000)) for n in range(2, 12)),
        return_exceptions=True,
    )
    kept = [1, *(n for n, result in enumerate(told, start=2) if not isinstance(result, Exception))]
    assert any(isinstance(result, CmdbError) and result.code is ErrorCode.INBOX_BROKEN for result in told)
    assert await writer.submit(values) == kept
    writer.close()
    again = InboxWriter(tmp_path, SCHEMA)
    assert await again.submit(values) == kept
    again.close()


async def test_closing_finishes_what_was_submitted_and_takes_nothing_after(tmp_path: Path) -> None:
    writer = InboxWriter(tmp_path, SCHEMA)
    pending = [writer.submit(put(n)) for n in range(50)]
    await asyncio.to_thread(writer.close)
    await asyncio.gather(*pending)
    with pytest.raises(CmdbError):
        writer.submit(values)


def test_a_file_that_is_none_of_ours_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"something else" * 1000)
    with pytest.raises(CmdbError) as caught:
        InboxWriter(tmp_path, SCHEMA)
    assert caught.value.code is ErrorCode.INBOX_BROKEN
