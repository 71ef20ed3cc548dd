"""Many kills of each process under traffic, on both engines; CMDB_CRASH_KILLS, CMDB_CRASH_SEED."""

import os
import random
from pathlib import Path

import pytest

from tests.conftest import ENGINES
from tests.support.series import run_series

KILLS = int(os.environ.get("CMDB_CRASH_KILLS", "20"))
SEED = int(os.environ.get("CMDB_CRASH_SEED", "0")) or random.randrange(1, 1 << 30)


@pytest.mark.parametrize("victims", [("server",), ("engine",), ("server", "engine")], ids="-".join)
@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_acknowledged_is_lost(engine: str, victims: tuple[str, ...], tmp_path: Path) -> None:
    print(f"CMDB_CRASH_SEED={SEED}")
    await run_series(engine, victims, KILLS, tmp_path, SEED)
