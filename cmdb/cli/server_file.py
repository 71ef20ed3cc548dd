"""The runtime file of a running server, by which command line calls on the same data folder find it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "server.json"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server listens, its process, and which store it serves (None: the embedded engine)."""

    url: str
    pid: int
    store: str | None


@contextmanager
def announced(data_dir: Path, url: str, store: str | None) -> Iterator[None]:
    """Keep the runtime file (0600) while the block runs; a newer server's file is left alone afterwards."""
    mine = RunningServer(url, os.getpid(), store)
    path = data_dir / NAME
    data_dir.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(asdict(mine)))
    try:
        yield
    finally:
        if read_server(data_dir) == mine:
            path.unlink(missing_ok=True)


def read_server(data_dir: Path) -> RunningServer | None:
    """Return what the runtime file says; the server may have died since."""
    try:
        return RunningServer(**json.loads((data_dir / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
