"""Many kills while monitors post; CMDB_CRASH_INBOX_KILLS, CMDB_CRASH_INBOX_POSTS, CMDB_CRASH_SEED."""

import os
import random
from pathlib import Path

import pytest

from tests.conftest import ENGINES
from tests.support.inbox_series import run_inbox_series

KILLS = int(os.environ.get("CMDB_CRASH_INBOX_KILLS", "50"))
POSTS = int(os.environ.get("CMDB_CRASH_INBOX_POSTS", "100000"))
SEED = int(os.environ.get("CMDB_CRASH_SEED", "0")) or random.randrange(1, 1 << 30)


@pytest.mark.parametrize("engine", ENGINES)
async def test_acknowledged_events_survive_kills_of_the_server(engine: str, tmp_path: Path) -> None:
    print(f"CMDB_CRASH_SEED={SEED}")
    await run_inbox_series(engine, "server", tmp_path, SEED, kills=KILLS, posts=POSTS)


@pytest.mark.parametrize("engine", ENGINES)
async def test_acknowledged_events_survive_kills_of_the_store(engine: str, tmp_path: Path) -> None:
    print(f"CMDB_CRASH_SEED={SEED}")
    await run_inbox_series(engine, "engine", tmp_path, SEED, kills=max(1, KILLS // 5), posts=POSTS // 5)
