"""Two kills of each process under traffic, on both engines; `make test-crash` kills many times."""

from pathlib import Path

import pytest

from tests.conftest import ENGINES
from tests.support.series import run_series


@pytest.mark.parametrize("victims", [("server",), ("engine",), ("server", "engine")], ids="-".join)
@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_acknowledged_is_lost(engine: str, victims: tuple[str, ...], tmp_path: Path) -> None:
    await run_series(engine, victims, 2, tmp_path, seed=8)
