"""A few kills while monitors post; `make test-crash` kills many times."""

from pathlib import Path

import pytest

from tests.conftest import ENGINES
from tests.support.inbox_series import run_inbox_series


@pytest.mark.parametrize("victim", ["server", "engine"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_every_acknowledged_event_is_in_the_graph_once(
    engine: str, victim: str, tmp_path: Path
) -> None:
    await run_inbox_series(engine, victim, tmp_path, seed=5, kills=2, posts=1500)
