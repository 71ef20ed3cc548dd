"""Two kills of each process under traffic, on both engines; `make test-crash` kills often, and both at once."""

from pathlib import Path

import pytest

from tests.conftest import ENGINES
from tests.support.series import run_series


@pytest.mark.parametrize("victim", ["server", "engine"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_acknowledged_is_lost(engine: str, victim: str, tmp_path: Path) -> None:
    await run_series(engine, (victim,), 2, tmp_path, seed=8)
