"""The one thread that touches the inbox's file: whatever came in while it was busy goes into its next commit."""

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from cmdb.errors import CmdbError, Conflict, ErrorCode, Place

FILE = "inbox.sqlite"

GROUP = 1000
"""Most jobs in one commit, so that the first of them need not wait long for the last."""

OLDEST = (3, 51, 3)
"""Earlier releases of the library could damage a file in write-ahead mode."""

_PREPARE = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 8000;
PRAGMA journal_size_limit = 67108864;
"""

Result = TypeVar("Result")
Job = Callable[[apsw.Connection], Result]


@dataclass(slots=True)
class _Asked:
    job: Job[Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"


class InboxWriter:
    """Runs jobs in the order in which they came, many to a commit; their answers are given when it is on disk.

    There is no timer: under load the next commit takes all that came during the last one, and a lone job waits for
    none. A job that raises a CmdbError must not have written; any other error undoes that job alone.
    """

    def __init__(self, folder: Path, schema: str) -> None:
        """Open or make the file; INBOX_BROKEN when that fails, Conflict when another process has it."""
        self._place = Place(str(folder / FILE))
        _require_library()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = apsw.Connection(str(folder / FILE))
            # Statements run as their rows are read, so all rows are read.
            self._connection.execute(_PREPARE).fetchall()
            self._connection.execute(schema).fetchall()
            _sync_folders(folder)
        except (apsw.BusyError, apsw.LockedError) as error:
            raise Conflict(
                ErrorCode.CONFLICT,
                "Another process has this inbox open.",
                hint="Stop it, or give this server its own folder with --data-dir.",
                place=self._place,
            ) from error
        except (apsw.Error, OSError) as error:
            raise self._broken(error) from error
        self._asked: list[_Asked] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)
        self._thread.start()

    def submit(self, job: Job[Result]) -> "asyncio.Future[Result]":
        """Return what the job returns, once it is on disk; INBOX_BROKEN when it cannot be put there."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        with self._changed:
            if self._closing:
                raise self._broken("it is closed")
            self._asked.append(_Asked(job, loop, answer))
            self._changed.notify()
        return answer

    def close(self) -> None:
        """End after what was submitted."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        while group := self._next():
            results = self._commit([asked.job for asked in group])
            # One call for the whole group: waking the loop costs more than answering.
            for loop in {asked.loop for asked in group}:
                pairs = [(a.answer, r) for a, r in zip(group, results, strict=True) if a.loop is loop]
                loop.call_soon_threadsafe(_answer, pairs)

    def _next(self) -> list[_Asked]:
        with self._changed:
            self._changed.wait_for(lambda: self._asked or self._closing)
            group, self._asked = self._asked[:GROUP], self._asked[GROUP:]
            return group

    def _commit(self, jobs: list[Job[Any]]) -> list[Any]:
        """Return a result or an error a job; one that cannot be committed does not take the others with it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [self._run(job) for job in jobs]
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  whatever it is, whoever asked must hear of it
            self._roll_back()
            if len(jobs) > 1:
                return [self._commit([job])[0] for job in jobs]
            return [self._broken(error) if isinstance(error, apsw.Error | OSError) else error]
        return results

    def _run(self, job: Job[Any]) -> Any:  # noqa: ANN401 - each job has its own result
        try:
            return job(self._connection)
        except CmdbError as error:
            return error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _broken(self, why: object) -> CmdbError:
        return CmdbError(
            ErrorCode.INBOX_BROKEN,
            f"The inbox cannot be written: {why}.",
            hint="Look after the disk of the data folder; send it again then.",
            place=self._place,
        )


def _answer(pairs: "list[tuple[asyncio.Future[Any], Any]]") -> None:
    for answer, result in pairs:
        if answer.done():
            continue
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)


def _require_library() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST:
        raise CmdbError(
            ErrorCode.INBOX_BROKEN,
            f"SQLite {apsw.sqlite_lib_version()} can damage its file; {'.'.join(map(str, OLDEST))} is needed.",
            hint="Install the 'apsw' wheel, which brings its own.",
        )


def _sync_folders(folder: Path) -> None:
    """Make the names of a new file and its folder as durable as what is in it."""
    if os.name != "posix":
        return
    for path in (folder, folder.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
