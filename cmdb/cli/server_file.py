"""What a server leaves in its data folder: a lock, so that it is the only one, and a file by which commands find it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cmdb.errors import Conflict, ErrorCode, Forbidden, Place
from cmdb.settings import Settings

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

NAME = "server.json"
LOCK = "server.lock"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server listens, its process, and which store it serves (None: the embedded engine)."""

    url: str
    pid: int
    store: str | None


def store_of(settings: Settings) -> str | None:
    """Return what names the store: address and database; None for the embedded engine of the data folder."""
    return settings.store_uri and f"{settings.store_uri} {settings.store_database}"


@contextmanager
def only_server(data_dir: Path) -> Iterator[None]:
    """Be the only server of the data folder while the block runs; the end of the process, of any kind, frees it.

    Conflict when another one is there, also one that is suspended or about to stop.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / LOCK).open("a")
    except OSError as error:
        raise _unusable(data_dir, error) from error
    with lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _taken(data_dir) from None
        yield


@contextmanager
def announced(data_dir: Path, url: str, store: str | None) -> Iterator[None]:
    """Keep the runtime file (0600) while the block runs; a newer server's file is left alone afterwards."""
    mine = RunningServer(url, os.getpid(), store)
    path = data_dir / NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(asdict(mine)))
    except OSError as error:
        raise _unusable(data_dir, error) from error
    try:
        yield
    finally:
        if read_server(data_dir) == mine:
            path.unlink(missing_ok=True)


def read_server(data_dir: Path) -> RunningServer | None:
    """Return what the runtime file says; the server may have died since.

    Forbidden when the file is somebody else's: whoever wrote it would be sent all that the command knows.
    """
    path = data_dir / NAME
    try:
        if hasattr(os, "geteuid") and path.stat().st_uid != os.geteuid():
            raise _foreign(data_dir)
        return RunningServer(**json.loads(path.read_text(encoding="utf-8")))
    except PermissionError as error:
        raise _foreign(data_dir) from error
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _taken(data_dir: Path) -> Conflict:
    other = read_server(data_dir)
    who = f"{other.url} serves" if other else "Another server is about to serve"
    process = f" (process {other.pid})" if other else ""
    return Conflict(
        ErrorCode.CONFLICT,
        f"{who} this data folder already{process}.",
        hint="Ask that server, stop it, or give this one its own folder with --data-dir.",
        place=Place(str(data_dir)),
    )


def _foreign(data_dir: Path) -> Forbidden:
    return Forbidden(
        ErrorCode.FORBIDDEN,
        "The data folder belongs to another user.",
        hint="Name a folder of your own in CMDB_DATA_DIR, or that user's server in CMDB_URL.",
        place=Place(str(data_dir)),
    )


def _unusable(data_dir: Path, error: OSError) -> Forbidden:
    return Forbidden(
        ErrorCode.FORBIDDEN,
        f"The data folder cannot be used: {error.strerror}.",
        hint="Name a folder of your own in CMDB_DATA_DIR.",
        place=Place(str(data_dir)),
    )
